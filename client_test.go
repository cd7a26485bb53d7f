package callvault_test

import (
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// The ids of other systems' calls are for ever: imports that are repeated years later, and
// uploads, find their calls by them. docs/files.md has the first.
func TestSourceID(t *testing.T) {
	for _, tt := range []struct{ source, text, want string }{
		{"pbx1", "1598518936.86", "4104172692030126832"},
		{"pbx1", "1", "3776713065751161980"},
		{"pbx", "11", "6410594448826799505"},
		{"api", "", "4457455593124131255"},
	} {
		if got := callvault.SourceID(tt.source, tt.text).String(); got != tt.want {
			t.Errorf("%s, %s: %s, want %s", tt.source, tt.text, got, tt.want)
		}
	}
}

// A client is found wherever its text could be mistaken for what stands around it.
func TestClient(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, tt := range []struct {
		sdr, client, custom *string
		want                string
	}{
		{nil, nil, nil, ""},
		{text("a"), text("b"), text("c"), `"b"`},
		{nil, text(""), nil, `""`},
		{text(`,"clientUniqueId":"x"`), text(`y","customData":"z`), text(`,"clientUniqueId":"x"`), `"y\",\"customData\":\"z"`},
		{text(`,"clientUniqueId":"x"`), nil, text(`,"clientUniqueId":"x"`), ""},
		{text(`,`), text(`,`), text(`,`), `","`},
	} {
		call, err := callvault.NewCall(&gong.Call{ID: "1", Started: new(gong.TimeOf(callvault.Time(0).UTC())), SDRDisposition: tt.sdr, ClientUniqueID: tt.client, CustomData: tt.custom})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(call.Client()); got != tt.want {
			t.Errorf("%s: %s, want %s", call.Document, got, tt.want)
		}
	}
}

package callvault_test

import (
	"fmt"
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
		if got := quoted(call.Client()); got != tt.want {
			t.Errorf("%s: %s, want %s", call.Document, got, tt.want)
		}
	}
}

// quoted is a client in quotation marks, and empty where there is none.
func quoted(client []byte) string {
	if client == nil {
		return ""
	}
	return `"` + string(client) + `"`
}

// Of a guarded batch, records that would replace one of another client are left out.
func TestGuardedBatch(t *testing.T) {
	var calls []callvault.Call
	for _, sample := range []struct{ id, client string }{{"1", "a"}, {"2", ""}, {"1", "b"}, {"1", ""}, {"1", "c"}, {"2", "d"}, {"2", "e"}, {"3", "a"}, {"3", "a"}} {
		c := gong.Call{ID: sample.id, Started: new(gong.TimeOf(callvault.Time(0).UTC()))}
		if sample.client != "" {
			c.ClientUniqueID = &sample.client
		}
		call, err := callvault.NewCall(&c)
		if err != nil {
			t.Fatal(err)
		}
		calls = append(calls, call)
	}
	batch, refused := callvault.NewGuardedBatch(calls)
	got := fmt.Sprint(refused)
	for _, c := range batch.Calls() {
		got += fmt.Sprintf(" %s=%s", c.ID, quoted(c.Client()))
	}
	if want := `[2 6] 1="c" 2="d" 3="a"`; got != want || !batch.IsGuarded() {
		t.Errorf("got %s, want %s", got, want)
	}
}

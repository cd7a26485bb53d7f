package callvault

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/gong"
)

// randomCall is a call of few different values, some of them with escapes or null.
func randomCall(t testing.TB, random *rand.Rand) Call {
	t.Helper()
	pick := func(values ...string) *string {
		if i := random.IntN(len(values) + 1); i < len(values) {
			return &values[i]
		}
		return nil
	}
	c := gong.Call{
		ID:            []string{"1", "20", "300"}[random.IntN(3)],
		URL:           pick(`,"title":"harbor","duration":99,"scope":"External"`),
		Title:         pick("Harbor Nine", "Härbor \"20\" Lane", "nine", "20 calls\tharbor", ""),
		Started:       new(gong.TimeOf(time.Date(2026, 1, 1, 0, random.IntN(10), 0, 0, time.UTC))),
		PrimaryUserID: pick("7", `"7"`, ""),
		System:        pick("Zoom", "Zo\\om", `,"title":"`),
		WorkspaceID:   pick("1", "2"),

		ClientUniqueID: pick("CDR-20-0042", "harbor", `"nine"`, "--", strings.Repeat("é", 110)+"harbor"),
	}
	if random.IntN(2) == 0 {
		c.Scheduled = new(gong.TimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	}
	if random.IntN(3) > 0 {
		c.Direction = new(gong.Directions()[random.IntN(4)])
		c.Scope = new(gong.CallScopes()[random.IntN(3)])
	}
	if random.IntN(2) == 0 {
		c.Duration = new(random.Int64N(100))
	}
	call, err := NewCall(&c)
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// A filter that looks at the bytes of a document first finds what one that reads it finds.
func TestFilterRulesOutWhatIsMissed(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	some := func(values ...string) (some []string) {
		for _, value := range values {
			if random.IntN(3) == 0 {
				some = append(some, value)
			}
		}
		return some
	}
	one, _ := ParseID("1")
	ruledOut, found := 0, 0
	for range 20_000 {
		c := randomCall(t, random)
		f := Filter{Words: some("harbor", "nine", "harbor ni", "cdr 20"), Hosts: some("7", `"7"`), Systems: some("Zoom", "Zo\\om", "x")}
		switch random.IntN(6) {
		case 3:
			f.Directions = []gong.Direction{gong.Inbound, gong.Conference}
		case 4:
			f.Scopes = []gong.CallScope{gong.External, gong.ScopeUnknown}
		case 0:
			f.Workspaces = []ID{one}
		case 1:
			f.Numbers = []string{"20"}
		case 2:
			f.Late, f.Longer = time.Duration(random.IntN(5))*time.Minute, time.Duration(random.IntN(50))*time.Second
		}
		if want := f.misses(&c) == 0; f.Has(&c) != want {
			t.Errorf("%+v: has is %v of %s", f, !want, c.Document)
		} else if want {
			found++
		}
		if f.rulesOut(&c) {
			ruledOut++
		}
	}
	if found < 1000 || ruledOut < 5000 {
		t.Errorf("%d were found, %d ruled out", found, ruledOut)
	}
}

// A call is found by the words of its title and of its clientUniqueId, and by a phrase of one of
// them.
func TestFilterLooksInBothTexts(t *testing.T) {
	const title, client = "Renewal — Harbor Nine", "CDR-2025-0042"
	long := strings.Repeat("x", 150) + "-" + strings.Repeat("y", 50)
	for _, tt := range []struct {
		client string
		filter Filter
		want   bool
	}{
		{client, Filter{Words: []string{"cdr", "0042"}}, true},
		{client, Filter{Words: []string{"cdr 2025 0042"}}, true},
		{client, Filter{Words: []string{"har", "cdr 20"}}, true},
		{client, Filter{Words: []string{"nine cdr"}}, false},
		{client, Filter{Words: []string{"42"}}, false},
		{client, Filter{Numbers: []string{"0042"}}, true},
		{client, Filter{Numbers: []string{"004", "2025"}}, true},
		{client, Filter{Numbers: []string{"42"}}, false},
		{"1731846000.17", Filter{Words: []string{"1731846000", "17"}}, true},
		{"1731846000.17", Filter{Numbers: []string{"1731846000"}}, true},
		{long, Filter{Words: []string{strings.Repeat("x", 150), strings.Repeat("y", 49)}}, true},
		{long, Filter{Words: []string{strings.Repeat("y", 50)}}, false}, // the 201st byte
	} {
		c, err := ParseCall(fmt.Appendf(nil, `{"id":"7","title":%q,"started":"2026-01-01T00:00:00Z","clientUniqueId":%q}`, title, tt.client))
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.filter.Has(&c); got != tt.want {
			t.Errorf("%q %v, %v: %v, want %v", tt.client, tt.filter.Words, tt.filter.Numbers, got, tt.want)
		}
	}
}

func BenchmarkFilterHas(b *testing.B) {
	c, err := ParseCall([]byte(`{"id":"7782342274025937895","url":"https://app.example.com/call?id=7782342274025937895","title":"Lumen Textiles / Quarterly review","scheduled":"2026-01-05T09:00:00-07:00","started":"2026-01-05T09:01:30-07:00","duration":1830,"primaryUserId":"234599484848423","direction":"Conference","system":"Zoom","scope":"External","media":"Video","language":"eng","workspaceId":"623457276584334","meetingUrl":"https://meet.example.com/j/123","isPrivate":false}`))
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]Filter{
		"not by a word":   {Words: []string{"harbor"}},
		"not by a system": {Systems: []string{"WebEx"}},
		"not by length":   {Longer: time.Hour},
		"all":             {Words: []string{"lumen"}, Systems: []string{"Zoom"}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f.Has(&c)
			}
		})
	}
}

package doctor

import (
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// noon is when every test is.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func key(id, company string, scope callvault.Scope) callvault.Key {
	return callvault.Key{ID: id, Company: company, Scopes: []callvault.Scope{scope}, Created: noon}
}

// want checks the findings, each as "status what do" in parts.
func want(t *testing.T, got []Finding, wants ...string) {
	t.Helper()
	if len(got) != len(wants) {
		t.Fatalf("found %v, want %q", got, wants)
	}
	for i, w := range wants {
		status, what, _ := strings.Cut(w, " ")
		if got[i].Status != Status(status) || !strings.Contains(got[i].What, what) {
			t.Errorf("found %s, want %s", got[i], w)
		}
		if got[i].Status == Wrong && got[i].Do == "" {
			t.Errorf("nothing is to be done about %s", got[i])
		}
	}
}

func TestKeys(t *testing.T) {
	good := key("GOOD", "acme", gong.ScopeCallsRead)
	soon, late := good, good
	soon.ID, soon.Expires = "SOON", noon.Add(expiresSoon-1)
	late.ID, late.Expires = "LATE", noon.Add(expiresSoon)
	expired, revoked := good, good
	expired.Expires, revoked.Revoked = noon, noon.Add(-time.Hour)
	sooner := soon
	sooner.ID, sooner.Expires = "SOONER", noon.Add(time.Hour)
	both := []string{"acme", "other"}
	for _, tt := range []struct {
		name      string
		companies []string
		keys      []callvault.Key
		wants     []string
	}{
		{"none", []string{"acme"}, nil, []string{"wrong no valid key may read calls"}},
		{"no company", nil, nil, []string{"wrong no valid key may read calls"}},
		{"expired and revoked", []string{"acme"}, []callvault.Key{expired, revoked}, []string{"wrong no valid key may read calls"}},
		{"good", []string{"acme"}, []callvault.Key{good, late}, []string{"ok every company (1) has a valid key that may read calls"}},
		{"soon", []string{"acme"}, []callvault.Key{soon, good}, []string{`warning key SOON of company "acme" expires soon, at 2026-03-18T11:59:59Z`}},
		{"an operator's, for profiles", []string{"acme"}, []callvault.Key{good, key("OPERATOR", "acme", callvault.ScopeProfilesRead)}, []string{"ok every company (1) has a valid key that may read calls"}},
		{"a company without", both, []callvault.Key{good}, []string{`warning company "other" has no valid key`}},
		{"two soon", []string{"acme"}, []callvault.Key{soon, sooner, soon}, []string{`warning key SOONER of company "acme" expires soon`}},
	} {
		t.Run(tt.name, func(t *testing.T) { want(t, Keyring{Companies: tt.companies, Keys: tt.keys}.Look(noon), tt.wants...) })
	}
}

// What is to be typed makes a key in this store, for the company that lacks one.
func TestKeysNameTheCommand(t *testing.T) {
	good, other := key("GOOD", "acme", gong.ScopeCallsRead), key("OTHER", "other", gong.ScopeCallsRead)
	good.Expires = noon.Add(expiresSoon - 1)
	for _, tt := range []struct {
		companies []string
		keys      []callvault.Key
		want      []string
	}{
		{nil, nil, []string{"make one: create"}},
		{[]string{"acme", "default"}, nil, []string{"make one: create"}},
		{[]string{"other", "acme"}, nil, []string{"make one: create --company acme"}},
		{[]string{"acme", "other"}, []callvault.Key{good}, []string{"make another in time: create --company acme", "make one: create --company other"}},
		{[]string{"other", "default"}, []callvault.Key{other}, []string{"make one: create"}},
	} {
		findings := Keyring{tt.companies, tt.keys, "create"}.Look(noon)
		if len(findings) != len(tt.want) {
			t.Errorf("found %v, want %q", findings, tt.want)
			continue
		}
		for i, f := range findings {
			if f.Do != tt.want[i] {
				t.Errorf("%s, want %s", f, tt.want[i])
			}
		}
	}
}

func TestClock(t *testing.T) {
	ahead := key("AHEAD", "acme", gong.ScopeCallsRead)
	ahead.Created = noon.Add(apartFar + 1)
	almost := key("ALMOST", "acme", gong.ScopeCallsRead)
	almost.Created = noon.Add(apartFar)
	want(t, []Finding{Clock(noon, nil, time.Time{})}, "ok 2026-03-04T12:00:00Z")
	want(t, []Finding{Clock(noon, []callvault.Key{almost}, noon)}, "ok ")
	want(t, []Finding{Clock(noon, []callvault.Key{ahead, almost}, noon)}, "wrong but the key AHEAD was made at 2026-03-04T12:01:00Z")
	want(t, []Finding{Clock(noon, nil, noon.Add(time.Hour))}, "wrong but the store's file was written at")
}

// A difference is only told of that the time of asking can't explain.
func TestClocks(t *testing.T) {
	for _, tt := range []struct {
		ahead, asking time.Duration
		want          string
	}{
		{0, time.Millisecond, "ok differ by at most 1ms"},
		{2900 * time.Millisecond, 2 * time.Second, "ok differ by at most 3.9s"},
		{3 * time.Second, 2 * time.Second, "warning the server's clock is 3s ahead"},
		{-3 * time.Second, 0, "warning the server's clock is 3s behind"},
		{time.Minute, 0, "wrong the server's clock is 1m0s ahead"},
		{-time.Hour, 0, "wrong the server's clock is 1h0m0s behind"},
	} {
		want(t, []Finding{Clocks(tt.ahead, tt.asking)}, tt.want)
	}
}

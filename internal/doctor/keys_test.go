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
	powerless := key("POWERLESS", "acme", "api:users:read")
	both := []string{"acme", "other"}
	for _, tt := range []struct {
		name      string
		companies []string
		keys      []callvault.Key
		wants     []string
	}{
		{"none", []string{"acme"}, nil, []string{"wrong no key is valid"}},
		{"no company", nil, nil, []string{"wrong no key is valid"}},
		{"expired and revoked", []string{"acme"}, []callvault.Key{expired, revoked}, []string{"wrong no key is valid"}},
		{"good", []string{"acme"}, []callvault.Key{good, late}, []string{"ok valid keys that may read calls: 2, companies: 1"}},
		{"soon", []string{"acme"}, []callvault.Key{soon, good}, []string{`warning keys of company "acme" expire soon: SOON at 2026-03-18T11:59:59Z`}},
		{"without the scope", []string{"acme"}, []callvault.Key{powerless}, []string{"wrong no key is valid", `warning keys of company "acme" without the scope api:calls:read:basic are answered with 401: POWERLESS`}},
		{"an operator's, for profiles", []string{"acme"}, []callvault.Key{good, key("OPERATOR", "acme", callvault.ScopeProfilesRead)}, []string{"ok valid keys that may read calls: 1, companies: 1"}},
		{"a company without", both, []callvault.Key{good}, []string{`warning company "other" has no valid key`}},
		{"many", []string{"acme"}, []callvault.Key{soon, soon, soon, soon, soon}, []string{"warning and 2 more"}},
	} {
		t.Run(tt.name, func(t *testing.T) { want(t, Keyring{Companies: tt.companies, Keys: tt.keys}.Look(noon), tt.wants...) })
	}
}

// What is to be typed makes a key in this store, for the company that lacks one.
func TestKeysNameTheCommand(t *testing.T) {
	good, other := key("GOOD", "acme", gong.ScopeCallsRead), key("OTHER", "other", gong.ScopeCallsRead)
	good.Expires = noon.Add(expiresSoon - 1)
	powerless := key("POWERLESS", "default", "api:users:read")
	for _, tt := range []struct {
		companies []string
		keys      []callvault.Key
		want      []string
	}{
		{nil, nil, []string{"make one: create"}},
		{[]string{"acme", "default"}, nil, []string{"make one: create"}},
		{[]string{"other", "acme"}, nil, []string{"make one: create --company acme"}},
		{[]string{"acme", "other"}, []callvault.Key{good}, []string{"make one: create --company other", "make others in time: create --company acme"}},
		{[]string{"other", "default"}, []callvault.Key{other, powerless}, []string{"make one: create", "make others: create"}},
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
	want(t, []Finding{Clock(noon, []callvault.Key{ahead, almost}, noon)}, "wrong before the key AHEAD was made, at 2026-03-04T12:01:00Z")
	want(t, []Finding{Clock(noon, nil, noon.Add(time.Hour))}, "wrong before the store's file was written")
	want(t, []Finding{Clock(time.Unix(0, 0), nil, time.Time{})}, "wrong this machine's clock says 1970-01-01T00:00:00Z")
}

// A difference is only told of that the time of asking can't explain.
func TestClocks(t *testing.T) {
	for _, tt := range []struct {
		ahead, asking time.Duration
		want          string
	}{
		{0, time.Millisecond, "ok at most 1ms apart"},
		{2900 * time.Millisecond, 2 * time.Second, "ok at most 3.9s apart"},
		{3 * time.Second, 2 * time.Second, "warning the server's is 3s ahead"},
		{-3 * time.Second, 0, "warning the server's is 3s behind"},
		{time.Minute, 0, "wrong the server's is 1m0s ahead"},
		{-time.Hour, 0, "wrong the server's is 1h0m0s behind"},
	} {
		want(t, []Finding{Clocks(tt.ahead, tt.asking)}, tt.want)
	}
}

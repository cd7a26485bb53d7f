package doctor

import "testing"

// A finding is one line, whatever an error in it has.
func TestFinding(t *testing.T) {
	for want, f := range map[string]Finding{
		"ok       keys     2 keys":                      {"keys", OK, "2 keys", ""},
		"wrong    listen   it is <taken>; name another": {"listen", Wrong, "it is <taken>", "name another"},
		"warning  clock    late and later":              {"clock", Warning, "late\n\tand later", ""},
	} {
		if got := f.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

package api

import "testing"

// FuzzParseLimit: what is accepted is written in the way in which it is read.
func FuzzParseLimit(f *testing.F) {
	for _, s := range []string{"gong", "off", "1000/s", "5000/day", "3/s,10000/day", "1/day,2/s", "2147483647/s", "1/s,1/s", "0/s", "+1/s", "1/s/s", ","} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		limit, err := ParseLimit(s)
		if err != nil {
			if limit != (Limit{}) {
				t.Errorf("%q: got %v with %v", s, limit, err)
			}
			return
		}
		if limit.PerSecond < 0 || limit.PerDay < 0 || limit == (Limit{}) && s != "off" {
			t.Errorf("%q is %+v", s, limit)
		}
		if again, err := ParseLimit(limit.String()); err != nil || again != limit {
			t.Errorf("%q is written %s, which is %+v, %v", s, limit, again, err)
		}
	})
}

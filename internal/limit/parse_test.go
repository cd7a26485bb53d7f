package limit

import "testing"

// What is read is a limit, and what is refused is none.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"gong", "off", "1000/s", "5000/day", "3/s,10000/day", "1/day,2/s", "2147483647/s", "1/s,1/s", "0/s", "+1/s", "1/s/s", ","} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		limit, err := Parse(s)
		if err != nil {
			if limit != (Limit{}) {
				t.Errorf("%q: got %v with %v", s, limit, err)
			}
			return
		}
		if limit.PerSecond < 0 || limit.PerDay < 0 || limit == (Limit{}) && s != "off" {
			t.Errorf("%q is %+v", s, limit)
		}
	})
}

func TestParse(t *testing.T) {
	tests := []struct {
		in   string
		want Limit
	}{
		{"off", Limit{}},
		{"gong", Limit{3, 10_000}},
		{"1000/s", Limit{PerSecond: 1000}},
		{"5/day", Limit{PerDay: 5}},
		{"3/s,10000/day", Limit{3, 10_000}},
		{"10000/day,3/s", Limit{3, 10_000}},
	}
	for _, test := range tests {
		got, err := Parse(test.in)
		if err != nil || got != test.want {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{
		"", "3", "/s", "s", "0/s", "-1/s", "+1/s", "1.5/s", "1e3/s", "3/S", "3/m", "3 /s", "3/s ", "3/s,", ",", "3/s,4/s",
		"1/day,1/day", "3/s,10/day,1/s", "2147483648/s", "99999999999999999999/day", "OFF", "gong,3/s", "3/s/day",
	} {
		if got, err := Parse(in); err == nil {
			t.Errorf("Parse(%q) = %+v", in, got)
		}
	}
}

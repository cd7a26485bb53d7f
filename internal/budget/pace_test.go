package budget

import (
	"fmt"
	"testing"
)

// A pace is a number of requests in a second or a minute.
func TestParsePace(t *testing.T) {
	for text, want := range map[string]float64{"1/s": 1, "0.5/s": 0.5, "30/min": 0.5, "3/s": 3, "1000/s": 1000} {
		if got, err := ParsePace(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1", "1/", "/s", "1/h", "0/s", "-1/s", "NaN/s", "Inf/s", "1001/s", "fast/s", "1/s/s"} {
		if got, err := ParsePace(text); err == nil || err.Error() != fmt.Sprintf("%q is not a pace; use N/s or N/min, such as 1/s or 30/min", text) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

// Gong's own limit of requests a second is kept, and only there. No mirror is too slow to delete.
func TestCheckLimits(t *testing.T) {
	for _, tt := range []struct {
		pace  float64
		daily int
		host  string
		want  string
	}{
		{3, 100, "us-1.api.gong.io", ""},
		{4, 100, "us-1.api.Gong.io", "--pace must be at most 3/s for a host of gong.io, which is what Gong allows a company"},
		{4, 100, "gong.io.example.com", ""},
		{4, 100, "notgong.io", ""},
		{0.1, 100, "127.0.0.1", ""},
		{0.09, 100, "127.0.0.1", "--pace must be at least 6/min: the mirror deletes a call only after several requests in a minute"},
		{1, 99, "127.0.0.1", "--daily 99 must be at least 100"},
		{1, -1, "127.0.0.1", "--daily -1 must be at least 100"},
	} {
		err := Limits{Pace: tt.pace, Daily: tt.daily}.Check(tt.host)
		if err == nil && tt.want != "" || err != nil && err.Error() != tt.want {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

package screen

import (
	"strings"
	"testing"
)

// Only y and yes are a yes.
func TestAsks(t *testing.T) {
	for answer, want := range map[string]bool{"": false, "n\n": false, "yess\n": false, "Y\n": true, " yes\n": true, "yes": true} {
		var out strings.Builder
		if got := Asks(strings.NewReader(answer), &out, "Delete 2 calls?"); got != want || out.String() != "Delete 2 calls? [y/N] " {
			t.Errorf("answer %q: %v, asked %q", answer, got, &out)
		}
	}
}

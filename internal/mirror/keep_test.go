package mirror

import (
	"slices"
	"strings"
	"testing"
)

// A status reads every value but the pages.
func TestStatusReadsAllParts(t *testing.T) {
	var m memory
	keys := []string{"leaf/", "absent/", "late/"}
	for key := range m.parts() {
		keys = append(keys, key)
	}
	for _, key := range keys {
		n := 0
		for _, prefix := range exceptPages {
			if strings.HasPrefix(key, prefix) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("a status reads the values of %s %d times", key, n)
		}
	}
	if slices.ContainsFunc(exceptPages[:], func(prefix string) bool { return strings.HasPrefix("span/", prefix) }) {
		t.Error("a status reads the pages")
	}
}

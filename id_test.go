package callvault

import (
	"math/big"
	"regexp"
	"testing"
)

// FuzzParseID compares ids with numbers of any size.
func FuzzParseID(f *testing.F) {
	f.Add("7782342274025937895", "0")
	f.Add("99999999999999999999", "099999999999999999999")
	f.Add("00000000000000000000", "1")
	f.Add("", "+1")
	f.Add("١", "1_0")
	digits := regexp.MustCompile(`\A[0-9]{1,20}\z`)
	f.Fuzz(func(t *testing.T, a, b string) {
		idA, errA := ParseID(a)
		idB, errB := ParseID(b)
		if (errA == nil) != digits.MatchString(a) || (errB == nil) != digits.MatchString(b) {
			t.Fatalf("%q: %v, %q: %v", a, errA, b, errB)
		}
		if errA != nil || errB != nil {
			return
		}
		numberA, _ := new(big.Int).SetString(a, 10)
		numberB, _ := new(big.Int).SetString(b, 10)
		if idA.String() != numberA.String() || idA.IsZero() {
			t.Errorf("%q is written %s", a, idA)
		}
		if got, want := idA.Compare(idB), numberA.Cmp(numberB); got != want {
			t.Errorf("%s compares with %s as %d, want %d", a, b, got, want)
		}
		if again, err := ParseID(idA.String()); err != nil || again != idA || idA.Key() != again.Key() {
			t.Errorf("%q comes back as %v, %v", a, again, err)
		}
	})
}

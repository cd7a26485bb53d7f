package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func secondLaws() []law {
	return []law{
		{"a second is a bucket that fills", secondFills},
		{"companies have their own second", companiesHaveTheirOwnSecond},
		{"a second is never exceeded", secondIsNeverExceeded},
	}
}

// takeSecond takes up to n and checks what is said of the wait.
func takeSecond(t testing.TB, store callvault.Store, second callvault.QuotaSecond, n int) (taken int, wait time.Duration) {
	t.Helper()
	taken, wait, err := store.TakeSecond(t.Context(), second, n)
	if err != nil {
		t.Fatal(err)
	}
	longest := time.Second/time.Duration(second.Limit) + time.Microsecond // it may be rounded up
	if taken < 0 || taken > n || (taken == n) != (wait == 0) || wait < 0 || wait > longest {
		t.Fatalf("took %d of %d, the next in %v", taken, n, wait)
	}
	return taken, wait
}

// mostSince is how many can be taken of a second that was full at a moment.
func mostSince(full time.Time, limit int) int {
	return limit + int(time.Since(full).Seconds()*float64(limit)) + 1
}

// A bucket is full at first and is filled by its limit in a second: what is
// taken comes back, one after the other.
func secondFills(t *testing.T, open Open) {
	store, second := open(t), callvault.QuotaSecond{Company: acme, Limit: 200}
	full := time.Now()
	if taken, _ := takeSecond(t, store, second, 0); taken != 0 {
		t.Errorf("took %d of none", taken)
	}
	got := 0
	for _, n := range []int{50, 50, 99, 1} {
		taken, _ := takeSecond(t, store, second, n)
		got += taken
	}
	if got != 200 {
		t.Errorf("took %d of a full bucket of 200", got)
	}
	for deadline := full.Add(patience); got < 250; {
		taken, _ := takeSecond(t, store, second, 1000)
		if got += taken; got > mostSince(full, second.Limit) {
			t.Fatalf("took %d in %v", got, time.Since(full))
		}
		if time.Now().After(deadline) {
			t.Fatalf("took %d, and no more in %v", got, patience)
		}
	}
}

// A second is one company's, and its limit may change.
func companiesHaveTheirOwnSecond(t *testing.T, open Open) {
	store := open(t)
	for _, company := range []string{acme, other} {
		if taken, _ := takeSecond(t, store, callvault.QuotaSecond{Company: company, Limit: 40}, 1000); taken != 40 {
			t.Errorf("%s took %d of a full bucket of 40", company, taken)
		}
	}
	full, got := time.Now(), 0
	for deadline := full.Add(patience); got < 5; {
		taken, _ := takeSecond(t, store, callvault.QuotaSecond{Company: acme, Limit: 1000}, 5-got)
		if got += taken; time.Now().After(deadline) {
			t.Fatal("a bucket that was empty when its limit was raised does not fill")
		}
	}
	taken, _ := takeSecond(t, store, callvault.QuotaSecond{Company: acme, Limit: 2}, 1000)
	if taken > 2 {
		t.Errorf("took %d of a bucket that is for 2 now", taken)
	}
}

// However many draw from a second at once, they get what the limit allows and no
// more.
func secondIsNeverExceeded(t *testing.T, open Open) {
	store, second := open(t), callvault.QuotaSecond{Company: acme, Limit: 100}
	var group sync.WaitGroup
	var mu sync.Mutex
	got, full := 0, time.Now()
	for n := range 6 {
		group.Go(func() {
			for range 30 {
				taken, _, err := store.TakeSecond(t.Context(), second, n+1)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				got += taken
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if most := mostSince(full, second.Limit); got < second.Limit || got > most {
		t.Errorf("took %d in %v, want %d to %d", got, time.Since(full), second.Limit, most)
	}
}

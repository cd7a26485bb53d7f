package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func quotaLaws() []law {
	return []law{
		{"a quota is what is left of a day", quotaIsWhatIsLeft},
		{"what is given back can be taken again", returnedQuotaCanBeTaken},
		{"days and companies have their own quota", daysHaveTheirOwnQuota},
		{"a quota is never exceeded", quotaIsNeverExceeded},
		{"clocks that are weeks apart get a quota", clocksApartGetQuota},
	}
}

// today is a day with a limit, of a company.
func today(company string, limit int) callvault.QuotaDay {
	return callvault.QuotaDay{Company: company, Day: 20_000, Limit: limit}
}

// take takes n and expects to get want of them.
func take(t testing.TB, store callvault.Store, day callvault.QuotaDay, n, want int) {
	t.Helper()
	got, err := store.TakeQuota(t.Context(), day, n)
	if err != nil || got != want {
		t.Errorf("took %d of %d on day %d of %s, %v, want %d", got, n, day.Day, day.Company, err, want)
	}
}

func giveBack(t testing.TB, store callvault.Store, day callvault.QuotaDay, n int) {
	t.Helper()
	if err := store.ReturnQuota(t.Context(), day, n); err != nil {
		t.Error(err)
	}
}

// TakeQuota takes what it is asked for while the day has that much, then what is left,
// then nothing. All handles share the day, and its limit may change.
func quotaIsWhatIsLeft(t *testing.T, open Open) {
	store, second := open(t), open(t)
	take(t, store, today(acme, 100), 0, 0)
	take(t, store, today(acme, 100), 60, 60)
	take(t, second, today(acme, 100), 30, 30)
	take(t, store, today(acme, 100), 30, 10)
	take(t, second, today(acme, 100), 30, 0)
	take(t, store, today(acme, 100), 1, 0)
	take(t, store, today(acme, 50), 1, 0)
	take(t, open(t), today(acme, 103), 5, 3)
	take(t, store, today(other, 0), 5, 0)
}

// What ReturnQuota gives back can be taken again, once. Returning more than was taken
// adds nothing to a day.
func returnedQuotaCanBeTaken(t *testing.T, open Open) {
	store := open(t)
	take(t, store, today(acme, 100), 100, 100)
	giveBack(t, store, today(acme, 100), 30)
	giveBack(t, store, today(acme, 100), 0)
	take(t, open(t), today(acme, 100), 50, 30)
	take(t, store, today(acme, 100), 50, 0)
	giveBack(t, store, today(acme, 100), 250)
	take(t, store, today(acme, 100), 250, 100)

	tomorrow := today(acme, 100)
	tomorrow.Day++
	giveBack(t, store, tomorrow, 40)
	giveBack(t, store, today(other, 100), 40)
	take(t, store, tomorrow, 250, 100)
	take(t, store, today(other, 100), 250, 100)
	take(t, store, today(acme, 100), 250, 0)
}

// Each day of each company has its own count. If the clock goes back a day, it finds that
// day's count again.
func daysHaveTheirOwnQuota(t *testing.T, open Open) {
	store := open(t)
	for day := 20_000; day < 20_005; day++ {
		for i, company := range []string{acme, other} {
			q := callvault.QuotaDay{Company: company, Day: day, Limit: 10 + i}
			take(t, store, q, 7, 7)
			take(t, store, q, 7, 3+i)
			take(t, store, q, 7, 0)
		}
	}
	giveBack(t, store, callvault.QuotaDay{Company: acme, Day: 20_002, Limit: 10}, 4)
	for day := 20_004; day >= 20_000; day-- {
		want := 0
		if day == 20_002 {
			want = 4
		}
		take(t, store, callvault.QuotaDay{Company: acme, Day: day, Limit: 10}, 7, want)
		take(t, store, callvault.QuotaDay{Company: other, Day: day, Limit: 11}, 7, 0)
	}
	for _, day := range []int{0, -1} {
		take(t, store, callvault.QuotaDay{Company: "clock", Day: day, Limit: 10}, 7, 7)
	}
}

// However many processes and goroutines draw from a day, together they get
// what the limit allows and no more, whatever they give back in between.
func quotaIsNeverExceeded(t *testing.T, open Open) {
	stores := []callvault.Store{open(t), open(t)}
	const limit, drawers = 150, 8
	var mu sync.Mutex
	held, most := 0, 0
	draw := func(ctx context.Context, store callvault.Store, i int) error {
		for round := 0; ; round++ {
			n, err := store.TakeQuota(ctx, today(acme, limit), 5+i)
			if err != nil {
				return err
			}
			mu.Lock()
			held += n
			most = max(most, held)
			enough := n == 0 || held > limit
			mu.Unlock()
			if enough {
				return nil
			}
			if n < 2 || round%2 == 0 {
				continue
			}
			// Counted as given back before it is, so that held is never less
			// than what the store knows to be out.
			mu.Lock()
			held -= n / 2
			mu.Unlock()
			if err := store.ReturnQuota(ctx, today(acme, limit), n/2); err != nil {
				return err
			}
		}
	}
	var group sync.WaitGroup
	for i := range drawers {
		group.Go(func() {
			if err := draw(t.Context(), stores[i%len(stores)], i); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	// A process that found nothing may have ended before another returned a part.
	for held < limit {
		n, err := stores[0].TakeQuota(t.Context(), today(acme, limit), limit)
		if err != nil || n == 0 {
			t.Fatalf("with %d of %d taken there was nothing left, %v", held, limit, err)
		}
		held += n
	}
	if held != limit || most > limit {
		t.Errorf("%d were taken in the end and %d at most, want %d", held, most, limit)
	}
	take(t, stores[1], today(acme, limit), 1, 0)
	for i, store := range stores {
		take(t, store, today(fmt.Sprint("fresh-", i), 5), 9, 5)
	}
}

// Processes whose clocks are weeks apart get what they ask for, while each
// forgets the days of the other.
func clocksApartGetQuota(t *testing.T, open Open) {
	store := open(t)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			day := callvault.QuotaDay{Company: acme, Day: 20_000 + 20*(i%2), Limit: 1000}
			for range 30 {
				take(t, store, day, 1, 1)
			}
		})
	}
	group.Wait()
}

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

// A bucket is full at first, and is refilled by its limit in a second, one request after
// the other.
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

// Many who draw from a second at once get together what the limit allows and no more.
func secondIsNeverExceeded(t *testing.T, open Open) {
	store := open(t)
	SecondIsShared(t, store, store, store, store, store, store)
}

// SecondIsShared draws from a second in each store at once. They are of one database, and
// together get what the limit allows and no more.
func SecondIsShared(t *testing.T, stores ...callvault.Store) {
	second := callvault.QuotaSecond{Company: acme, Limit: 100}
	var group sync.WaitGroup
	var mu sync.Mutex
	got, full := 0, time.Now()
	for n, store := range stores {
		group.Go(func() {
			for range 60 {
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

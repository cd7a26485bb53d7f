package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // for units of any zone

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

func viewLaws() []law {
	return []law{
		{"a view is that of the documents", viewIsThatOfTheDocuments},
		{"views page backward", viewsPageBackward},
		{"a view has what is extreme", viewHasWhatIsExtreme},
		{"a view of nothing", viewOfNothing},
		{"a snapshot has its views", snapshotHasItsViews},
	}
}

// pick is one of some values.
func pick[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

// maybe is a pointer to one of some values, or nil.
func maybe[T any](random *rand.Rand, values ...T) *T {
	if random.IntN(1+len(values)) == 0 {
		return nil
	}
	return new(pick(random, values...))
}

var titleWords = []string{
	"call", "Call", "Harbor", "Nine", "renewal", "Ångström", "straße", "a-b", "x", "1001", "7", "日本", "É", "O'Neil", "\"quoted\"", "\\", "—", strings.Repeat("long", 60),
}

// viewed are calls with all that views are made of.
func viewed(t testing.TB, n int, random *rand.Rand) []callvault.Call {
	t.Helper()
	var calls []callvault.Call
	for range n {
		var words []string
		for range random.IntN(5) {
			words = append(words, pick(random, titleWords...))
		}
		started := day.UTC().Add(time.Duration(random.IntN(n)) * pick(random, 0, time.Minute, time.Hour)).In(time.FixedZone("", 60*random.IntN(800)))
		late := pick(random, 0, 59*time.Second, time.Minute, 5*time.Minute, -time.Hour, 50*24*time.Hour)
		c := gong.Call{
			ID:             pick(random, "", "", "", "9999999999999999") + fmt.Sprint(1+random.IntN(2*n)),
			Title:          maybe(random, strings.Join(words, " ")),
			Started:        new(gong.TimeOf(started)),
			Scheduled:      maybe(random, gong.TimeOf(started.Add(-late))),
			Duration:       maybe(random, int64(random.IntN(100)), int64(random.IntN(7200)), 86_399, 86_400, 16_777_213, 16_777_214, 16_777_215, 1<<40),
			PrimaryUserID:  maybe(random, "", "1", "12", "2", `"`, "Ana", strings.Repeat("h", 300)),
			Direction:      maybe(random, gong.Directions()...),
			System:         maybe(random, "Zoom", "zoom", "", `a\b`, "PBX"),
			Scope:          maybe(random, gong.CallScopes()...),
			WorkspaceID:    maybe(random, "7", "70", "700"),
			IsPrivate:      maybe(random, true, false),
			ClientUniqueID: maybe(random, "CDR-2025-"+fmt.Sprint(random.IntN(n)), "1731846000.7", "har:bor", `"\`, "nine", strings.Repeat("é", 300)+"7"),
		}
		calls = append(calls, NewCall(t, c))
	}
	return calls
}

// viewQuery is any question.
func viewQuery(t testing.TB, random *rand.Rand, calls int) (q callvault.ViewQuery) {
	t.Helper()
	instant := func() callvault.Time {
		return day + callvault.Time(random.IntN(60*calls))*minute + callvault.Time(random.IntN(2))
	}
	from, to := instant(), instant()
	q.Range = callvault.Range{From: min(from, to), To: max(from, to)}
	if random.IntN(4) == 0 {
		q.Range = callvault.AllTime
	}
	if random.IntN(3) > 0 {
		from = min(instant(), q.From)
		q.Earlier = pick(random, callvault.Range{From: from, To: q.From}, callvault.Range{From: from, To: from + 99*minute}, callvault.Range{From: from, To: instant()})
	}
	if random.IntN(4) == 0 {
		q.Workspace = ID(t, pick(random, "7", "70", "9"))
	}
	q.Units, q.Stack = units(t, random, q.Range), callvault.Facet(random.IntN(5))
	f := &q.Filter
	some := func() bool { return random.IntN(5) == 0 }
	for random.IntN(3) == 0 {
		f.Words = append(f.Words, callvault.Fold(pick(random, "call", "har", "harbor nine", "ang", "strasse", "b", "日", "本", "l", "zzz", "o", "longlong", "cdr", "nine cdr", "1731846000.7", "eee")))
	}
	if some() {
		f.Numbers = append(f.Numbers, fmt.Sprint(1+random.IntN(calls)))
	}
	if some() {
		f.Numbers = append(f.Numbers, pick(random, "1", "7", "100", "10", "123456789012345678901"))
	}
	for some() {
		f.Systems = append(f.Systems, pick(random, "Zoom", `a\b`, "none", ""))
	}
	for some() {
		f.Hosts = append(f.Hosts, pick(random, "1", `"`, "Ana", "nobody", strings.Repeat("h", callvault.MaxName)))
	}
	for some() {
		f.Workspaces = append(f.Workspaces, ID(t, pick(random, "7", "70", "8")))
	}
	for some() {
		f.Directions = append(f.Directions, pick(random, gong.Directions()...))
	}
	for some() {
		f.Scopes = append(f.Scopes, pick(random, gong.CallScopes()...))
	}
	if some() {
		f.Private = new(random.IntN(2) == 0)
	}
	if some() {
		f.Longer = pick(random, time.Second, time.Minute, 24*time.Hour, 16_777_215*time.Second)
	}
	if some() {
		f.Late = pick(random, time.Minute, 5*time.Minute, 60*24*time.Hour)
	}
	q.Longest, q.Limit = random.IntN(2) == 0, random.IntN(2)*random.IntN(60)
	if random.IntN(3) == 0 {
		q.Before = &callvault.Place{Position: callvault.Position{Time: instant(), ID: ID(t, "50")}, Duration: int64(random.IntN(100)) - 1}
	}
	return q
}

// units are those of a chart in some zone: days that are longer and shorter, and odd ones.
func units(t testing.TB, random *rand.Rand, r callvault.Range) (units []callvault.Time) {
	t.Helper()
	zone, err := time.LoadLocation(pick(random, "UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"))
	if err != nil {
		t.Fatal(err)
	}
	if random.IntN(3) == 0 || r == callvault.AllTime {
		return nil
	}
	step := pick(random, 1, 7)
	for at := r.From; at < r.To; {
		units = append(units, at)
		midnight := at.UTC().In(zone)
		at = callvault.FloorTime(time.Date(midnight.Year(), midnight.Month(), midnight.Day()+step, 0, 0, 0, 0, zone))
	}
	return units
}

// Whatever is put, changed and deleted, and whatever is asked, a view is that of a look at each
// document.
func viewIsThatOfTheDocuments(t *testing.T, open Open) {
	store, random := open(t), rand.New(rand.NewPCG(13, 1))
	calls := store.Calls(acme)
	const n = 300
	put(t, store.Calls(other), viewed(t, 50, random)...)
	for range 4 {
		put(t, calls, viewed(t, n, random)...)
		for range 20 {
			put(t, calls, viewed(t, 1, random)...)
		}
		for range 5 {
			WantView(t, calls, viewQuery(t, random, n))
		}
		var ids []string
		for range n {
			ids = append(ids, fmt.Sprint(1+random.IntN(2*n)))
		}
		remove(t, calls, ids...)
		q := between(day+callvault.Time(random.IntN(n))*hour, callvault.MaxTime)
		if _, err := calls.DeleteFirst(t.Context(), q, random.IntN(n/4)); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			WantView(t, calls, viewQuery(t, random, n))
		}
		wantSound(t, store)
	}
	WantView(t, store.Calls(other), viewQuery(t, random, n))
	if _, err := calls.DeleteFirst(t.Context(), all(), -1); err != nil {
		t.Fatal(err)
	}
	WantView(t, calls, viewQuery(t, random, n))
	wantSound(t, store)
}

// Pages from the newest, each before the last call of the one before, are the list reversed;
// those from the longest are all of it too.
func viewsPageBackward(t *testing.T, open Open) {
	store, random := open(t), rand.New(rand.NewPCG(13, 2))
	calls := store.Calls(acme)
	put(t, calls, viewed(t, 250, random)...)
	want := list(t, calls, all())
	slices.Reverse(want)
	for _, longest := range []bool{false, true} {
		q := callvault.ViewQuery{Query: all(), Longest: longest}
		var got []row
		for more := true; more; {
			q.Limit = 1 + random.IntN(90)
			v := WantView(t, calls, q)
			for _, r := range v.Calls {
				got = append(got, row{r.Time, r.ID.String(), string(r.Document)})
				q.Before = &callvault.Place{Position: r.Position(), Duration: -1}
				if c, err := gong.ParseCall(r.Document); err != nil {
					t.Fatal(err)
				} else if c.Duration != nil {
					q.Before.Duration = *c.Duration
				}
			}
			more = v.More
		}
		if longest {
			slices.SortFunc(got, func(a, b row) int {
				return -callvault.Position{Time: a.Time, ID: ID(t, a.ID)}.Compare(callvault.Position{Time: b.Time, ID: ID(t, b.ID)})
			})
		}
		sameRows(t, "pages", got, want)
	}
}

// The first and the last times and ids, long titles and long durations are in views as any.
func viewHasWhatIsExtreme(t *testing.T, open Open) {
	store := open(t)
	calls := store.Calls(acme)
	var batch []callvault.Call
	for i, at := range []string{"0000-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"} {
		for _, id := range []string{"0", "1", "99999999999999999999", "18446744073709551616"} {
			c := Bare(id[:len(id)-i%2] + fmt.Sprint(i)[:i%2])
			started, err := gong.ParseTime(at)
			if err != nil {
				t.Fatal(err)
			}
			c.Started, c.Scheduled = &started, new(gong.TimeOf(time.Unix(int64(i), 0)))
			c.Title, c.Duration = new(strings.Repeat("wide ", 9_000*i/3)+id), new(int64(1)<<62-int64(i))
			batch = append(batch, NewCall(t, c))
		}
	}
	for _, c := range shuffled(batch) {
		put(t, calls, c)
	}
	for _, filter := range []callvault.Filter{{}, {Words: []string{"wide wide"}}, {Late: 60 * time.Hour}, {Longer: 1 << 62}, {Numbers: []string{"99999999999999999999"}}} {
		WantView(t, calls, callvault.ViewQuery{Query: all(), Filter: filter, Limit: 9})
	}
	wantSound(t, store)
}

// A company that is not there, and an empty range, have a view.
func viewOfNothing(t *testing.T, open Open) {
	store := open(t)
	q := callvault.ViewQuery{Query: all(), Units: []callvault.Time{day, day + hour}, Limit: 5}
	WantView(t, store.Calls("nobody"), q)
	put(t, store.Calls(acme), Sample{ID: "1", Time: day}.Call(t))
	q.Range = callvault.Range{From: day, To: day}
	WantView(t, store.Calls(acme), q)
}

// A snapshot has the views of its moment.
func snapshotHasItsViews(t *testing.T, open Open) {
	store, random := open(t), rand.New(rand.NewPCG(13, 3))
	put(t, store.Calls(acme), viewed(t, 100, random)...)
	q := callvault.ViewQuery{Query: all(), Limit: 50}
	before := WantView(t, store.Calls(acme), q)
	err := store.Snapshot(t.Context(), func(s callvault.Snapshot) error {
		same(t, "the view", WantView(t, s.Calls(acme), q), before)
		put(t, open(t).Calls(acme), viewed(t, 10, random)...)
		same(t, "the view then", WantView(t, s.Calls(acme), q), before)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Where facts are not those of the calls, check says so, and a repair makes them again. No call
// changes, and no timeline begins.
func damageOfFactsIsRepaired(t *testing.T, fresh func(t testing.TB) (Open, Damage)) {
	const otherRow = `(SELECT f.%s FROM facts AS f WHERE f.company <> facts.company AND f.time = facts.time)`
	const checksum = "the checksum of its facts from"
	for _, tt := range []struct{ what, damage, found, view string }{
		{"a row that is lost", `DELETE FROM facts WHERE time = (SELECT min(time) FROM facts)`, "are not those of the calls", "calls counted, but facts of"},
		{"a row that moved", `UPDATE facts SET time = time + 1`, checksum, checksum},
		{"records of others", fmt.Sprintf(`UPDATE facts SET records = `+otherRow, "records"), checksum, checksum},
		{"titles of others", fmt.Sprintf(`UPDATE facts SET titles = `+otherRow, "titles"), checksum, checksum},
		{"rows of others", fmt.Sprintf(`UPDATE facts SET records = `+otherRow+`, titles = `+otherRow+`, checksum = `+otherRow, "records", "titles", "checksum"), checksum, checksum},
		{"a row that is empty", `UPDATE facts SET records = (SELECT cursor_secret FROM store), titles = (SELECT cursor_secret FROM store)`, checksum, checksum},
		{"numbers of others", `UPDATE names SET number = number + 10`, "are not those of the calls", "a number names nothing"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			open, damage := fresh(t)
			store := open(t)
			calls := store.Calls(acme)
			for i, company := range []string{acme, other} {
				host := fmt.Sprint(i + 1)
				var batch []callvault.Call
				for i := range 150 {
					c := Bare(fmt.Sprint(1000 + i))
					c.Started = new(gong.TimeOf((day + callvault.Time(i)*minute).UTC()))
					c.Title, c.PrimaryUserID, c.Duration = new("title of "+host), &host, new(int64(len(company)))
					batch = append(batch, NewCall(t, c))
				}
				put(t, store.Calls(company), batch...)
			}
			before, began := changes(t, calls), timelines(t, store, acme)
			plain := callvault.ViewQuery{Query: all(), Limit: 10}
			of := plain
			of.Filter.Words = []string{"title"}
			right := WantView(t, calls, plain)
			damage(t, tt.damage)
			if found := told(t, store.Check); !strings.Contains(found, "company "+acme) || !strings.Contains(found, tt.found) {
				t.Errorf("found %s, want %s", found, tt.found)
			}
			var wrong *callvault.DamageError
			_, err := calls.View(t.Context(), of)
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), tt.view) {
				t.Errorf("viewed with %v, want %s", err, tt.view)
			}
			if got, err := calls.View(t.Context(), plain); err == nil {
				same(t, "the view without words", got, right)
			}
			repair := func(report func(string)) error { return store.Repair(t.Context(), callvault.NoLoss, report) }
			var done []string
			if err := repair(func(did string) { done = append(done, did) }); err != nil || !slices.Contains(done, "company "+acme+": rewrote the facts of 150 calls") {
				t.Errorf("did %v, %v", done, err)
			}
			wantSound(t, store)
			WantView(t, calls, of)
			same(t, "changes", changes(t, calls), before)
			same(t, "timelines", timelines(t, store, acme), began)
		})
	}
}

// Viewed is one of many calls in order, as a company has them.
func Viewed(t testing.TB, n int) callvault.Call {
	c := Filled(fmt.Sprint(1_000_000_000_000_000_000 + n))
	c.Title = new(fmt.Sprintf("%s call with %s %s", pick(rand.New(rand.NewPCG(uint64(n), 1)), "Renewal", "Discovery", "Weekly"), pick(rand.New(rand.NewPCG(uint64(n), 2)), "Harbor", "Ridge", "Acme"), pick(rand.New(rand.NewPCG(uint64(n), 3)), "Nine", "Two", "Partners")))
	c.Started = new(gong.TimeOf((day + callvault.Time(n)*95*minute/60).UTC()))
	c.Scheduled, c.PrimaryUserID, c.Duration = c.Started, new(fmt.Sprint(1000+n%200)), new(int64(n%5000))
	c.ClientUniqueID = new(fmt.Sprintf("CDR-2025-%07d", n))
	return NewCall(t, c)
}

// BenchView is what views of a million calls of three years cost, with filters and without.
func BenchView(b *testing.B, open Open) {
	const n = 1_000_000
	store := open(b)
	calls := store.Calls(acme)
	for from := 0; from < n; from += 20_000 {
		batch := make([]callvault.Call, 20_000)
		for i := range batch {
			batch[i] = Viewed(b, from+i)
		}
		put(b, calls, batch...)
	}
	end := day + callvault.Time(n)*95*minute/60
	whole := callvault.ViewQuery{Query: between(day, end), Limit: 50}
	for at := day; at < end; at += 7 * 24 * hour {
		whole.Units = append(whole.Units, at)
	}
	with := func(change func(q *callvault.ViewQuery)) callvault.ViewQuery {
		q := whole
		change(&q)
		return q
	}
	for _, view := range []struct {
		name string
		q    callvault.ViewQuery
	}{
		{"a week", with(func(q *callvault.ViewQuery) { q.Range, q.Units = callvault.Range{From: end - 7*24*hour, To: end}, nil })},
		{"everything", whole},
		{"half and the half before", with(func(q *callvault.ViewQuery) {
			q.From, q.Units, q.Earlier = (day+end)/2, nil, callvault.Range{From: day, To: (day + end) / 2}
		})},
		{"the longest", with(func(q *callvault.ViewQuery) { q.Longest = true })},
		{"a host and a system", with(func(q *callvault.ViewQuery) { q.Filter.Hosts, q.Filter.Systems = []string{"1007"}, []string{"Zoom"} })},
		{"two words", with(func(q *callvault.ViewQuery) { q.Filter.Words = []string{"harb", "nine"} })},
		{"a word of all calls", with(func(q *callvault.ViewQuery) { q.Filter.Words = []string{"call"} })},
		{"two words outside a month", callvault.ViewQuery{Query: between(callvault.MinTime, callvault.MaxTime), Filter: callvault.Filter{Words: []string{"harb", "nine"}}, Earlier: callvault.Range{From: end - 30*24*hour, To: end}}},
		{"a word of none", with(func(q *callvault.ViewQuery) { q.Filter.Words = []string{"quokka"} })},
	} {
		b.Run(view.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := calls.View(b.Context(), view.q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

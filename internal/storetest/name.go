package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

func nameLaws() []law {
	return []law{
		{"names are those of the calls", namesAreThoseOfTheCalls},
		{"names are what documents say", namesAreWhatDocumentsSay},
		{"a batch has many names", batchHasManyNames},
		{"names find calls that are far", namesFindCallsThatAreFar},
		{"loaded calls have their names", loadedCallsHaveTheirNames},
		{"a snapshot has its names", snapshotHasItsNames},
	}
}

// fields are those that have names, each with a reader of its value.
var fields = map[callvault.Field]func(*gong.Call) *string{
	callvault.Hosts:          func(c *gong.Call) *string { return c.PrimaryUserID },
	callvault.WorkspaceNames: func(c *gong.Call) *string { return c.WorkspaceID },
	callvault.Systems:        func(c *gong.Call) *string { return c.System },
}

// wantNames reports where names are others than those of these calls: the slow, obvious way.
func wantNames(t testing.TB, reads callvault.Reads, calls []callvault.Call) {
	t.Helper()
	parsed := make([]gong.Call, len(calls))
	for i := range calls {
		var err error
		if parsed[i], err = gong.ParseCall(calls[i].Document); err != nil {
			t.Fatal(err)
		}
	}
	for field, value := range fields {
		named := make(map[string]callvault.Name)
		for i := range calls {
			if v := value(&parsed[i]); v != nil && *v != "" {
				n, there := named[*v]
				if n.Name = *v; !there || calls[i].Time < n.First {
					n.First = calls[i].Time
				}
				n.Calls++
				named[*v] = n
			}
		}
		var want []callvault.Name
		for _, n := range named {
			want = append(want, n)
		}
		slices.SortFunc(want, byName)
		same(t, fmt.Sprintf("names of field %d", field), namesIn(t, reads, field), want)
	}
}

// namesIn are all names of a field, in order.
func namesIn(t testing.TB, reads callvault.Reads, field callvault.Field) (names []callvault.Name) {
	t.Helper()
	err := reads.Names(t.Context(), field, func(n callvault.Name) error {
		names = append(names, n)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(names, byName)
	return names
}

func byName(a, b callvault.Name) int { return cmp.Compare(a.Name, b.Name) }

// named are calls of a few hosts, some of them rare, of systems and of workspaces.
func named(t testing.TB, n int, random *rand.Rand) []callvault.Call {
	calls := make([]callvault.Call, n)
	for i := range calls {
		host := random.IntN(1 + random.IntN(40))
		calls[i] = Sample{
			ID: fmt.Sprint(1 + i), Time: day + callvault.Time(random.IntN(n))*hour, Title: padding(random.IntN(9)),
			Host: []string{"", fmt.Sprint(1000 + host)}[min(host, 1)], Workspace: []string{"", "7", "70", "700"}[random.IntN(4)],
			System: []string{"", "Zoom", "Teams", "PBX"}[random.IntN(4)],
		}.Call(t)
	}
	return calls
}

// Whatever is put, changed, moved and deleted, names, their calls and their first calls are
// those of the calls, of each company on its own.
func namesAreThoseOfTheCalls(t *testing.T, open Open) {
	store, random := open(t), rand.New(rand.NewPCG(4, 4))
	calls := store.Calls(acme)
	wantNames(t, calls, nil)
	there, others := named(t, 400, random), named(t, 30, random)
	put(t, store.Calls(other), others...)
	put(t, calls, there...)
	wantNames(t, calls, there)
	again := named(t, 400, random) // the same ids
	for len(again) > 0 {
		n := min(len(again), 1+random.IntN(90))
		for _, c := range again[:n] {
			there[slices.IndexFunc(there, func(t callvault.Call) bool { return t.ID == c.ID })] = c
		}
		put(t, calls, again[:n]...)
		wantNames(t, calls, there)
		again = again[n:]
	}
	put(t, calls, there...)
	wantNames(t, calls, there)
	there = matching(there, all())
	for random.IntN(2) == 0 || len(there) > 0 {
		n := min(len(there), 1+random.IntN(50))
		if deleted, err := calls.DeleteFirst(t.Context(), all(), n); err != nil || deleted != n {
			t.Fatal(deleted, err)
		}
		there = there[n:]
		var ids []string
		for range min(len(there), random.IntN(30)) {
			i := random.IntN(len(there))
			ids = append(ids, there[i].ID.String())
			there = slices.Delete(there, i, i+1)
		}
		remove(t, calls, ids...)
		wantNames(t, calls, there)
	}
	wantNames(t, store.Calls(other), others)
	wantNames(t, store.Calls("nobody"), nil)
	wantSound(t, store)
}

// A name is the value of the call's own field, whatever stands in other fields and whatever
// characters it has. Of a long one the first 200 characters are kept.
func namesAreWhatDocumentsSay(t *testing.T, open Open) {
	store := open(t)
	calls := store.Calls(acme)
	var all []callvault.Call
	for i, value := range []string{
		`"`, `\`, `\\`, `a"b`, `a\"b`, "a\tb\u2028é\x01", `,"system":"Zoom`, `","primaryUserId":"7","system":"Zoom`, `null`, ` `, "é", "Z", "é\\", "1", strings.Repeat("é", 200),
	} {
		c := Bare(fmt.Sprint(i + 1))
		c.Title, c.PrimaryUserID, c.System = &value, &value, new(value+"x"[len(value)/400:])
		c.Further = []gong.Field{{Name: "primaryUserId2", Value: []byte(`{"a":1,"primaryUserId":"8","system":"further"}`)}}
		all = append(all, NewCall(t, c))
		c.ID, c.PrimaryUserID, c.System = c.ID+"00", nil, new("")
		all = append(all, NewCall(t, c))
	}
	put(t, calls, all...)
	wantNames(t, calls, all)
	long := Bare("9999")
	long.System = new(strings.Repeat("é", 200) + strings.Repeat(`\`, 20_000))
	put(t, calls, NewCall(t, long))
	if names := namesIn(t, calls, callvault.Systems); !slices.ContainsFunc(names, func(n callvault.Name) bool { return n.Name == strings.Repeat("é", 200) && n.Calls == 2 }) {
		t.Errorf("the long name is missing among %v", names)
	}
	wantSound(t, store)
	var ids []string
	for _, c := range all {
		ids = append(ids, c.ID.String())
	}
	remove(t, calls, append(ids, "9999")...)
	wantNames(t, calls, nil)
	wantSound(t, store)
}

// A batch may have as many names as calls, and lose them all.
func batchHasManyNames(t *testing.T, open Open) {
	store := open(t)
	calls := store.Calls(acme)
	var batch []callvault.Call
	for i := range 2000 {
		batch = append(batch, Sample{ID: fmt.Sprint(i), Time: day + callvault.Time(i), Host: fmt.Sprint(i % 1600), System: fmt.Sprint(i)}.Call(t))
	}
	put(t, calls, batch...)
	wantNames(t, calls, batch)
	if n, err := calls.DeleteFirst(t.Context(), all(), 1999); err != nil || n != 1999 {
		t.Error(n, err)
	}
	wantNames(t, calls, batch[1999:])
	wantSound(t, store)
}

// Many names at once find their next calls, also behind thousands of calls of one time.
func namesFindCallsThatAreFar(t *testing.T, open Open) {
	store, random := open(t), rand.New(rand.NewPCG(4, 7))
	calls := store.Calls(acme)
	var there []callvault.Call
	for i := range 9_900 {
		c := Sample{ID: fmt.Sprint(1 + i), Time: day, Host: fmt.Sprint(i % 7), Workspace: "7", System: "Zoom"}
		if i >= 9_000 { // some before the others and some behind them
			c.Time += callvault.Time(random.IntN(9) - 4)
			c.Host, c.Workspace, c.System = fmt.Sprint(100+random.IntN(300)), fmt.Sprint(random.IntN(30)), fmt.Sprint(random.IntN(90))
		}
		there = append(there, c.Call(t))
	}
	put(t, calls, there...)
	there = matching(there, all())
	for _, n := range []int{90, 90, 90, 9_100, 150} {
		if deleted, err := calls.DeleteFirst(t.Context(), all(), n); err != nil || deleted != n {
			t.Fatal(deleted, err)
		}
		there = there[n:]
		var ids []string
		for range 30 {
			i := random.IntN(min(len(there), 100))
			ids = append(ids, there[i].ID.String())
			there = slices.Delete(there, i, i+1)
		}
		remove(t, calls, ids...)
		wantNames(t, calls, there)
	}
	wantSound(t, store)
}

// A store that is loaded with records has the names of the calls, also where they replace
// others or tombstones do, and none when it is emptied.
func loadedCallsHaveTheirNames(t *testing.T, open Open) {
	store, random := open(t), rand.New(rand.NewPCG(4, 5))
	calls := store.Calls(acme)
	first, second := named(t, 200, random), named(t, 300, random)
	var loaded []callvault.Record
	for i, c := range first {
		loaded = append(loaded, callvault.Record{Number: int64(i + 1), Call: c})
	}
	load(t, store, acme, loaded)
	wantNames(t, calls, first)
	loaded = nil
	var there []callvault.Call
	for i, c := range second {
		r := callvault.Record{Number: int64(1000 + i), Call: c}
		if i%4 == 0 {
			r.Deleted, r.Call = true, callvault.Call{ID: c.ID}
		} else {
			there = append(there, c)
		}
		loaded = append(loaded, r)
	}
	load(t, store, acme, loaded)
	wantNames(t, calls, there)
	wantSound(t, store)
	if err := store.Empty(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantNames(t, calls, nil)
	wantSound(t, store)
	put(t, calls, first...)
	wantNames(t, calls, first)
}

// A snapshot has the names of its moment.
func snapshotHasItsNames(t *testing.T, open Open) {
	store, batch := open(t), named(t, 50, rand.New(rand.NewPCG(4, 6)))
	put(t, store.Calls(acme), batch...)
	err := store.Snapshot(t.Context(), func(s callvault.Snapshot) error {
		wantNames(t, s.Calls(acme), batch)
		remove(t, open(t).Calls(acme), batch[0].ID.String(), batch[1].ID.String())
		wantNames(t, s.Calls(acme), batch)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantNames(t, store.Calls(acme), batch[2:])
}

// Package storetest is the laws of a store, for every engine, and sample calls.
// callvault.Store and callvault.Calls state the laws; here each is a test.
//
// An engine's test hands Run a function that makes a store, and that is all:
// no law names an engine or asks for one. A bug that was found in one engine
// becomes a law here, and so a law for all.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

// Open opens one store, the same at every call, as another process would: the
// handles share nothing but the store. It stops the test when it fails, and
// sees to it that the handle is closed when the test ends, if it is open still.
type Open func(t testing.TB) callvault.Store

// law is one thing that holds for every store.
type law struct {
	name string
	test func(t *testing.T, open Open)
}

// Run tests that a store keeps the laws. For each law fresh makes a new, empty
// store; laws are tested several at a time.
func Run(t *testing.T, fresh func(t testing.TB) Open) {
	for _, l := range slices.Concat(
		documentLaws(), orderLaws(), momentLaws(), pageLaws(), putLaws(), guardLaws(), deleteLaws(), numberLaws(), nameLaws(), viewLaws(), readLaws(), timelineLaws(),
		atomicLaws(), companyLaws(), keyLaws(), quotaLaws(), secondLaws(), lifetimeLaws(), poolLaws(), cancelLaws(), concurrentLaws(), snapshotLaws(), copyLaws(), modelLaws(), directoryLaws(), mirrorLaws(), apartLaws(), feedLaws(),
	) {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.test(t, fresh(t))
		})
	}
}

// Damage changes the rows of a store behind its back, as a disk does, by one statement of
// SQL: all engines name their tables and columns alike.
type Damage func(t testing.TB, statement string)

// RunDamaged tests laws of damaged stores. Fresh makes a new, empty store, and what damages it.
func RunDamaged(t *testing.T, fresh func(t testing.TB) (Open, Damage)) {
	t.Run("damage is repaired", func(t *testing.T) { damageIsRepaired(t, fresh) })
	t.Run("damage of a mirror is repaired", func(t *testing.T) { damageOfMirrorIsRepaired(t, fresh) })
	t.Run("damage of facts is repaired", func(t *testing.T) { damageOfFactsIsRepaired(t, fresh) })
	for _, l := range []struct {
		name string
		test func(t *testing.T, open Open, damage Damage)
	}{
		{"a repair tells who follows the changes", repairTellsWhoFollows},
		{"a call whose document is lost is there", lostDocumentIsThere},
		{"a damaged entry is an error", damagedEntryIsAnError},
		{"a damaged value is an error", damagedValueIsAnError},
	} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			open, damage := fresh(t)
			l.test(t, open, damage)
		})
	}
}

// Whatever is wrong is found, and made right so that nothing is found any more; calls that are
// there stay. What can't be brought back is changed only when the loss is accepted. The number
// never falls, and a new timeline begins unless only counts or keys were wrong.
func damageIsRepaired(t *testing.T, fresh func(t testing.TB) (Open, Damage)) {
	const twice = `INSERT INTO documents (company, time, id, workspace, number, checksum, document)
		SELECT company, time + 100, id, workspace, number, checksum, document FROM documents WHERE time = 4`
	for _, tt := range []struct {
		name        string
		damage      []string
		found, done string
		calls       int
		loss        bool // to be accepted
		goesOn      bool // on its timeline
	}{
		{"a count that is missing", []string{`DELETE FROM counts WHERE level = 0 AND workspace <> ''`},
			"0 calls counted, but 10 found", "corrected 1 counts", 10, true, false},
		{"a digest", []string{`UPDATE counts SET digest = digest + 1 WHERE level = 0 AND workspace = '' AND bucket = 0`},
			"differ from those that were last written", "corrected 1 counts", 10, true, false},
		{"a number of a count", []string{`UPDATE counts SET number = 3 WHERE level = 2`},
			"is recorded as number 3, but a call has number 10", "corrected 2 counts", 10, false, true},
		{"an id that is missing", []string{`DELETE FROM ids WHERE number = 5`},
			"call 5 is not where the table ids has it", "restored the ids of 1 calls", 10, false, false},
		{"an id that looks elsewhere", []string{`UPDATE ids SET time = time + 1 WHERE number = 5`},
			"call 5 is missing, but the table ids has it", "restored the ids of 1 calls", 10, false, false},
		{"an id of another number", []string{`UPDATE ids SET number = 20 WHERE number = 5`},
			"call 5 is not where the table ids has it", "restored the ids of 1 calls", 10, false, false},
		{"an id of another's number", []string{`UPDATE ids SET number = 3 WHERE number = 5`},
			"number 3 belongs to 2 ids", "restored the ids of 1 calls", 10, false, false},
		{"a document that is missing", []string{`DELETE FROM documents WHERE time = 4`},
			"call 5 is missing, but the table ids has it", "removed 1 ids whose calls are missing", 9, true, false},
		{"a letter of a document", []string{`UPDATE documents SET document = '{ }' WHERE time = 4`},
			"call 5 is damaged: its checksum does not match", "removed 1 damaged calls", 9, true, false},
		{"another time", []string{`UPDATE documents SET time = 44 WHERE time = 4`},
			"call 5 is damaged: its checksum does not match", "removed 1 damaged calls", 9, true, false},
		{"another checksum", []string{`UPDATE documents SET checksum = checksum + 1 WHERE time = 4`},
			"call 5 is damaged: its checksum does not match", "removed 1 damaged calls", 9, true, false},
		{"a malformed id", []string{`UPDATE documents SET id = '5' WHERE time = 4`},
			"is damaged: ", "removed 1 damaged calls", 9, true, false},
		{"a call that stands twice", []string{twice},
			"call 5 is damaged: its checksum does not match", "removed 1 damaged calls", 10, false, false},
		{"a call that stands twice and whose id is lost", []string{twice, `DELETE FROM ids WHERE number = 5`},
			"call 5 is not where the table ids has it", "restored the ids of 1 calls", 10, false, false},
		{"a number that is there twice", []string{`UPDATE ids SET number = 3 WHERE number = 5`, `UPDATE documents SET number = 3 WHERE number = 5`},
			"number 3 belongs to 2 ids", "removed 1 damaged calls", 9, true, false},
		{"a tombstone", []string{`UPDATE ids SET checksum = checksum + 1 WHERE time IS NULL`},
			"the tombstone of call 99 is damaged", "removed 1 damaged tombstones", 10, true, false},
		{"a tombstone's number", []string{`UPDATE ids SET number = 70 WHERE time IS NULL`},
			"the tombstone of call 99 is damaged", "removed 1 damaged tombstones", 10, true, false},
		{"a tombstone of no id", []string{`UPDATE ids SET id = '99' WHERE time IS NULL`},
			" is damaged: ", "removed 1 damaged tombstones", 10, true, false},
		{"a counter that is behind", []string{`UPDATE companies SET number = 7`},
			"the latest number is 7, but the table ids has 12", "raised the latest number", 10, false, false},
		{"a key", []string{`UPDATE keys SET scopes = 'everything'`}, "key K is damaged", "removed the damaged key K", 10, true, true},
		{"a letter of a user", []string{`UPDATE directory SET document = '{ }' WHERE kind = 'users'`},
			"user 8 is damaged: its checksum does not match", "removed 1 damaged users and workspaces", 10, true, true},
		{"a user that became a workspace", []string{`UPDATE directory SET kind = 'workspaces' WHERE kind = 'users'`},
			"workspace 8 is damaged: its checksum does not match", "removed 1 damaged users and workspaces", 10, true, true},
		{"an unknown kind", []string{`UPDATE directory SET kind = ''`},
			" 8 is damaged: its checksum does not match", "removed 1 damaged users and workspaces", 10, true, true},
		{"a workspace of no id", []string{`UPDATE directory SET kind = 'workspaces', id = '8'`},
			"is damaged: its checksum does not match", "removed 1 damaged users and workspaces", 10, true, true},
		{"a count of a name", []string{`UPDATE names SET calls = calls + 1`},
			"workspaceId \"7\": 11 calls counted, but 10 found", "corrected 1 names", 10, false, true},
		{"a name that is missing", []string{`DELETE FROM names`},
			"workspaceId \"7\": 0 calls counted, but 10 found", "corrected 1 names", 10, false, true},
		{"a name too many", []string{`INSERT INTO names SELECT company, 0, 3, 'somebody', 4, 5 FROM names`},
			"primaryUserId \"somebody\": 4 calls counted, but 0 found", "corrected 1 names", 10, false, true},
		{"a name in place of another", []string{`UPDATE names SET name = '00000000000000000070'`},
			"workspaceId \"70\": 10 calls counted, but 0 found", "corrected 2 names", 10, false, true},
		{"the time of a first call", []string{`UPDATE names SET first = 2`},
			"workspaceId \"7\": its first call is recorded at 1970-01-01T00:00:00.000002Z, but is at 1970-01-01T00:00:00Z", "corrected 1 names", 10, false, true},
		{"everything", []string{`DELETE FROM counts`, `DELETE FROM names`, `DELETE FROM ids`, `UPDATE companies SET number = 0`},
			"0 calls counted", "restored the ids of 10 calls", 10, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			open, damage := fresh(t)
			store := open(t)
			calls := store.Calls(acme)
			var batch []callvault.Call
			for i, id := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"} {
				batch = append(batch, Sample{ID: id, Time: callvault.Time(i), Workspace: "7"}.Call(t))
			}
			put(t, calls, batch...)
			put(t, calls, Sample{ID: "99", Time: day}.Call(t))
			remove(t, calls, "99")
			addKeys(t, store, key("K", acme))
			putEntries(t, store.Directory(acme), callvault.Users, entry(t, callvault.Users, "8", "A"))
			for _, statement := range tt.damage {
				damage(t, statement)
			}
			first, number := timelines(t, store, acme), latest(t, calls)
			if found := told(t, store.Check); !strings.Contains(found, tt.found) {
				t.Errorf("found %s, want %s", found, tt.found)
			}
			accept := callvault.NoLoss
			if tt.loss {
				err := store.Repair(t.Context(), accept, func(done string) { t.Errorf("did %s without accepting a loss", done) })
				if found := told(t, store.Check); !errors.Is(err, callvault.ErrLoss) || !strings.Contains(found, tt.found) {
					t.Errorf("without accepting a loss: %v, and then found %s", err, found)
				}
				accept = callvault.AcceptLoss
			}
			repair := func(ctx context.Context, report func(string)) error { return store.Repair(ctx, accept, report) }
			if done := told(t, repair); !strings.Contains(done, tt.done) {
				t.Errorf("did %s, want %s", done, tt.done)
			}
			wantSound(t, store)
			if got := latest(t, calls); got < number {
				t.Errorf("the latest number fell from %d to %d", number, got)
			}
			if got := timelines(t, store, acme); len(got) != 1 || got[0].From != 0 || (got[0] == first[0]) != tt.goesOn {
				t.Errorf("the timelines are %v, and were %v", got, first)
			}
			if got := count(t, calls, all()); got != tt.calls {
				t.Errorf("counts %d calls, want %d", got, tt.calls)
			}
		})
	}
}

// latest is the number of a company.
func latest(t testing.TB, calls callvault.Calls) int64 {
	t.Helper()
	number, err := calls.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// told is what a check or a repair reports.
func told(t testing.TB, run func(context.Context, func(string)) error) string {
	t.Helper()
	var lines []string
	if err := run(t.Context(), func(line string) { lines = append(lines, line) }); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// Where what stands apart contradicts the calls, check says so, and a repair makes it follow
// them: no call changes, and no timeline begins. A damaged value is a loss.
func damageOfMirrorIsRepaired(t *testing.T, fresh func(t testing.TB) (Open, Damage)) {
	for _, tt := range []struct {
		what, damage, found, done string
		loss                      bool
		left                      int // calls that stand apart
	}{
		{"another time", `UPDATE apart SET here = here + 1 WHERE kind = 2`, "call 2 stands apart from the mirror, but is not where", "how 1 calls stand apart", false, 4},
		{"a call that is not there", `UPDATE apart SET id = '00000000000000000777' WHERE kind = 1`, "call 777 stands apart", "how 1 calls", false, 3},
		{"a withheld call that is there", `UPDATE apart SET id = '00000000000000000005' WHERE kind = 3`, "call 5 is withheld from the mirror, but is there", "how 1 calls", false, 3},
		{"no mirror", `DELETE FROM mirrors`, "4 calls stand apart, but the company has no mirror", "how 4 calls", false, 0},
		{"a letter of a value", `UPDATE mirror_values SET value = '2'`, "the mirror's value a/b is damaged: its checksum does not match", "removed 1 damaged values of the mirror", true, 4},
		{"another key", `UPDATE mirror_values SET key = 'c'`, "the mirror's value c is damaged", "removed 1 damaged values", true, 4},
	} {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			open, damage := fresh(t)
			store := open(t)
			calls, m := store.Calls(acme), store.Mirror(acme)
			var batch []callvault.Call
			for i := range 5 {
				batch = append(batch, Sample{ID: fmt.Sprint(i + 1), Time: day + callvault.Time(i)}.Call(t))
			}
			put(t, calls, batch...)
			commit(t, m, takeLease(t, m), callvault.MirrorChange{
				Calls: callvault.NewBatch(slices.Clone(batch[1:])), Keep: []callvault.ID{batch[1].ID},
				Strange: map[callvault.ID]callvault.Time{batch[3].ID: day - 7}, Values: map[string][]byte{"a/b": []byte("1")},
			})
			remove(t, calls, "3")
			before, began := changes(t, calls), timelines(t, store, acme)
			damage(t, tt.damage)
			if found := told(t, store.Check); !strings.Contains(found, tt.found) {
				t.Errorf("found %s, want %s", found, tt.found)
			}
			accept := callvault.NoLoss
			if tt.loss {
				if err := store.Repair(t.Context(), accept, func(done string) { t.Errorf("did %s", done) }); !errors.Is(err, callvault.ErrLoss) {
					t.Errorf("without accepting a loss: %v", err)
				}
				accept = callvault.AcceptLoss
			}
			repair := func(ctx context.Context, report func(string)) error { return store.Repair(ctx, accept, report) }
			if done := told(t, repair); !strings.Contains(done, tt.done) {
				t.Errorf("did %s, want %s", done, tt.done)
			}
			wantSound(t, store)
			same(t, "changes", changes(t, calls), before)
			same(t, "timelines", timelines(t, store, acme), began)
			if n := len(apart(t, m)); n != tt.left {
				t.Errorf("%d calls stand apart, want %d", n, tt.left)
			}
		})
	}
}

// A value that is not what was written is an error and never an answer.
func damagedValueIsAnError(t *testing.T, open Open, damage Damage) {
	m := open(t).Mirror(acme)
	commit(t, m, takeLease(t, m), callvault.MirrorChange{Values: map[string][]byte{"a": []byte("1"), "b": []byte("2")}})
	damage(t, `UPDATE mirror_values SET value = '3' WHERE key = 'b'`)
	var wrong *callvault.DamageError
	err := m.Values(t.Context(), "", func(key string, _ []byte) error {
		if key != "a" {
			t.Errorf("visited %s", key)
		}
		return nil
	})
	if !errors.As(err, &wrong) || wrong.Company != acme || wrong.Value != "b" {
		t.Errorf("got %v", err)
	}
}

// BenchMirror is what the operations of a mirror cost: to take a company of a million calls
// for the first time, the weight of a range with 100,000 calls apart, and the commit of a page
// of 100 calls that are new, or all there.
func BenchMirror(b *testing.B, open Open) {
	store := open(b)
	calls, m := store.Calls(acme), store.Mirror(acme)
	fill := func(n int) {
		for from := 0; from < n; from += 10_000 {
			batch := make([]callvault.Call, 10_000)
			for i := range batch {
				batch[i] = Sample{ID: fmt.Sprint(from + i), Time: day + callvault.Time(from+i)*minute, Title: padding(400)}.Call(b)
			}
			put(b, calls, batch...)
		}
	}
	page := func(from int, title string) (change callvault.MirrorChange) {
		batch := make([]callvault.Call, 100)
		for i := range batch {
			batch[i] = Sample{ID: fmt.Sprint(from + i), Time: day + callvault.Time(from+i)*minute, Title: title}.Call(b)
		}
		return callvault.MirrorChange{Calls: callvault.NewBatch(batch), Values: map[string][]byte{"span/1": []byte(`{"start":1,"read":2}`)}}
	}
	fill(100_000)
	lease := takeLease(b, m)
	b.Run("weight of 100,000", func(b *testing.B) {
		for b.Loop() {
			if n := weight(b, m, callvault.AllTime); n != -100_000 {
				b.Fatal(n)
			}
		}
	})
	b.Run("commit of 100 new", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			commit(b, m, lease, page(10_000_000+100*i, padding(400)))
		}
	})
	b.Run("commit of 100 there", func(b *testing.B) {
		for b.Loop() {
			commit(b, m, lease, page(10_000_000, padding(400)))
		}
	})
	if err := m.End(b.Context()); err != nil {
		b.Fatal(err)
	}
	fill(1_000_000)
	b.Run("take of 1,000,000", func(b *testing.B) {
		for b.Loop() {
			takeLease(b, m)
			b.StopTimer()
			if err := m.End(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

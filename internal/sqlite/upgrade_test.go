package sqlite

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/storetest"
)

// oldStore makes a store of schema 1: calls in two workspaces and none, on both sides of 1970,
// tombstones, and a key.
func oldStore(t testing.TB, path string, calls int) {
	t.Helper()
	if _, _, err := makeFile(path); err != nil {
		t.Fatal(err)
	}
	c, err := openConn(t.Context(), path, writerCache)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	statements := []string{
		"PRAGMA application_id = 1667329132", "PRAGMA user_version = 1",
		fmt.Sprintf("INSERT INTO companies (company, name, number) VALUES (7, 'acme', %d), (8, 'empty', 0)", calls+2),
		fmt.Sprintf(`WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < %d)
			INSERT INTO documents (company, time, id, workspace, document)
			SELECT 7, (n - 10) * 200000000, printf('%%020d', n * 7919 %% 1000003), iif(n %% 3 = 0, '', printf('%%020d', n %% 3)),
				'{"id":"' || (n * 7919 %% 1000003) || '","title":"call ' || n || '"}' FROM n`, calls),
		"INSERT INTO ids (company, id, number, time) SELECT company, id, row_number() OVER (ORDER BY id), time FROM documents",
		fmt.Sprintf("INSERT INTO ids (company, id, number, time) VALUES (7, '00000000002000000001', %d, NULL), (7, '00000000002000000002', %d, NULL)", calls+1, calls+2),
		"INSERT INTO keys VALUES ('K', 'basic', 7, 'api:calls:read:basic', zeroblob(32), 5, 6, NULL)",
		"INSERT INTO quotas VALUES (7, 20000, 70)",
	}
	if err := c.script(firstTables); err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if err := c.once(statement); err != nil {
			t.Fatal(err)
		}
	}
}

// A store of schema 1 is brought up to date when it is opened: all of it is there as it was,
// sound, with one timeline.
func TestUpgrade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	const n = 3000
	oldStore(t, path, n)
	s := open(t, path)
	if s.Migrated() <= 0 || open(t, path).Migrated() != 0 || open(t, filepath.Join(t.TempDir(), "new.db")).Migrated() != 0 {
		t.Error("only this opening migrated anything")
	}
	if found := told(t, s.Check); found != "" {
		t.Errorf("found %s", found)
	}
	calls := s.Calls("acme")
	last, live := int64(0), 0
	err := calls.Changes(t.Context(), 0, -1, func(r callvault.Record) error {
		if r.Number != last+1 {
			t.Errorf("number %d comes after %d", r.Number, last)
		}
		last = r.Number
		if live++; len(r.Document) < 20 || r.ID.IsZero() {
			t.Errorf("call %s is %s", r.ID, r.Document)
		}
		return nil
	})
	if err != nil || live != n {
		t.Errorf("%d records, %v; want %d calls and no tombstone", live, err, n)
	}
	for _, q := range []callvault.Query{everything, {Range: callvault.AllTime, Workspace: mustID(t, "1")}} {
		visited := 0
		if total, err := calls.First(t.Context(), q, -1, func(callvault.Record) error { visited++; return nil }); err != nil || total != visited || total < n/3 {
			t.Errorf("%d calls of %d, %v", visited, total, err)
		}
	}
	keys, _, err := s.Keys(t.Context(), callvault.KeysVersion{})
	if err != nil || len(keys) != 1 || keys[0].Company != "acme" || !keys[0].Used.IsZero() {
		t.Errorf("keys %+v, %v", keys, err)
	}
	for _, company := range []string{"acme", "empty"} {
		if all, err := s.Calls(company).Timelines(t.Context()); err != nil || len(all) != 1 || all[0].From != 0 {
			t.Errorf("timelines of %s: %v, %v", company, all, err)
		}
	}
	if _, err := calls.Put(t.Context(), callvault.NewBatch([]callvault.Call{{ID: mustID(t, "5"), Document: []byte("{}")}})); err != nil {
		t.Error(err)
	}
	if found := told(t, s.Check); found != "" {
		t.Errorf("after a write: %s", found)
	}
}

// A store of schema 1 whose calls have lost their company stays as it is.
func TestUpgradeLosesNoCalls(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	oldStore(t, path, 10)
	c, err := openConn(t.Context(), path, writerCache)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.once("DELETE FROM companies WHERE company = 7"), c.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, errStray) {
		t.Errorf("opened with %v", err)
	}
	if c, err = openConn(t.Context(), path, readerCache); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	at, err1 := version(c)
	n, err2 := c.number("SELECT count(*) FROM documents")
	if err := errors.Join(err1, err2); err != nil || at != 1 || n != 10 {
		t.Errorf("schema %d, %d calls, %v", at, n, err)
	}
}

// A store that another process has open is not brought up to date: an older server would find
// no calls in the new tables.
func TestUpgradeIsAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	oldStore(t, path, 30)
	other, err := openConn(t.Context(), path, readerCache)
	if err != nil {
		t.Fatal(err)
	}
	before, err := version(other)
	if err != nil || before != 1 {
		t.Fatal(before, err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, errNotAlone) {
		t.Errorf("opened beside an older process: %v", err)
	}
	if at, err := version(other); err != nil || at != before {
		t.Errorf("schema %d, %v", at, err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if found := told(t, open(t, path).Check); found != "" {
		t.Errorf("found %s", found)
	}
}

// upgraded names a store for the process that is killed while it brings it up to date.
const upgraded = "CALLVAULT_TEST_UPGRADED_STORE"

// A process that is killed in the middle of it leaves the old store whole, and the next one
// brings it up to date.
func TestUpgradeIsKilled(t *testing.T) {
	if path := os.Getenv(upgraded); path != "" {
		steps[1].fill = func(c *conn) error {
			// What does not fit into its memory is in the log by then.
			if err := errors.Join(c.once("PRAGMA cache_size = 10"), c.fillChecksums()); err != nil {
				return err
			}
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			if err != nil {
				return err
			}
			select {}
		}
		_, err := Open(t.Context(), path)
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "old.db")
	const n = 2000
	oldStore(t, path, n)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), upgraded+"="+path)
	if out, err := cmd.CombinedOutput(); err == nil || len(out) > 0 {
		t.Fatalf("it was not killed: %s", out)
	}
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() < 64<<10 {
		t.Fatalf("it was killed before it wrote: %v", err)
	}
	c, err := openConn(t.Context(), path, writerCache)
	if err != nil {
		t.Fatal(err)
	}
	at, err1 := version(c)
	calls, err2 := c.number("SELECT count(*) FROM documents")
	found := 0
	err3 := c.checkStructure(func(string) { found++ })
	if err := errors.Join(err1, err2, err3, c.Close()); err != nil || at != 1 || calls != n || found > 0 {
		t.Errorf("schema %d, %d calls, %d problems, %v", at, calls, found, err)
	}
	s := open(t, path)
	if total, err := s.Calls("acme").Count(t.Context(), everything); err != nil || total != n {
		t.Errorf("%d calls, %v", total, err)
	}
	if found := told(t, s.Check); found != "" {
		t.Errorf("found %s", found)
	}
}

// A store of schema 5 gets the facts of its calls, also when they are more than are held in
// memory at once. One of schema 6, whose facts have titles only, gets them again.
func TestUpgradeMakesFacts(t *testing.T) {
	for before, statements := range map[int]string{
		5: "DROP TABLE facts",
		6: "UPDATE facts SET titles = substr(titles, 1, 99)",
	} {
		path := filepath.Join(t.TempDir(), "old.db")
		s := open(t, path)
		var batch []callvault.Call
		for i := range 500 {
			batch = append(batch, storetest.Viewed(t, i))
		}
		want := callvault.ViewQuery{Query: everything, Filter: callvault.Filter{Words: []string{"harbor nine", "cdr 2025"}}, Limit: 20}
		for _, company := range []string{"acme", "other"} {
			if _, err := s.Calls(company).Put(t.Context(), callvault.NewBatch(slices.Clone(batch))); err != nil {
				t.Fatal(err)
			}
			batch = batch[:10]
		}
		err := s.onWriter(func(c *conn) error { return c.script(fmt.Sprintf("%s; PRAGMA user_version = %d", statements, before)) })
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		s = open(t, path)
		check := func() {
			t.Helper()
			if found := told(t, s.Check); s.Migrated() <= 0 || found != "" {
				t.Errorf("from schema %d: found %s", before, found)
			}
			for _, company := range []string{"acme", "other"} {
				if v := storetest.WantView(t, s.Calls(company), want); len(v.Calls) == 0 {
					t.Errorf("from schema %d: company %s: no call has the words", before, company)
				}
			}
		}
		check()
		err = s.onWriter(func(c *conn) error { return errors.Join(c.script("DELETE FROM facts"), c.fillFacts(70)) })
		if err != nil {
			t.Fatal(err)
		}
		check()
	}
}

// BenchmarkUpgrade is what it takes to bring a store of a million calls up to date.
func BenchmarkUpgrade(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		path := filepath.Join(b.TempDir(), "old.db")
		oldStore(b, path, 1_000_000)
		before, _ := os.Stat(path)
		b.StartTimer()
		s, err := Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		log, _ := os.Stat(path + "-wal")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		after, _ := os.Stat(path)
		b.ReportMetric(float64(log.Size())/float64(before.Size()), "log/size")
		b.ReportMetric(float64(after.Size())/float64(before.Size()), "file/size")
		b.StartTimer()
	}
}

// A store of schema 3 gets the names of its calls, also when they are more than are held in
// memory at once.
func TestUpgradeMakesNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	s := open(t, path)
	const n, hosts = 500, 400
	batch := make([]callvault.Call, n)
	for i := range batch {
		batch[i] = storetest.Sample{ID: fmt.Sprint(i), Time: callvault.Time(-i), Host: fmt.Sprint(i % hosts), Workspace: "7"}.Call(t)
	}
	for _, company := range []string{"acme", "other"} {
		if _, err := s.Calls(company).Put(t.Context(), callvault.NewBatch(slices.Clone(batch))); err != nil {
			t.Fatal(err)
		}
		batch = batch[:10]
	}
	err := s.onWriter(func(c *conn) error {
		return c.script("DROP TABLE facts; DROP TABLE names; DROP TABLE mirrors; DROP TABLE mirror_values; DROP TABLE apart; PRAGMA user_version = 3")
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	check := func() {
		t.Helper()
		if found := told(t, s.Check); s.Migrated() <= 0 || found != "" {
			t.Errorf("found %s", found)
		}
		for company, want := range map[string]int{"acme": hosts, "other": 10} {
			got := 0
			if err := s.Calls(company).Names(t.Context(), callvault.Hosts, func(callvault.Name) error { got++; return nil }); err != nil || got != want {
				t.Errorf("%d hosts of %s, %v, want %d", got, company, err, want)
			}
		}
	}
	check()
	err = s.onWriter(func(c *conn) error {
		return errors.Join(c.script("DELETE FROM names; DELETE FROM facts"), c.fillNames(70), c.fillFacts(70))
	})
	if err != nil {
		t.Fatal(err)
	}
	check()
}

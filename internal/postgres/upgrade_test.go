//go:build unix

package postgres

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

// newer is what a newer program may do to the schema: a step that adds, and takes
// its locks in an order that neither readers nor writers do.
func newer(t testing.TB) plan {
	p := mustPlan(t)
	p.steps = append(slices.Clone(p.steps), step{"newer.sql", `
		ALTER TABLE callvault.counts ADD COLUMN note text NOT NULL DEFAULT '';
		ALTER TABLE callvault.ids ADD COLUMN note text NOT NULL DEFAULT '';
		ALTER TABLE callvault.documents ADD COLUMN note text NOT NULL DEFAULT '';
		ALTER TABLE callvault.quotas ADD COLUMN note text NOT NULL DEFAULT '';
		CREATE INDEX ON callvault.ids (company, number);
		ALTER TABLE callvault.companies ADD COLUMN note text NOT NULL DEFAULT '';
		ALTER TABLE callvault.store ADD COLUMN note text NOT NULL DEFAULT '';`})
	return p
}

// An older process serves and writes while a newer one brings the schema up to
// date: nothing fails in either, before and after, and nothing is lost.
func TestRollingUpgrade(t *testing.T) {
	url := database(t)
	old := open(t, url)
	var group sync.WaitGroup
	stop, begun := make(chan struct{}), make(chan struct{}, 3)
	for worker := range cap(begun) {
		group.Go(func() { useUntil(t, old, worker, begun, stop) })
	}
	for range cap(begun) {
		<-begun
	}
	upgraded, err := openAs(t, url, nil, newer(t))
	for range cap(begun) {
		<-begun // the older ones go on
	}
	close(stop)
	group.Wait()
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range []*Store{old, upgraded, open(t, url)} {
		stop := make(chan struct{})
		close(stop)
		useUntil(t, s, 10+i, make(chan struct{}, 1), stop)
	}
	err = upgraded.Check(t.Context(), func(difference string) { t.Error(difference) })
	if err != nil {
		t.Error(err)
	}
}

// useUntil writes and reads what a process writes and reads, at least once, and
// says each time that it has.
func useUntil(t *testing.T, s *Store, worker int, done chan<- struct{}, stop <-chan struct{}) {
	company := fmt.Sprint("company", worker)
	calls, everything := s.Calls(company), callvault.Query{Range: callvault.AllTime}
	for n := 0; ; n++ {
		key := callvault.Key{ID: fmt.Sprint(worker, "-", n), Kind: callvault.BasicKey, Company: company}
		_, putErr := calls.Put(t.Context(), sample(t, 30))
		met := 0
		total, firstErr := calls.First(t.Context(), everything, -1, func(callvault.Record) error { met++; return nil })
		deleted, deleteErr := calls.DeleteFirst(t.Context(), everything, 10)
		_, takeErr := s.TakeQuota(t.Context(), callvault.QuotaDay{Company: company, Day: 1, Limit: 1000}, 1)
		addErr := s.AddKey(t.Context(), key)
		revokeErr := s.RevokeKey(t.Context(), company, key.ID, time.Unix(1, 0))
		if err := errors.Join(putErr, firstErr, deleteErr, takeErr, addErr, revokeErr); err != nil || total != 30 || met != 30 || deleted != 10 {
			t.Errorf("%d calls of %d, %d deleted, %v", met, total, deleted, err)
		}
		select {
		case <-stop:
			return
		case done <- struct{}{}:
		}
	}
}

// An older program that starts on a newer schema is let in when that says so.
func TestOlderProgramStarts(t *testing.T) {
	url := database(t)
	current, ahead := mustPlan(t), newer(t)
	if _, err := openAs(t, url, nil, ahead); err != nil {
		t.Fatal(err)
	}
	s, err := openAs(t, url, nil, current)
	if err != nil {
		t.Fatalf("got %v of a schema that older programs can use", err)
	}
	if version, _, err := schemaVersion(t.Context(), s.pool); err != nil || version != len(ahead.steps) {
		t.Errorf("the schema is %d, %v, want %d", version, err, len(ahead.steps))
	}
	execute(t, s, fmt.Sprintf(`UPDATE callvault.schema SET usable_since = %d`, len(ahead.steps)))
	_, err = openAs(t, url, nil, current)
	want := fmt.Sprintf("schema %d, this one knows %d", len(ahead.steps), len(current.steps))
	if !errors.Is(err, callvault.ErrSchemaNewer) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want … %s", err, want)
	}
}

// A step does not make those who come to read wait for one who reads for long.
func TestUpgradeGivesUp(t *testing.T) {
	url := database(t)
	s := open(t, url)
	if _, err := s.Calls("acme").Put(t.Context(), sample(t, 3)); err != nil {
		t.Fatal(err)
	}
	err := s.Snapshot(t.Context(), func(snapshot callvault.Snapshot) error {
		err := snapshot.Calls("acme").Changes(t.Context(), 0, -1, func(callvault.Record) error { return nil })
		if err != nil {
			return err
		}
		impatient := newer(t)
		impatient.holdWithin = 0
		_, err = openAs(t, url, nil, impatient)
		return err
	})
	if codeOf(err) != lockNotAvailable || !strings.Contains(err.Error(), "start again when it has ended") {
		t.Errorf("got %v", err)
	}
	if _, err := openAs(t, url, nil, newer(t)); err != nil {
		t.Errorf("got %v with nobody reading", err)
	}
}

var update = flag.Bool("update", false, "add to testdata/statements what this program asks of its schema")

// statementsOf is the file with the statements of the programs of a schema.
func statementsOf(version int) string {
	return filepath.Join("testdata", "statements", fmt.Sprintf("%04d.sql", version))
}

func readStatements(version int) ([]string, error) {
	content, err := os.ReadFile(statementsOf(version))
	return strings.Split(strings.TrimSuffix(string(content), ";\n"), ";\n"), err
}

// keep compares what was recorded with the file of this schema's programs, and
// with -update adds it there. What is in the file stays: some program may ask it.
func (r *recorder) keep(t *testing.T) {
	t.Helper()
	version := len(mustPlan(t).steps)
	kept, err := readStatements(version)
	if err != nil && !(*update && os.IsNotExist(err)) {
		t.Fatal(err)
	}
	for _, repair := range []string{removeTwiceSQL, followSQL, removeGoneSQL, raiseNumberSQL, setNamesSQL, removeNamesSQL, clearFactsSQL} { // no law has a store in which something is wrong
		r.statements[repair] = true
	}
	var missing []string
	for statement := range r.statements {
		if isAsked(statement) && !slices.Contains(kept, statement) {
			missing = append(missing, statement)
		}
	}
	if len(missing) == 0 {
		return
	}
	if !*update {
		t.Errorf("%s lacks what this program asks; -update adds it:\n%s", statementsOf(version), strings.Join(missing, "\n"))
		return
	}
	kept = slices.DeleteFunc(append(kept, missing...), func(s string) bool { return s == "" })
	slices.Sort(kept)
	if err := os.WriteFile(statementsOf(version), []byte(strings.Join(kept, ";\n")+";\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// isAsked tells whether a statement is one of a program that runs, and not of a
// migration. VACUUM is nothing that a server prepares.
func isAsked(statement string) bool {
	return strings.Contains(statement, "callvault.") && !strings.Contains(statement, "CREATE ") && !strings.HasPrefix(statement, "ALTER ") && !strings.HasPrefix(statement, "VACUUM")
}

// What the programs of older schemas ask, as far as they are let in, is answered
// by the latest.
func TestOlderStatements(t *testing.T) {
	s := open(t, database(t))
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for version := usableSince; version <= len(mustPlan(t).steps); version++ {
		statements, err := readStatements(version)
		if err != nil || len(statements) < 10 {
			t.Fatalf("%d statements of schema %d, %v", len(statements), version, err)
		}
		for _, statement := range statements {
			if _, err := conn.Conn().Prepare(t.Context(), "", statement); err != nil {
				t.Errorf("a program of schema %d asks\n%s\nand is answered: %v", version, statement, err)
			}
		}
	}
}

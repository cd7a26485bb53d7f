//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/postgrestest"
	"github.com/callvault/callvault/internal/storetest"
)

// sample is a batch of n calls.
func sample(t testing.TB, n int) callvault.Batch {
	t.Helper()
	var calls []callvault.Call
	for i := range n {
		calls = append(calls, storetest.Sample{ID: fmt.Sprint(i + 1), Time: callvault.Time(i) * 1e9, Workspace: "7"}.Call(t))
	}
	return callvault.NewBatch(calls)
}

// While a writer has the row of one company, those of another go on, and so
// does every reader. A writer of the same company waits, until it is cancelled,
// and then its statement is gone from the server.
func TestCompaniesDoNotWait(t *testing.T) {
	s := open(t, database(t))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	busy, other := s.Calls("busy"), s.Calls("other")
	if _, err := busy.Put(ctx, sample(t, 3)); err != nil {
		t.Fatal(err)
	}
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, writeSQL, "busy", []string{key(9)}, []int64{9}, []string{""}, []string{"{}"}, []int64{1}); err != nil {
		t.Fatal(err)
	}

	if _, err := other.Put(ctx, sample(t, 5)); err != nil {
		t.Error(err)
	}
	if n, err := other.DeleteFirst(ctx, callvault.Query{Range: callvault.AllTime}, 1); err != nil || n != 1 {
		t.Errorf("deleted %d, %v", n, err)
	}
	for _, company := range []string{"busy", "other", "new"} {
		if n, err := s.TakeQuota(ctx, callvault.QuotaDay{Company: company, Day: 1, Limit: 9}, 1); err != nil || n != 1 {
			t.Errorf("took %d of company %s, %v", n, company, err)
		}
		if err := s.AddKey(ctx, callvault.Key{ID: company, Kind: callvault.BasicKey, Company: company}); err != nil {
			t.Error(err)
		}
	}
	if n, err := busy.Count(ctx, callvault.Query{Range: callvault.AllTime}); err != nil || n != 3 {
		t.Errorf("the company counts %d calls, %v", n, err)
	}

	waiting, giveUp := context.WithCancel(ctx)
	defer giveUp()
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := busy.Put(waiting, sample(t, 3)); !errors.Is(err, context.Canceled) {
			t.Errorf("the writer that waited: %v", err)
		}
	})
	waitFor(ctx, t, s, 1)
	giveUp()
	waitFor(ctx, t, s, 0)
	group.Wait()
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := busy.Count(ctx, callvault.Query{Range: callvault.AllTime}); err != nil || n != 4 {
		t.Errorf("the company counts %d calls, %v", n, err)
	}
}

// A yielding batch is given up between its parts when somebody has waited for it long enough. What
// waits for others, or not long, does not count.
func TestYieldingBatchGivesWay(t *testing.T) {
	url := database(t)
	s, other := open(t, url), open(t, url)
	other.patience = 0
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	company := s.Calls("acme")
	if _, err := company.Put(ctx, sample(t, 1)); err != nil {
		t.Fatal(err)
	}
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if err := lock(ctx, tx, "acme"); err != nil {
		t.Fatal(err)
	}
	s.patience = 0
	batch := newChange(companyRows{s, ctx, tx, "acme"})
	if err := batch.yield(); err != nil {
		t.Errorf("nobody waits: %v", err)
	}
	var group sync.WaitGroup
	yielded := make(chan error, 1)
	group.Go(func() {
		for {
			_, err := other.Calls("acme").Put(ctx, sample(t, maxCalls+1).Yielding())
			if err != nil {
				yielded <- err
				return
			}
		}
	})
	waitFor(ctx, t, s, 1)
	if err := batch.yield(); !errors.Is(err, callvault.ErrYielded) {
		t.Errorf("somebody waits: %v", err)
	}
	s.patience = time.Hour
	if err := batch.yield(); err != nil {
		t.Errorf("somebody has not waited for an hour: %v", err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	for err = nil; err == nil; { // until one comes in the middle
		select {
		case err = <-yielded:
		default:
			if _, putErr := company.Put(ctx, sample(t, 2)); putErr != nil {
				t.Fatal(putErr)
			}
		}
	}
	if !errors.Is(err, callvault.ErrYielded) {
		t.Error(err)
	}
	group.Wait()
}

// waitFor asks the server until so many statements of this database wait for a
// lock.
func waitFor(ctx context.Context, t *testing.T, s *Store, want int) {
	t.Helper()
	for got := -1; got != want; {
		err := s.pool.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&got)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Many writers of many companies, keys and quotas at once never wait for each
// other in a circle: PostgreSQL would end one of them.
func TestNoDeadlocks(t *testing.T) {
	s := open(t, database(t))
	query := callvault.Query{Range: callvault.AllTime}
	var group sync.WaitGroup
	for worker := range 6 {
		group.Go(func() {
			for i := range 12 {
				company := fmt.Sprint("c", (worker+i)%3)
				calls := s.Calls(company)
				var errs [5]error
				_, errs[0] = calls.Put(t.Context(), sample(t, 20))
				_, errs[1] = calls.DeleteFirst(t.Context(), query, 15)
				errs[2] = s.AddKey(t.Context(), callvault.Key{ID: fmt.Sprint(worker, "-", i), Kind: callvault.BasicKey, Company: company})
				errs[3] = s.RevokeKey(t.Context(), company, fmt.Sprint(worker, "-", i), time.Unix(1, 0))
				_, errs[4] = s.TakeQuota(t.Context(), callvault.QuotaDay{Company: company, Day: 100 + 20*(i%2), Limit: 1000}, 1)
				if err := errors.Join(errs[:]...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// Connections that break give errors at most once each; then all is well.
func TestBrokenConnections(t *testing.T) {
	url := database(t)
	s := open(t, url)
	calls, query := s.Calls("acme"), callvault.Query{Range: callvault.AllTime}
	if _, err := calls.Put(t.Context(), sample(t, 10)); err != nil {
		t.Fatal(err)
	}
	broken := 0
	err := calls.Scan(t.Context(), query, query.Start(), -1, func(callvault.Record) error {
		if broken == 0 {
			postgrestest.Execute(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		}
		broken++
		return nil
	})
	if err == nil && broken != 10 { // a page may be here before its connection breaks
		t.Errorf("met %d calls and no error", broken)
	}
	for failures := 0; ; failures++ {
		n, err := calls.Count(t.Context(), query)
		if err == nil && n == 10 {
			break
		}
		if failures > int(s.pool.Config().MaxConns) {
			t.Fatalf("counts %d, %v", n, err)
		}
	}
	if result, err := calls.Put(t.Context(), sample(t, 10)); err != nil || result.Unchanged != 10 {
		t.Errorf("put: %+v, %v", result, err)
	}
}

// A visitor's error stops the query on the server: what is left is not read.
func TestVisitorsErrorStopsTheQuery(t *testing.T) {
	s := open(t, database(t))
	stop, n := errors.New("enough"), 0
	err := s.each(t.Context(), func(pgx.Rows) error {
		n++
		return stop
	}, `SELECT generate_series(1, 4000000000000)`) // would take weeks
	if err != stop || n != 1 {
		t.Errorf("%d visits, %v", n, err)
	}
	if _, err := s.Companies(t.Context()); err != nil {
		t.Error(err)
	}
}

// A connection on which a query was stopped is not used again: the request to stop
// may reach the server late, and would stop somebody else's query.
func TestStoppedConnection(t *testing.T) {
	s := open(t, database(t)+"&pool_max_conns=1")
	backend := func() (pid int) {
		if err := s.pool.QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	before := backend()
	if again := backend(); again != before {
		t.Errorf("the backend was %d and is %d, though nothing was stopped", before, again)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := s.each(ctx, func(pgx.Rows) error { cancel(); return nil }, `SELECT generate_series(1, 4000000000000)`)
	if err != context.Canceled {
		t.Errorf("got %v", err)
	}
	if after := backend(); after == before {
		t.Errorf("the backend is %d again", after)
	}
}

// A large batch goes in parts of one transaction: all of it is there or nothing.
func TestPutInParts(t *testing.T) {
	s := open(t, database(t))
	query := callvault.Query{Range: callvault.AllTime}
	batch := sample(t, 2*maxCalls+1)
	for _, company := range []string{"whole", "none"} {
		if company == "none" {
			// The last call is one that the database refuses.
			batch.Calls()[batch.Len()-1].Document = []byte("\xff")
		}
		result, err := s.Calls(company).Put(t.Context(), batch)
		n, countErr := s.Calls(company).Count(t.Context(), query)
		if countErr != nil {
			t.Fatal(countErr)
		}
		if want := 2*maxCalls + 1; company == "whole" && (err != nil || result.Created != want || n != want) {
			t.Errorf("put %+v, %v; there are %d, want %d", result, err, n, want)
		}
		if company == "none" && (err == nil || n != 0 || result != callvault.PutResult{}) {
			t.Errorf("put %+v, %v; there are %d, want none", result, err, n)
		}
	}
	names, err := s.Companies(t.Context())
	if err != nil || len(names) != 1 {
		t.Errorf("the companies are %q, %v", names, err)
	}
}

func TestChunk(t *testing.T) {
	large := make([]byte, callvault.MaxDocument)
	for _, tt := range []struct{ calls, size, want int }{
		{0, 0, 0}, {1, len(large), 1}, {maxCalls, 10, maxCalls}, {maxCalls + 1, 10, maxCalls},
		{1000, len(large), maxBytes / len(large)},
	} {
		batch := make([]callvault.Call, tt.calls)
		for i := range batch {
			batch[i].Document = large[:tt.size]
		}
		if got := chunk(batch); got != tt.want {
			t.Errorf("%d of %d calls of %d bytes, want %d", got, tt.calls, tt.size, tt.want)
		}
	}
}

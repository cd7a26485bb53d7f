package api

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/callvault/callvault"
)

// endless are calls of nobody, so many as are read in time.
type endless struct {
	callvault.Reads
	calls int
}

func (e endless) Scan(_ context.Context, _ callvault.Query, _ callvault.Position, _ int, visit func(callvault.Record) error) error {
	for range e.calls {
		if err := visit(callvault.Record{}); err != nil {
			return err
		}
	}
	return context.DeadlineExceeded
}

// A search that reads too many calls tells the client what to do. A store that is slow is
// not the client's fault.
func TestSearchesThatTakeTooLong(t *testing.T) {
	for calls, status := range map[int]int{1000: http.StatusInternalServerError, 200_000: http.StatusBadRequest} {
		c := &chosen{Reads: endless{calls: calls}, users: map[string]bool{`"1"`: true}}
		_, err := c.First(t.Context(), callvault.Query{Range: callvault.AllTime}, 1, nil)
		if told := toClient(err); told.status != status {
			t.Errorf("%d calls: got %d %q, want %d", calls, told.status, told.texts, status)
		}
	}
}

// An error of a visitor ends a scan of chosen calls, and is returned.
func TestChosenVisitors(t *testing.T) {
	s := newServer(t, Config{})
	s.put(t, "acme", call(t, "1", 1, ""), call(t, "2", 2, ""), call(t, "3", 3, ""))
	boo := errors.New("boo")
	for _, c := range []*chosen{{ids: []callvault.ID{mustID(t, "1"), mustID(t, "2")}}, {}} {
		c.Reads = s.store.Calls("acme")
		q := callvault.Query{Range: callvault.AllTime}
		visits := 0
		err := c.Scan(t.Context(), q, q.Start(), -1, func(callvault.Record) error { visits++; return boo })
		if !errors.Is(err, boo) || visits != 1 {
			t.Errorf("got %v after %d visits", err, visits)
		}
		if err := c.Scan(t.Context(), q, q.Start(), 1, func(callvault.Record) error { visits++; return nil }); err != nil || visits != 2 {
			t.Errorf("got %v after %d visits", err, visits-1)
		}
	}
}

// Choices that differ have digests that differ, so that no cursor continues the walk of another.
func TestDigests(t *testing.T) {
	id := func(texts ...string) (ids []callvault.ID) {
		for _, text := range texts {
			ids = append(ids, mustID(t, text))
		}
		return ids
	}
	const long = "12345678901234567890"
	choices := []*chosen{
		nil, {}, {ids: id(long)}, {users: map[string]bool{long: true}}, {ids: id(long), users: map[string]bool{"7": true}}, {users: map[string]bool{long + "7": true}},
		{users: map[string]bool{"10": true, "1201": true}}, {users: map[string]bool{"101": true, "201": true}}, {users: map[string]bool{"101201": true}}, {ids: id("1", "2")}, {ids: id("12")},
	}
	met := make(map[digest]int)
	for i, c := range choices {
		if other, isMet := met[c.digest()]; isMet {
			t.Errorf("choices %d and %d have one digest", other, i)
		}
		met[c.digest()] = i
	}
}

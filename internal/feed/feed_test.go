package feed

import (
	"context"
	"testing"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/changes"
)

// fixed is a company's records, whose highest number is latest, and the store that has them.
type fixed struct {
	callvault.Calls
	records []callvault.Record
	latest  int64
}

func (s fixed) Latest(context.Context) (int64, error) { return s.latest, nil }

func (s fixed) Timelines(context.Context) ([]callvault.Timeline, error) {
	return []callvault.Timeline{{ID: [8]byte{1}}}, nil
}

func (s fixed) Changes(_ context.Context, after int64, limit int, visit func(callvault.Record) error) error {
	for _, r := range s.records {
		if r.Number > after && limit > 0 {
			limit--
			if err := visit(r); err != nil {
				return err
			}
		}
	}
	return nil
}

type fixedStore struct{ calls fixed }

func (s fixedStore) Calls(string) callvault.Calls                 { return s.calls }
func (s fixedStore) CursorSecret(context.Context) ([]byte, error) { return []byte("secret"), nil }
func (s fixedStore) Snapshot(_ context.Context, f func(callvault.Snapshot) error) error {
	return f(fixedSnapshot{nil, s.calls})
}

type fixedSnapshot struct {
	callvault.Snapshot
	calls fixed
}

func (s fixedSnapshot) Calls(string) callvault.Reads { return s.calls }

// ofStore is the feed of a company with so many calls, with documents of a size.
func ofStore(t *testing.T, calls, size int, latest int64) *Feed {
	t.Helper()
	s := fixedStore{fixed{latest: latest}}
	for i := range calls {
		s.calls.records = append(s.calls.records, callvault.Record{Number: int64(i + 1), Call: callvault.Call{Document: make([]byte, size)}})
	}
	f, err := New(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// An answer from the store itself ends at 4 MiB too, unless it has one change alone.
func TestAnswersOfAStoreAreBounded(t *testing.T) {
	read := ofStore(t, 200, callvault.MaxDocument, 200).Of("acme")
	after, number := "", int64(0)
	for answers := 1; ; answers++ {
		a, err := read(t.Context(), changes.Query{After: after, Limit: changes.MaxLimit})
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, c := range a.Changes {
			if number++; c.Number != number {
				t.Fatalf("change %d follows change %d", c.Number, number-1)
			}
			size += len(c.Call)
		}
		if after = a.Next; size > MaxBytes {
			t.Errorf("an answer has documents of %d bytes", size)
		}
		if !a.More {
			if number != 200 || answers != 4 {
				t.Errorf("%d changes in %d answers", number, answers)
			}
			return
		}
	}
}

// A repair may leave out tombstones with the last numbers. A reader that has everything has still
// come to the highest number.
func TestTheLastNumbersMayBeMissing(t *testing.T) {
	for _, calls := range []int{0, 3, chunk, chunk + 1} {
		f, met := ofStore(t, calls, 2, 500), 0
		a, err := f.Read(t.Context(), "acme", Place{}, changes.MaxLimit, func(callvault.Record) error { met++; return nil })
		if err != nil || a.More || met != calls || a.Next.number != 500 || a.Next.seen != 500 {
			t.Errorf("%d calls: %d changes, %+v, %v", calls, met, a, err)
		}
	}
}

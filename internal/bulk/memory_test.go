package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// memory keeps calls in the order they were put. Only what an import uses is there.
type memory struct {
	callvault.Calls
	documents []string
	index     map[callvault.ID]int
	batches   []int
	put       func() error // before a batch is kept
}

func (m *memory) Put(ctx context.Context, batch callvault.Batch) (r callvault.PutResult, err error) {
	if m.put != nil {
		err = m.put()
	}
	if err := errors.Join(err, ctx.Err()); err != nil {
		return r, err
	}
	var others []callvault.ID
	for _, c := range batch.Calls() {
		i, known := m.index[c.ID]
		if known && batch.IsGuarded() && c.HasOtherClient(&callvault.Call{Document: []byte(m.documents[i])}) {
			others = append(others, c.ID)
		}
	}
	if len(others) > 0 {
		return r, &callvault.ClientError{IDs: others}
	}
	m.batches = append(m.batches, batch.Len())
	for _, c := range batch.Calls() {
		i, known := m.index[c.ID]
		switch {
		case !known:
			if m.index == nil {
				m.index = make(map[callvault.ID]int)
			}
			m.index[c.ID] = len(m.documents)
			m.documents = append(m.documents, string(c.Document))
			r.Created++
		case m.documents[i] != string(c.Document):
			m.documents[i] = string(c.Document)
			r.Changed++
		default:
			r.Unchanged++
		}
	}
	return r, nil
}

func (m *memory) Get(_ context.Context, ids []callvault.ID, visit func(callvault.Record) error) error {
	for _, id := range ids {
		if i, known := m.index[id]; known {
			if err := visit(callvault.Record{Call: callvault.Call{ID: id, Document: []byte(m.documents[i])}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// recorder writes down what it is told.
type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (r *recorder) add(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

func (r *recorder) Skipped(at Place, problems []gong.FieldError) {
	for _, p := range problems {
		r.add("%v: %s: %s", at, p.Field, p.Problem)
	}
}
func (r *recorder) Note(at Place, text string) { r.add("%v: %s", at, text) }
func (r *recorder) Sorted(int64)               { r.add("sorted") }
func (r *recorder) Storing()                   { r.add("storing") }
func (r *recorder) Committed(last []Place, result callvault.PutResult, _ int64) {
	r.add("committed %v %+v", last, result)
}

func source(name string, in io.Reader) Source {
	return Source{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(in), nil }}
}

func text(name string, lines ...string) Source {
	return source(name, strings.NewReader(strings.Join(lines, "\n")+"\n"))
}

const at = `"started":"2018-02-18T02:30:00Z"`

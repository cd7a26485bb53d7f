package bulk

import (
	"context"

	"github.com/callvault/callvault"
)

// putter puts one batch while the next is being filled.
type putter struct {
	current *batch      // being filled
	full    chan *batch // to be put; taken only when nothing is being put
	free    chan *batch
	done    chan struct{} // closed when the putting has ended

	result callvault.PutResult // these two are read when done
	err    error
}

func (p *putter) run(ctx context.Context, calls callvault.Calls, report Report) {
	defer close(p.done)
	for b := range p.full {
		result, err := calls.Put(ctx, callvault.NewBatch(b.calls))
		if err != nil {
			p.err = err
			return
		}
		p.result = p.result.Add(result)
		report.Committed(b.places, result)
		b.reset()
		p.free <- b
	}
}

// flush hands the current batch over, as soon as the one before it was put.
func (p *putter) flush() error {
	if len(p.current.calls) == 0 {
		return nil
	}
	select {
	case p.full <- p.current:
		p.current = <-p.free
		return nil
	case <-p.done:
		return p.err
	}
}

// offer is flush unless a batch is being put.
func (p *putter) offer() {
	if len(p.current.calls) == 0 {
		return
	}
	select {
	case p.full <- p.current:
		p.current = <-p.free
	default:
	}
}

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
		if err := p.put(ctx, calls, report, b); err != nil {
			p.err = err
			return
		}
		b.reset()
		p.free <- b
	}
}

// put puts a batch and acknowledges it. One without calls acknowledges lines
// whose records are bad, or in the batch before.
func (p *putter) put(ctx context.Context, calls callvault.Calls, report Report, b *batch) error {
	if len(b.calls) == 0 {
		report.Committed(b.places, callvault.PutResult{})
		return nil
	}
	result, err := calls.Put(ctx, callvault.NewBatch(b.calls))
	if err != nil {
		return err
	}
	p.result = p.result.Add(result)
	report.Committed(b.places, result)
	return nil
}

// flush hands the current batch over, as soon as the one before it was put.
func (p *putter) flush() error {
	if p.current.isEmpty() {
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
	if p.current.isEmpty() {
		return
	}
	select {
	case p.full <- p.current:
		p.current = <-p.free
	default:
	}
}

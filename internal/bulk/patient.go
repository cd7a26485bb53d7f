package bulk

import (
	"context"
	"io"
	"time"
)

// waiting is what is done from time to time while a source is read, even when
// nothing comes from it.
type waiting struct {
	tick <-chan time.Time
	do   func()
}

// patient reads a source ahead, so that whoever waits for the source can do
// other things and can be told to stop.
type patient struct {
	ctx    context.Context
	blocks <-chan block
	spent  chan<- []byte
	rest   []byte
	last   block
	waiting
}

type block struct {
	data []byte
	err  error
}

// newPatient begins to read in. When ctx is done the reading ends with the
// Read of in that is under way.
func newPatient(ctx context.Context, in io.Reader, w waiting) *patient {
	blocks, spent := make(chan block, 1), make(chan []byte, 2)
	for range cap(spent) {
		spent <- make([]byte, 64<<10)
	}
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case buf := <-spent:
				n, err := in.Read(buf)
				select {
				case blocks <- block{buf[:n], err}:
				case <-ctx.Done():
					return
				}
				if err != nil {
					return
				}
			}
		}
	}()
	return &patient{ctx: ctx, blocks: blocks, spent: spent, waiting: w}
}

func (r *patient) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.last.err != nil {
			return 0, r.last.err
		}
		if r.last.data != nil {
			r.spent <- r.last.data[:cap(r.last.data)]
			r.last.data = nil
		}
		select {
		case r.last = <-r.blocks:
			r.rest = r.last.data
		case <-r.tick:
			r.do()
		case <-r.ctx.Done():
			return 0, context.Cause(r.ctx)
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

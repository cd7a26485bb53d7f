package bulk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/file"
	"github.com/callvault/callvault/internal/spool"
)

// order is the order of an input: its runs are put as they come while they follow each other,
// and are sorted on the disk from the first one on that does not.
type order struct {
	held *pending           // the first run, until the next one tells whether it follows
	any  bool               // there was a run
	last callvault.Position // near the end of the last one

	folder string
	free   func(folder string) (bytes int64, known bool)
	spool  *spool.Spool // nil until a run does not follow
	files  []string     // of the runs on the disk
	places []Place
}

const (
	stray  = 16   // the part of a run that may stand among the calls of its neighbour
	sample = 1000 // calls of a run that are looked at
)

// follows tells whether a run stands behind the one before it.
func (o *order) follows(p *pending) bool {
	var at []callvault.Position
	for i := 0; i < len(p.calls); i += 1 + len(p.calls)/sample {
		at = append(at, p.calls[i].Position())
	}
	if len(at) == 0 {
		return true
	}
	slices.SortFunc(at, callvault.Position.Compare)
	before := o.last
	o.last = at[len(at)-1-len(at)/stray]
	return !o.any || at[len(at)/stray].Compare(before) >= 0
}

// hasRoom tells whether a run fits on the disk, and then all runs into a store there, which
// takes twice their size.
func (o *order) hasRoom(p *pending) bool {
	free, known := o.free(o.folder)
	run := int64(p.chunk+1)*chunkSize + int64(p.size)
	return !known || free >= run+2*(o.spool.Size()+run)
}

// add adds a run to those on the disk.
func (o *order) add(p *pending) error {
	for i := range p.spots {
		p.spots[i].File += int32(len(o.files))
	}
	o.files = append(o.files, p.files...)
	for _, at := range p.places {
		o.places = reached(o.places, at)
	}
	return o.spool.Add(&spool.Run{Calls: p.calls, Spots: p.spots, Entries: p.entries})
}

// acknowledged are the places to acknowledge when all runs are put: whole files, of which the
// last one may not have been read to its end.
func (o *order) acknowledged(all bool) []Place {
	for i := range o.places {
		if all || i < len(o.places)-1 {
			o.places[i].Line = 0
		}
	}
	return o.places
}

// sort takes a run of the input.
func (in *intake) sort(ctx context.Context, p *pending) error {
	o := &in.order
	follows := o.follows(p)
	if !o.any {
		o.any, o.held = true, p
		if in.Show != nil {
			return in.show(ctx, p)
		}
		return nil
	}
	if o.spool == nil && (!follows || in.onlyChecks) {
		// Only a check needs it: without it, or without a folder, runs are put as they come.
		if err := in.spill(); err != nil && in.onlyChecks {
			return err
		}
	}
	held := o.held
	o.held = nil
	for _, p := range []*pending{held, p} {
		put := in.putAtOnce
		if o.spool != nil {
			put = in.sortOne
		}
		if p == nil {
			continue
		}
		if err := put(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// spill begins to sort on the disk.
func (in *intake) spill() (err error) {
	o := &in.order
	o.folder, o.free = in.Folder, in.free
	if o.folder == "" {
		o.folder = os.TempDir()
	}
	if o.free == nil {
		o.free = file.Free
	}
	if in.Show != nil { // nothing will be put
		o.spool, err = spool.NewComparing(o.folder)
	} else {
		o.spool, err = spool.New(o.folder)
	}
	return err
}

// sortOne adds a run to those on the disk. If there is no room for it, those are put first.
func (in *intake) sortOne(ctx context.Context, p *pending) error {
	o := &in.order
	if !o.hasRoom(p) {
		if in.onlyChecks {
			return fmt.Errorf("the disk of %s has no room to sort the records; make room there, or leave out --strict and --dry-run", o.folder)
		}
		if err := in.putSorted(ctx, false); err != nil {
			return err
		}
		if !o.hasRoom(p) {
			return in.putAtOnce(ctx, p)
		}
	}
	if err := o.add(p); err != nil {
		return err
	}
	in.recycle(p)
	in.Report.Sorted(in.bytesRead())
	return nil
}

// compare ends a check. It reports the records that a Put would refuse.
func (in *intake) compare(ctx context.Context) error {
	if p := in.order.held; p != nil {
		batch := in.guarded(p)
		ids, err := in.refused(ctx, batch)
		in.refuse(p, batch, ids)
		return err
	}
	s := in.order.spool
	if s == nil {
		return nil
	}
	if err := s.Resolve(in.skipSorted(before)); err != nil || in.Calls == nil {
		return err
	}
	return s.Compare(ctx, in.Calls, in.skipSorted(stored))
}

// skipSorted reports a record on the disk that would replace one of another client.
func (in *intake) skipSorted(other string) func(*spool.Spot) {
	return func(s *spool.Spot) { in.skip(in.order.files, s, other) }
}

// finish puts what was read and not put. Whether all was read decides what is acknowledged.
func (in *intake) finish(ctx context.Context, all bool) error {
	held := in.order.held
	switch {
	case held != nil:
		in.order.held = nil
		return in.putAtOnce(ctx, held)
	case in.order.spool != nil:
		return in.putSorted(ctx, all)
	}
	return nil
}

// putSorted puts what is on the disk, and forgets it.
func (in *intake) putSorted(ctx context.Context, all bool) error {
	o := &in.order
	if err := o.spool.Resolve(in.skipSorted(before)); err != nil {
		return err
	}
	in.Report.Storing()
	m := &merged{in: in, ctx: ctx, pending: in.borrow()}
	if err := o.spool.Visit(m); err != nil {
		return err
	}
	m.places, m.done = o.acknowledged(all), o.spool.Size()
	err := m.put()
	o.files, o.places = nil, nil
	return errors.Join(err, o.spool.Empty())
}

// merged puts sorted records in batches.
type merged struct {
	*pending
	in   *intake
	ctx  context.Context
	done int64 // bytes of documents
}

func (m *merged) put() error {
	o := &m.in.order
	m.files = o.files
	share := float64(m.done) / float64(max(o.spool.Size(), 1))
	return m.in.putOne(m.ctx, m.pending, int64(share*float64(m.in.bytesRead())))
}

// next makes room for a document.
func (m *merged) next(document []byte) error {
	if m.isFull() {
		if err := m.put(); err != nil {
			return err
		}
		m.pending = m.in.borrow()
	}
	m.done += int64(len(document))
	return nil
}

// Call adds a call.
func (m *merged) Call(c callvault.Call, at spool.Spot) error {
	if err := m.next(c.Document); err != nil {
		return err
	}
	room := m.room()
	begin := len(room)
	room = append(room, c.Document...)
	c.Document = room[begin:len(room):len(room)]
	m.keep(c, at)
	return nil
}

// Entry adds an entry.
func (m *merged) Entry(kind callvault.Kind, e callvault.Entry) error {
	if err := m.next(e.Document); err != nil {
		return err
	}
	e.Document = append([]byte(nil), e.Document...)
	m.addEntry(kind, e)
	return nil
}

// borrow takes memory for a batch that is not read.
func (in *intake) borrow() *pending {
	in.mu.Lock()
	defer in.mu.Unlock()
	p := in.spare
	in.spare = nil
	if p == nil {
		return in.newPending()
	}
	return p
}

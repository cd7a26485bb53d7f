// Package spool sorts more records than fit into memory. They come in runs, which are sorted
// there and written to files without names; Visit merges them in the order of a store.
//
// Of several records with one id the last one wins. Which one that is, is only known when all
// are there: a second file has the ids in their own order, with the numbers of the records.
package spool

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"maps"
	"slices"

	"github.com/callvault/callvault"
)

// Spot is where the record of a call stands in an input. It has no pointers: there are as many
// as calls.
type Spot struct {
	ID     callvault.ID
	File   int32
	Line   int
	Number int // among the records of the line
}

// Run is records in the order in which they came.
type Run struct {
	Calls   []callvault.Call
	Spots   []Spot // of the calls
	Entries map[callvault.Kind][]callvault.Entry
}

// Spool is records on the disk.
type Spool struct {
	records *runs // in the order of a store; nil of one that only compares
	ids     *runs
	seed    maphash.Seed // of hashes of clients

	count int      // calls, by which they are numbered
	lost  []uint64 // a bit for each call that does not win; nil until that is known
	order []int    // used again
	buf   []byte
}

// New makes a spool with files in a folder.
func New(folder string) (*Spool, error) {
	s, err := NewComparing(folder)
	if err != nil {
		return nil, err
	}
	if s.records, err = newRuns(folder); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// NewComparing makes a spool that knows which records win, and keeps none.
func NewComparing(folder string) (*Spool, error) {
	ids, err := newRuns(folder)
	if err != nil {
		return nil, err
	}
	return &Spool{ids: ids, seed: maphash.MakeSeed()}, nil
}

// Close removes everything.
func (s *Spool) Close() error {
	err := s.ids.close()
	if s.records != nil {
		err = errors.Join(err, s.records.close())
	}
	return err
}

// Empty forgets all records, and gives their room on the disk back.
func (s *Spool) Empty() error {
	s.count, s.lost = 0, nil
	return errors.Join(s.records.empty(), s.ids.empty())
}

// Size is how many bytes of records there are.
func (s *Spool) Size() int64 {
	if s.records == nil {
		return 0
	}
	return s.records.size
}

// Add adds a run. After an error the spool is of no use.
func (s *Spool) Add(r *Run) error {
	if s.records != nil {
		if err := s.addRecords(r); err != nil {
			return err
		}
	}
	s.order = sorted(s.order, r.Calls, func(a, b *callvault.Call) int { return a.ID.Compare(b.ID) })
	for _, i := range s.order {
		c := &r.Calls[i]
		s.buf = s.appendClient(r.Spots[i].append(s.buf[:0], s.count+i), c)
		if err := s.ids.add(c.ID[:], s.buf); err != nil {
			return err
		}
	}
	s.count += len(r.Calls)
	return s.ids.endRun()
}

// addRecords adds calls and entries, in the order in which they are put.
func (s *Spool) addRecords(r *Run) error {
	s.order = sorted(s.order, r.Calls, func(a, b *callvault.Call) int { return a.Position().Compare(b.Position()) })
	for _, i := range s.order {
		c := &r.Calls[i]
		s.buf = binary.BigEndian.AppendUint64(append(s.buf[:0], 0), uint64(c.Time)^1<<63)
		s.buf = append(s.buf, c.ID[:]...)
		key := len(s.buf)
		s.buf = append(r.Spots[i].append(s.buf, s.count+i), c.Workspace[:]...)
		if err := s.records.add(s.buf[:key], s.buf[key:], c.Document); err != nil {
			return err
		}
	}
	for i, kind := range callvault.Kinds() {
		for _, e := range callvault.SortEntries(r.Entries[kind]) {
			s.buf = append(append(s.buf[:0], byte(1+i)), e.ID[:]...)
			if err := s.records.add(s.buf, e.Document); err != nil {
				return err
			}
		}
	}
	return s.records.endRun()
}

// sorted is an order of calls, in the memory of another one; equal ones are as they came.
func sorted(order []int, calls []callvault.Call, compare func(a, b *callvault.Call) int) []int {
	order = order[:0]
	for i := range calls {
		order = append(order, i)
	}
	slices.SortFunc(order, func(i, j int) int {
		if turn := compare(&calls[i], &calls[j]); turn != 0 {
			return turn
		}
		return i - j
	})
	return order
}

// appendClient appends a hash of a call's clientUniqueId, or nothing if it has none.
func (s *Spool) appendClient(buf []byte, c *callvault.Call) []byte {
	client := c.Client()
	if client == nil {
		return buf
	}
	return binary.BigEndian.AppendUint64(buf, maphash.Bytes(s.seed, client))
}

// record is a record as its id's entry has it.
type record struct {
	Spot
	number int
	client []byte // a hash, or nothing
}

func (r *record) read(key, value []byte) (err error) {
	copy(r.ID[:], key)
	r.number, r.client, err = r.Spot.read(value)
	return err
}

// isOther tells whether both have a clientUniqueId, and different ones.
func (r *record) isOther(client []byte) bool {
	return len(r.client) > 0 && len(client) > 0 && !bytes.Equal(r.client, client)
}

// Resolve finds which records win: of each id the last one, of those that do not have another
// clientUniqueId than the winner before them. Those are refused. It is called
// after all runs; to call it again does nothing.
func (s *Spool) Resolve(refuse func(*Spot)) error {
	if s.lost != nil {
		return nil
	}
	s.lost = make([]uint64, s.count/64+1)
	var r, wins record
	return s.ids.merge(func(key, value []byte) error {
		if err := r.read(key, value); err != nil {
			return err
		}
		if r.ID == wins.ID {
			if r.isOther(wins.client) {
				s.lose(r.number)
				refuse(&r.Spot)
				return nil
			}
			s.lose(wins.number)
		}
		client := append(wins.client[:0], r.client...)
		wins = r
		wins.client = client
		return nil
	})
}

func (s *Spool) lose(number int) { s.lost[number/64] |= 1 << (number % 64) }

func (s *Spool) hasLost(number int) bool { return s.lost[number/64]&(1<<(number%64)) != 0 }

// Compare refuses the records that win, and that a store would refuse.
func (s *Spool) Compare(ctx context.Context, store callvault.Calls, refuse func(*Spot)) error {
	const together = 1000
	found := make(map[callvault.ID]record)
	look := func() error {
		return store.Get(ctx, slices.Collect(maps.Keys(found)), func(stored callvault.Record) error {
			if r := found[stored.ID]; r.isOther(s.appendClient(nil, &stored.Call)) {
				s.lose(r.number)
				refuse(&r.Spot)
			}
			return nil
		})
	}
	var r record
	err := s.ids.merge(func(key, value []byte) error {
		if err := r.read(key, value); err != nil || len(r.client) == 0 || s.hasLost(r.number) {
			return err
		}
		r.client = bytes.Clone(r.client)
		found[r.ID] = r
		if len(found) < together {
			return nil
		}
		err := look()
		clear(found)
		return err
	})
	if err == nil && len(found) > 0 {
		err = look()
	}
	return err
}

// Visitor is shown records. Documents are valid until its method returns. An error ends the
// visit and is returned.
type Visitor interface {
	Call(c callvault.Call, at Spot) error
	Entry(kind callvault.Kind, e callvault.Entry) error
}

// Visit visits the calls that win, in the order of a store, and then the entries, of which the
// last one of an id wins.
func (s *Spool) Visit(v Visitor) error {
	return s.records.merge(func(key, value []byte) error {
		if kind := key[0]; kind > 0 {
			e := callvault.Entry{Document: value}
			copy(e.ID[:], key[1:])
			return v.Entry(callvault.Kinds()[kind-1], e)
		}
		var at Spot
		number, rest, err := at.read(value)
		if err != nil || s.hasLost(number) {
			return err
		}
		c := callvault.Call{Time: callvault.Time(binary.BigEndian.Uint64(key[1:]) ^ 1<<63)}
		copy(c.ID[:], key[9:])
		at.ID = c.ID
		c.Document = rest[copy(c.Workspace[:], rest):]
		return v.Call(c, at)
	})
}

// append appends a record's number and where it stands.
func (s *Spot) append(buf []byte, number int) []byte {
	for _, n := range [...]int{number, int(s.File), s.Line, s.Number} {
		buf = binary.AppendUvarint(buf, uint64(n))
	}
	return buf
}

// read reads what append has appended. It returns what is behind it.
func (s *Spot) read(text []byte) (number int, rest []byte, err error) {
	var numbers [4]int
	for i := range numbers {
		n, length := binary.Uvarint(text)
		if length <= 0 {
			return 0, nil, errDamaged
		}
		numbers[i], text = int(n), text[length:]
	}
	s.File, s.Line, s.Number = int32(numbers[1]), numbers[2], numbers[3]
	return numbers[0], text, nil
}

var errDamaged = errors.New("a temporary file is damaged; run the command again")

package spool

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/s2"

	"github.com/callvault/callvault/internal/file"
)

// blockSize is what is compressed at once. A merge has two blocks of each run in memory.
const blockSize = 32 << 10

// runs are runs of entries in a file, each in the order of its keys. They sort more entries
// than fit into memory: merge visits those of all runs in order. A run is compressed, which
// costs less than to write four times as much.
type runs struct {
	file *file.Scratch
	out  *s2.Writer
	size int64 // of what was added
	ends []extent
	next extent // the run that is added
	head []byte // used again
}

// extent is where a run is in the file.
type extent struct {
	begin, end int64
	entries    int
}

// newRuns makes a file in a folder.
func newRuns(folder string) (*runs, error) {
	f, err := file.NewScratch(folder)
	if err != nil {
		return nil, err
	}
	return &runs{file: f, out: s2.NewWriter(f, s2.WriterConcurrency(1), s2.WriterBlockSize(blockSize))}, nil
}

// add adds an entry to the run, behind those before it. The value may come in parts.
func (s *runs) add(key []byte, value ...[]byte) error {
	length := 0
	for _, part := range value {
		length += len(part)
	}
	s.head = binary.AppendUvarint(s.head[:0], uint64(len(key)))
	s.head = binary.AppendUvarint(s.head, uint64(length))
	s.head = append(s.head, key...)
	_, err := s.out.Write(s.head)
	for _, part := range value {
		_, err = s.out.Write(part) // the writer repeats its first error
	}
	s.size += int64(len(s.head) + length)
	s.next.entries++
	return err
}

// endRun ends a run. The next entry may come before those of this one.
func (s *runs) endRun() error {
	err := s.out.Close()
	if err == nil {
		s.next.end, err = s.file.Seek(0, io.SeekCurrent)
	}
	if s.next.entries > 0 {
		s.ends = append(s.ends, s.next)
	}
	s.next = extent{begin: s.next.end}
	s.out.Reset(s.file)
	return err
}

// merge visits the entries of all ended runs in the order of their keys. Those with equal
// keys come in the order of their runs. Key and value are valid until visit returns.
func (s *runs) merge(visit func(key, value []byte) error) error {
	var m heap
	for i, of := range s.ends {
		in := io.NewSectionReader(s.file, of.begin, of.end-of.begin)
		r := &run{number: i, left: of.entries, in: s2.NewReader(in, s2.ReaderMaxBlockSize(blockSize), s2.ReaderAllocBlock(blockSize))}
		if err := r.next(); err != nil {
			return err
		}
		m = append(m, r)
	}
	for i := len(m)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	for len(m) > 0 {
		if err := visit(m[0].key, m[0].value); err != nil {
			return err
		}
		if m[0].left == 0 {
			m[0] = m[len(m)-1]
			m = m[:len(m)-1]
		} else if err := m[0].next(); err != nil {
			return err
		}
		m.sink(0)
	}
	return nil
}

// empty removes all entries, and gives their room back.
func (s *runs) empty() error {
	s.size, s.ends, s.next = 0, nil, extent{}
	s.out.Reset(s.file)
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return s.file.Truncate(0)
}

// close removes the file.
func (s *runs) close() error { return s.file.Close() }

// run is a run that is read.
type run struct {
	number     int
	left       int // entries behind this one
	in         *s2.Reader
	text       []byte // of the entry
	key, value []byte // parts of it
}

// next reads the next entry.
func (r *run) next() error {
	r.left--
	keys, err := binary.ReadUvarint(r.in)
	var values uint64
	if err == nil {
		values, err = binary.ReadUvarint(r.in)
	}
	if err == nil {
		n := int(keys + values)
		if cap(r.text) < n {
			r.text = make([]byte, n, 2*n)
		}
		r.text = r.text[:n]
		_, err = io.ReadFull(r.in, r.text)
		r.key, r.value = r.text[:keys], r.text[keys:]
	}
	if err != nil {
		return fmt.Errorf("read a temporary file: %w", err)
	}
	return nil
}

// heap is runs that are read: none comes before the one at half its place.
type heap []*run

func (m heap) isBefore(i, j int) bool {
	turn := bytes.Compare(m[i].key, m[j].key)
	return turn < 0 || turn == 0 && m[i].number < m[j].number
}

// sink moves a run down to its place.
func (m heap) sink(i int) {
	for {
		child := 2*i + 1
		if child+1 < len(m) && m.isBefore(child+1, child) {
			child++
		}
		if child >= len(m) || m.isBefore(i, child) {
			return
		}
		m[i], m[child] = m[child], m[i]
		i = child
	}
}

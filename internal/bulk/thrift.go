package bulk

import (
	"encoding/binary"
	"errors"
)

// The metadata of Parquet is in the compact protocol of Thrift. This walks over it
// without keeping anything, and so finds out how much a decoder would have to
// keep before one is let near it: a list says of itself how long it is.
// See https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.

// The types of the compact protocol that matter here.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

const (
	maxThriftDepth    = 16
	maxThriftElements = 1 << 18 // of all lists: some thousand row groups of a table like ours
)

var (
	errThrift      = errors.New("the metadata is damaged")
	errThriftShort = errors.New("the metadata ends too early")
	errThriftLarge = errors.New("the metadata has too many parts; write larger row groups")
)

// thrift walks over one structure.
type thrift struct {
	data     []byte
	pos      int
	elements int
}

// structure walks over a structure. Field is told of each of its fields and may
// take its value; if it does not, the value is passed over.
func (t *thrift) structure(depth int, field func(id int, kind byte) (taken bool, err error)) error {
	if depth > maxThriftDepth {
		return errThrift
	}
	for id := 0; ; {
		head, err := t.byte()
		if err != nil || head == 0 {
			return err
		}
		kind := head & 0xf
		if head>>4 != 0 {
			id += int(head >> 4)
		} else if n, err := t.integer(); err != nil {
			return err
		} else {
			id = int(int16(n))
		}
		taken := false
		if field != nil {
			if taken, err = field(id, kind); err != nil {
				return err
			}
		}
		if taken || kind == thriftTrue || kind == thriftFalse { // which are values themselves
			continue
		}
		if err := t.skip(depth+1, kind); err != nil {
			return err
		}
	}
}

// skip passes over a value.
func (t *thrift) skip(depth int, kind byte) error {
	switch kind {
	case thriftTrue, thriftFalse, thriftByte: // a boolean in a list is a byte
		return t.advance(1)
	case thriftI16, thriftI32, thriftI64:
		_, err := t.unsigned()
		return err
	case thriftDouble:
		return t.advance(8)
	case thriftBinary:
		n, err := t.unsigned()
		if err != nil || n > uint64(len(t.data)) {
			return errors.Join(err, errThriftShort)
		}
		return t.advance(int(n))
	case thriftList, thriftSet:
		return t.list(depth)
	case thriftMap: // Parquet has none
		return errThrift
	case thriftStruct:
		return t.structure(depth, nil)
	}
	return errThrift
}

func (t *thrift) list(depth int) error {
	head, err := t.byte()
	if err != nil {
		return err
	}
	n := uint64(head >> 4)
	if n == 15 {
		if n, err = t.unsigned(); err != nil {
			return err
		}
	}
	if depth > maxThriftDepth {
		return errThrift
	}
	if n > maxThriftElements || t.elements+int(n) > maxThriftElements {
		return errThriftLarge
	}
	t.elements += int(n)
	for range n {
		if err := t.skip(depth+1, head&0xf); err != nil {
			return err
		}
	}
	return nil
}

func (t *thrift) byte() (byte, error) {
	if t.pos >= len(t.data) {
		return 0, errThriftShort
	}
	t.pos++
	return t.data[t.pos-1], nil
}

func (t *thrift) advance(n int) error {
	if n > len(t.data)-t.pos {
		return errThriftShort
	}
	t.pos += n
	return nil
}

func (t *thrift) unsigned() (uint64, error) {
	n, size := binary.Uvarint(t.data[t.pos:])
	switch {
	case size == 0:
		return 0, errThriftShort
	case size < 0:
		return 0, errThrift
	}
	t.pos += size
	return n, nil
}

// integer is a signed number, in zigzag.
func (t *thrift) integer() (int64, error) {
	n, err := t.unsigned()
	return int64(n>>1) ^ -int64(n&1), err
}

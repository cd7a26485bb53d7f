package bulk

import (
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go/format"
)

// cell is a value of a flat column. A boolean is 0 or 1, a number with a fraction
// its bits as a float64; bytes are valid until the next is read.
type cell struct {
	null   bool
	number int64
	bytes  []byte
}

func (c cell) float() float64 { return math.Float64frombits(uint64(c.number)) }

// cells yields the values of a page that are not null. It is asked for no more
// than there are, or else says that the page ends too early.
type cells interface {
	next() (cell, error)
}

// hybrid yields numbers that are run-length encoded and bit-packed by turns: levels
// of a page, and places in its dictionary. See
// https://parquet.apache.org/docs/file-format/data-pages/encodings/.
type hybrid struct {
	data   []byte
	width  int // bits of a number, at most 32
	left   int // numbers of the run
	packed bool
	bit    int // of data, that the next packed number begins at
	value  uint32
}

func (h *hybrid) next() (uint32, error) {
	for h.left == 0 {
		if err := h.run(); err != nil {
			return 0, err
		}
	}
	h.left--
	if !h.packed {
		return h.value, nil
	}
	at := h.bit >> 3
	if h.bit+h.width > 8*len(h.data) {
		return 0, errPageShort
	}
	var window [8]byte
	copy(window[:], h.data[at:])
	n := binary.LittleEndian.Uint64(window[:]) >> (h.bit & 7) & (1<<h.width - 1)
	h.bit += h.width
	if h.left == 0 {
		h.data = h.data[(h.bit+7)>>3:]
	}
	return uint32(n), nil
}

// run begins the next run.
func (h *hybrid) run() error {
	head, size := binary.Uvarint(h.data)
	if size <= 0 || head>>1 > math.MaxInt32 {
		return errPageShort
	}
	h.data = h.data[size:]
	h.packed = head&1 == 1
	if h.packed {
		h.left, h.bit = int(head>>1)*8, 0
		return nil
	}
	h.left = int(head >> 1)
	length := (h.width + 7) / 8
	if length > len(h.data) {
		return errPageShort
	}
	var window [4]byte
	copy(window[:], h.data[:length])
	h.value = binary.LittleEndian.Uint32(window[:])
	h.data = h.data[length:]
	return nil
}

// plainCells are values one after the other.
type plainCells struct {
	data []byte
	kind format.Type
	bit  int // of a boolean
}

func (p *plainCells) next() (c cell, err error) {
	switch p.kind {
	case format.Boolean:
		if p.bit >= 8*len(p.data) {
			return c, errPageShort
		}
		c.number = int64(p.data[p.bit>>3] >> (p.bit & 7) & 1)
		p.bit++
	case format.Int32, format.Float:
		raw, err := p.take(4)
		if err != nil {
			return c, err
		}
		n := binary.LittleEndian.Uint32(raw)
		c.number = int64(int32(n))
		if p.kind == format.Float {
			c.number = int64(math.Float64bits(float64(math.Float32frombits(n))))
		}
	case format.Int64, format.Double:
		raw, err := p.take(8)
		if err != nil {
			return c, err
		}
		c.number = int64(binary.LittleEndian.Uint64(raw))
	default:
		raw, err := p.take(4)
		if err != nil {
			return c, err
		}
		c.bytes, err = p.take(int(binary.LittleEndian.Uint32(raw)))
		return c, err
	}
	return c, nil
}

func (p *plainCells) take(n int) ([]byte, error) {
	if n > len(p.data) {
		return nil, errPageShort
	}
	taken := p.data[:n]
	p.data = p.data[n:]
	return taken, nil
}

// indexedCells are places in a dictionary.
type indexedCells struct {
	dictionary []cell
	places     hybrid
}

func newIndexedCells(dictionary []cell, data []byte) (*indexedCells, error) {
	if len(data) == 0 {
		return nil, errPageShort
	}
	if data[0] > 32 {
		return nil, errPage
	}
	return &indexedCells{dictionary, hybrid{data: data[1:], width: int(data[0])}}, nil
}

func (c *indexedCells) next() (cell, error) {
	i, err := c.places.next()
	if err != nil {
		return cell{}, err
	}
	if int(i) >= len(c.dictionary) {
		return cell{}, errPage
	}
	return c.dictionary[i], nil
}

// booleanCells are booleans that are run-length encoded.
type booleanCells struct{ bits hybrid }

func (c *booleanCells) next() (cell, error) {
	n, err := c.bits.next()
	return cell{number: int64(n)}, err
}

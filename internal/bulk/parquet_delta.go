package bulk

import (
	"encoding/binary"
	"math"
)

// deltaCells are whole numbers of which the differences are packed: at most as many
// as their page has values.
type deltaCells struct {
	data      []byte
	left      uint64 // numbers
	first     bool
	value     uint64
	perBlock  int
	perMini   int
	least     uint64 // difference of the block
	widths    []byte // of the block's parts
	part      []byte // the numbers of the current one
	width     int
	bit       int
	leftInRun int
}

func newDeltaCells(data []byte, most int64) (*deltaCells, error) {
	d := &deltaCells{data: data, first: true}
	block, err1 := d.unsigned()
	parts, err2 := d.unsigned()
	total, err3 := d.unsigned()
	value, err4 := d.unsigned()
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return nil, errPageShort
	}
	// The numbers of the specification: 128 to a block, 32 to a part.
	if block == 0 || block%128 != 0 || block > 1<<16 || parts == 0 || block%parts != 0 || (block/parts)%32 != 0 || total > uint64(most) {
		return nil, errPage
	}
	d.left, d.value = total, unzigzag(value)
	d.perBlock, d.perMini = int(block), int(block/parts)
	return d, nil
}

func unzigzag(n uint64) uint64 { return n>>1 ^ -(n & 1) }

func (d *deltaCells) unsigned() (uint64, error) {
	n, size := binary.Uvarint(d.data)
	if size <= 0 {
		return 0, errPageShort
	}
	d.data = d.data[size:]
	return n, nil
}

func (d *deltaCells) next() (cell, error) {
	if d.left == 0 {
		return cell{}, errPageShort
	}
	d.left--
	if d.first {
		d.first = false
		return cell{number: int64(d.value)}, nil
	}
	if d.leftInRun == 0 {
		if err := d.begin(); err != nil {
			return cell{}, err
		}
	}
	d.leftInRun--
	d.value += d.least + d.packed()
	return cell{number: int64(d.value)}, nil
}

// begin begins the next part of a block, and a block when there is none.
func (d *deltaCells) begin() error {
	if len(d.widths) == 0 {
		least, err := d.unsigned()
		parts := d.perBlock / d.perMini
		if err != nil || parts > len(d.data) {
			return errPageShort
		}
		d.least = unzigzag(least)
		d.widths, d.data = d.data[:parts], d.data[parts:]
	}
	d.width, d.widths = int(d.widths[0]), d.widths[1:]
	length := d.perMini * d.width / 8
	if d.width > 64 {
		return errPage
	}
	if length > len(d.data) {
		return errPageShort
	}
	d.part, d.data = d.data[:length], d.data[length:]
	d.bit, d.leftInRun = 0, d.perMini
	return nil
}

// packed is the next number of the part.
func (d *deltaCells) packed() (n uint64) {
	for got := 0; got < d.width; {
		at := d.bit + got
		take := min(8-at&7, d.width-got)
		n |= uint64(d.part[at>>3]>>(at&7)&byte(1<<take-1)) << got
		got += take
	}
	d.bit += d.width
	return n
}

// rest is what follows the numbers.
func (d *deltaCells) rest() ([]byte, error) {
	for d.left > 0 {
		if _, err := d.next(); err != nil {
			return nil, err
		}
	}
	return d.data, nil
}

// lengthCells are texts whose lengths come before them.
type lengthCells struct {
	lengths *deltaCells
	texts   plainCells
}

func newLengthCells(data []byte, most int64) (*lengthCells, error) {
	walk, err := newDeltaCells(data, most)
	if err != nil {
		return nil, err
	}
	texts, err := walk.rest()
	if err != nil {
		return nil, err
	}
	lengths, err := newDeltaCells(data, most)
	return &lengthCells{lengths, plainCells{data: texts}}, err
}

func (c *lengthCells) next() (cell, error) {
	n, err := c.lengths.next()
	if err != nil || n.number < 0 || n.number > math.MaxInt32 {
		return cell{}, errPageShort
	}
	text, err := c.texts.take(int(n.number))
	return cell{bytes: text}, err
}

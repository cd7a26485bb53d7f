package bulk

import (
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go/format"
)

// olderDictionary is how older programs call a dictionary and the places in it.
const olderDictionary format.Encoding = 2

// parquetColumn reads a column of a row group, value by value. It holds one page
// and the dictionary.
type parquetColumn struct {
	name       string
	kind       format.Type
	isOptional bool
	source     *pageSource

	codec      format.CompressionCodec
	at, end    int64 // what is left of the column's part of the file
	page       []byte
	left       int64 // values of the page, with those that are null
	levels     *hybrid
	values     cells
	dictionary []cell
	spellings  []byte // of the dictionary
}

// begin begins a row group.
func (c *parquetColumn) begin(chunk *format.ColumnMetaData) {
	c.codec = chunk.Codec
	c.at, c.end = span(chunk)
	c.left = 0
	c.source.held -= dictionaryBy * len(c.dictionary)
	c.dictionary = c.dictionary[:0]
}

// span is the part of the file that a column of a row group has.
func span(chunk *format.ColumnMetaData) (at, end int64) {
	at = chunk.DataPageOffset
	if d := chunk.DictionaryPageOffset; d > 0 && d < at {
		at = d
	}
	return at, at + chunk.TotalCompressedSize
}

// next is the value of the next row.
func (c *parquetColumn) next() (cell, error) {
	for c.left == 0 {
		if err := c.nextPage(); err != nil {
			return cell{}, fmt.Errorf("the column %.40q: %w", c.name, err)
		}
	}
	c.left--
	v, err := c.value()
	if err != nil {
		return v, fmt.Errorf("the column %.40q: %w", c.name, err)
	}
	return v, nil
}

func (c *parquetColumn) value() (cell, error) {
	if c.levels != nil {
		level, err := c.levels.next()
		if err != nil || level == 0 {
			return cell{null: true}, err
		}
	}
	v, err := c.values.next()
	if c.kind == format.Int32 {
		v.number = int64(int32(v.number)) // differences may go around
	}
	return v, err
}

// nextPage reads the next page; of a dictionary no value is left.
func (c *parquetColumn) nextPage() error {
	if c.at >= c.end {
		return fmt.Errorf("%w: there are fewer values than rows", errPageShort)
	}
	h, length, err := c.source.header(c.at, c.end)
	if err != nil {
		return err
	}
	c.at += length
	begin := c.at
	c.at += h.compressed
	switch h.kind {
	case format.DictionaryPage:
		return c.readDictionary(h, begin)
	case format.DataPage, format.DataPageV2:
	default: // an index, which is not needed
		return nil
	}
	if c.page, err = c.source.body(h, begin, c.end, c.codec, c.page); err != nil {
		return err
	}
	data := c.page
	if h.kind == format.DataPage {
		data, err = c.levelsBefore(h, data)
	} else {
		data, err = c.levelsBeside(h, data)
	}
	if err != nil {
		return err
	}
	c.left = h.values
	c.values, err = c.decoder(h, data)
	return err
}

// levelsBefore are those of a page of the first form, which say how long they are.
// They tell which values are null.
func (c *parquetColumn) levelsBefore(h pageHeader, data []byte) (rest []byte, err error) {
	c.levels = nil
	if !c.isOptional {
		return data, nil
	}
	if h.levels != format.RLE {
		return nil, fmt.Errorf("its levels are encoded as %s; accepted is RLE", h.levels)
	}
	if len(data) < 4 {
		return nil, errPageShort
	}
	n := int64(binary.LittleEndian.Uint32(data))
	if n > int64(len(data)-4) {
		return nil, errPageShort
	}
	c.levels = &hybrid{data: data[4 : 4+n], width: 1}
	return data[4+n:], nil
}

// levelsBeside are those of a page of the second form.
func (c *parquetColumn) levelsBeside(h pageHeader, data []byte) (rest []byte, err error) {
	c.levels = nil
	if c.isOptional {
		c.levels = &hybrid{data: data[h.repeating : h.repeating+h.levelsBytes], width: 1}
	}
	return data[h.repeating+h.levelsBytes:], nil
}

// decoder yields the values of a page.
func (c *parquetColumn) decoder(h pageHeader, data []byte) (cells, error) {
	isText := c.kind == format.ByteArray
	isWhole := c.kind == format.Int32 || c.kind == format.Int64
	switch e := h.encoding; {
	case e == format.Plain:
		return &plainCells{data: data, kind: c.kind}, nil
	case e == olderDictionary || e == format.RLEDictionary:
		if len(data) == 0 && c.isOptional { // all are null
			return &plainCells{kind: c.kind}, nil
		}
		return newIndexedCells(c.dictionary, data)
	case e == format.RLE && c.kind == format.Boolean:
		if len(data) < 4 {
			return nil, errPageShort
		}
		return &booleanCells{hybrid{data: data[4:], width: 1}}, nil
	case e == format.DeltaBinaryPacked && isWhole:
		return newDeltaCells(data, h.values)
	case e == format.DeltaLengthByteArray && isText:
		return newLengthCells(data, h.values)
	}
	return nil, fmt.Errorf("it is encoded as %s, which is not read; write it with the usual encodings", h.encoding)
}

// readDictionary reads the values that the pages have the places of.
func (c *parquetColumn) readDictionary(h pageHeader, begin int64) (err error) {
	if h.encoding != format.Plain && h.encoding != olderDictionary || len(c.dictionary) > 0 {
		return errPage
	}
	if c.spellings, err = c.source.body(h, begin, c.end, c.codec, c.spellings); err != nil {
		return err
	}
	values := &plainCells{data: c.spellings, kind: c.kind}
	for range h.values {
		if c.source.held += dictionaryBy; c.source.held > maxHeld {
			return errPageLarge
		}
		v, err := values.next()
		if err != nil {
			return err
		}
		c.dictionary = append(c.dictionary, v)
	}
	return nil
}

package bulk

import (
	"bufio"
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// asUTF8 returns the text of a source without its byte order mark. It decodes UTF-16,
// which has a mark, or a 0 in every other of the first bytes. It leaves UTF-32 alone.
func asUTF8(in *bufio.Reader) (*bufio.Reader, error) {
	begin, err := in.Peek(4)
	if err != nil && err != io.EOF { // a short source is not an error here
		return nil, err
	}
	switch text := string(begin); {
	case strings.HasPrefix(text, "\xef\xbb\xbf"):
		_, err := in.Discard(3)
		return in, err
	case text == "\xff\xfe\x00\x00":
		return in, nil
	case strings.HasPrefix(text, "\xff\xfe"):
		_, err := in.Discard(2)
		return bufio.NewReader(utf16Reader{in, binary.LittleEndian}), err
	case strings.HasPrefix(text, "\xfe\xff"):
		_, err := in.Discard(2)
		return bufio.NewReader(utf16Reader{in, binary.BigEndian}), err
	case len(text) == 4 && text[0] != 0 && text[1] == 0 && text[2] != 0 && text[3] == 0:
		return bufio.NewReader(utf16Reader{in, binary.LittleEndian}), nil
	case len(text) == 4 && text[0] == 0 && text[1] != 0 && text[2] == 0 && text[3] != 0:
		return bufio.NewReader(utf16Reader{in, binary.BigEndian}), nil
	}
	return in, nil
}

// utf16Reader reads UTF-16 as UTF-8. A lone surrogate or half a character becomes an
// invalid byte, so that import refuses its record.
type utf16Reader struct {
	in    *bufio.Reader
	order binary.ByteOrder
}

const notUTF8 = 0xff

func (u utf16Reader) Read(p []byte) (n int, err error) {
	for len(p)-n >= utf8.UTFMax {
		if n > 0 && u.in.Buffered() < 4 { // return before waiting for more
			return n, nil
		}
		unit, err := u.in.Peek(2)
		if len(unit) == 1 && err == io.EOF {
			p[n] = notUTF8
			u.in.Discard(1)
			return n + 1, nil
		}
		if err != nil {
			return n, err
		}
		r, size := rune(u.order.Uint16(unit)), 2
		if utf16.IsSurrogate(r) {
			if both, _ := u.in.Peek(4); len(both) == 4 {
				if pair := utf16.DecodeRune(r, rune(u.order.Uint16(both[2:]))); pair != utf8.RuneError {
					r, size = pair, 4
				}
			}
		}
		if utf16.IsSurrogate(r) {
			p[n] = notUTF8
			n++
		} else {
			n += utf8.EncodeRune(p[n:], r)
		}
		u.in.Discard(size) // it is there
	}
	return n, nil
}

package bulk

import "io"

// maxDepth is more than gong.ParseCall takes.
const maxDepth = 1000

// value takes one JSON value. It knows the grammar of objects, arrays and
// strings, and takes any word for a number or a literal.
func (r *jsonReader) value(depth int) error {
	c, err := r.space()
	if err != nil {
		return err
	}
	if depth > maxDepth {
		return errSyntax
	}
	switch c {
	case '{':
		r.take()
		return r.members(func(string, byte) error { return r.value(depth + 1) })
	case '[':
		r.take()
		return r.elements(depth)
	case '"':
		return r.str(nil)
	}
	return r.word()
}

// members takes the rest of an object, whose brace was taken; member is called
// with the name of each and the first byte of its value. A comma too many or
// too few is left to gong.ParseCall.
func (r *jsonReader) members(member func(name string, c byte) error) error {
	var name [32]byte // longer than the names that matter
	for {
		c, err := r.space()
		if err != nil {
			return err
		}
		switch c {
		case '}':
			r.take()
			return nil
		case ',':
			r.take()
			continue
		case '"':
		default:
			return errSyntax
		}
		text := name[:0]
		if err := r.str(&text); err != nil {
			return err
		}
		if c, err = r.space(); err != nil {
			return err
		}
		if c != ':' {
			return errSyntax
		}
		r.take()
		if c, err = r.space(); err != nil {
			return err
		}
		if err := member(string(text), c); err != nil {
			return err
		}
	}
}

// elements takes the rest of an array, whose bracket was taken.
func (r *jsonReader) elements(depth int) error {
	for {
		c, err := r.space()
		if err != nil {
			return err
		}
		switch c {
		case ']':
			r.take()
			return nil
		case ',':
			r.take()
		default:
			if err := r.value(depth + 1); err != nil {
				return err
			}
		}
	}
}

// str takes a string, and copies as much of it as fits to name unless that is
// nil. A line end within a string breaks the grammar, so a string that is
// never closed ends with its line.
func (r *jsonReader) str(name *[]byte) error {
	r.take()
	for {
		if _, err := r.peek(); err != nil {
			return err
		}
		chunk := r.chunk[r.pos:r.end]
		n := 0
		for n < len(chunk) && chunk[n] != '"' && chunk[n] != '\\' && chunk[n] != '\n' {
			n++
		}
		if name != nil {
			free := cap(*name) - len(*name)
			*name = append(*name, chunk[:min(n, free)]...)
		}
		if n > 0 {
			r.skip(n)
		}
		if n == len(chunk) {
			continue
		}
		switch chunk[n] {
		case '"':
			r.take()
			return nil
		case '\n':
			return errSyntax
		}
		r.take() // the backslash, and what it escapes
		if c, err := r.peek(); err != nil || c == '\n' {
			return orSyntax(err)
		}
		r.take()
	}
}

func orSyntax(err error) error {
	if err == nil {
		return errSyntax
	}
	return err
}

// word takes the characters that numbers and literals are made of, at least
// one.
func (r *jsonReader) word() error {
	for n := 0; ; n++ {
		c, err := r.peek()
		if err == io.EOF && n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' {
				if n == 0 {
					return errSyntax
				}
				return nil
			}
		}
		r.take()
	}
}

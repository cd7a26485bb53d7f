package bulk

import "io"

const (
	maxDepth = 510 // more than gong.ParseCall takes
	maxName  = 32  // more than the names that matter have
)

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
		return r.members(depth, nil)
	case '[':
		r.take()
		return r.elements(depth)
	case '"':
		return r.str(nil)
	}
	return r.word()
}

// visitor takes the value of a member, which begins with c. The name is valid
// until the next one is read; of a long one it is the beginning.
type visitor func(name []byte, c byte) error

// members takes the rest of an object, whose brace was taken; the visitor, if
// there is one, takes the values.
//
// Commas stand where they must, here and in elements: a record that was cut
// off is told from what is on the next line by the comma that is missing.
func (r *jsonReader) members(depth int, v visitor) error {
	c, err := r.space()
	if err != nil {
		return err
	}
	if c == '}' {
		r.take()
		return nil
	}
	if err := r.member(depth, v); err != nil {
		return err
	}
	return r.moreMembers(depth, v)
}

// moreMembers takes the rest of an object behind one of its members.
func (r *jsonReader) moreMembers(depth int, v visitor) error {
	for {
		more, err := r.comma('}')
		if err != nil || !more {
			return err
		}
		if err := r.member(depth, v); err != nil {
			return err
		}
	}
}

// member takes a name and its value.
func (r *jsonReader) member(depth int, v visitor) error {
	if err := r.expect('"'); err != nil {
		return err
	}
	r.name = r.name[:0]
	if err := r.str(&r.name); err != nil {
		return err
	}
	if err := r.expect(':'); err != nil {
		return err
	}
	r.take()
	if v == nil {
		return r.value(depth + 1)
	}
	c, err := r.space()
	if err != nil {
		return err
	}
	return v(r.name, c)
}

// expect takes the white space before a byte that must come next.
func (r *jsonReader) expect(want byte) error {
	c, err := r.space()
	if err == nil && c != want {
		return errSyntax
	}
	return err
}

// comma takes what is behind a member or an element: a comma, or the end.
func (r *jsonReader) comma(end byte) (more bool, err error) {
	c, err := r.space()
	if err != nil {
		return false, err
	}
	if c != ',' && c != end {
		return false, errSyntax
	}
	r.take()
	return c == ',', nil
}

// elements takes the rest of an array, whose bracket was taken.
func (r *jsonReader) elements(depth int) error {
	c, err := r.space()
	if err != nil {
		return err
	}
	if c == ']' {
		r.take()
		return nil
	}
	for {
		if err := r.value(depth + 1); err != nil {
			return err
		}
		more, err := r.comma(']')
		if err != nil || !more {
			return err
		}
	}
}

// str takes a string, and adds the first bytes of it to name unless that is
// nil. A line end within a string breaks the grammar, so a string that is
// never closed ends with its line.
func (r *jsonReader) str(name *[]byte) error {
	r.take()
	for {
		if _, err := r.peek(); err != nil {
			return err
		}
		chunk := r.chunk[r.pos:]
		n := 0
		for n < len(chunk) && chunk[n] != '"' && chunk[n] != '\\' && chunk[n] != '\n' {
			n++
		}
		if name != nil {
			*name = append(*name, chunk[:min(n, maxName-len(*name))]...)
		}
		if n == len(chunk) {
			r.skip(n)
			continue
		}
		if chunk[n] == '\n' {
			return errSyntax
		}
		r.skip(n + 1)
		if chunk[n] == '"' {
			return nil
		}
		// What a backslash escapes.
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
	for taken := false; ; taken = true {
		_, err := r.peek()
		if err == io.EOF && taken {
			return nil
		}
		if err != nil {
			return err
		}
		rest := r.chunk[r.pos:]
		n := 0
		for n < len(rest) && isWordByte(rest[n]) {
			n++
		}
		if n == 0 && !taken {
			return errSyntax
		}
		if n > 0 {
			r.skip(n)
		}
		if n < len(rest) {
			return nil
		}
	}
}

func isWordByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.'
}

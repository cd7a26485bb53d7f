package sqlite

import (
	"fmt"
	"unsafe"

	"zombiezen.com/go/sqlite"
)

// bound is the connection's prepared statement for a query with its parameters.
func (c *conn) bound(query string, args ...any) (*sqlite.Stmt, error) {
	st, err := c.stmt(query)
	if err != nil {
		return nil, err
	}
	for i, arg := range args {
		switch arg := arg.(type) {
		case nil:
			st.BindNull(i + 1)
		case int64:
			st.BindInt64(i+1, arg)
		case string:
			st.BindText(i+1, arg)
		case []byte:
			st.BindBytes(i+1, arg)
		default:
			return nil, fmt.Errorf("parameter %d of %q has type %T", i+1, query, arg)
		}
	}
	return st, nil
}

// run executes a statement that returns no rows.
func (c *conn) run(query string, args ...any) error {
	st, err := c.bound(query, args...)
	if err != nil {
		return err
	}
	return c.step(st)
}

// step executes a bound statement that returns no rows.
func (c *conn) step(st *sqlite.Stmt) error {
	if _, err := st.Step(); err != nil {
		return explain(c.path, err)
	}
	return st.Reset()
}

// each calls visit on every row of a query, until it returns an error, which
// is returned as it is.
func (c *conn) each(visit func(*sqlite.Stmt) error, query string, args ...any) (err error) {
	st, err := c.bound(query, args...)
	if err != nil {
		return err
	}
	defer func() {
		if resetErr := st.Reset(); err == nil {
			err = resetErr
		}
	}()
	for {
		more, err := st.Step()
		if err != nil {
			return explain(c.path, err)
		}
		if !more {
			return nil
		}
		if err := visit(st); err != nil {
			return err
		}
	}
}

// number is the one integer that a query returns, or 0 when there is no row.
func (c *conn) number(query string, args ...any) (n int, err error) {
	err = c.each(func(st *sqlite.Stmt) error {
		n = st.ColumnInt(0)
		return nil
	}, query, args...)
	return n, err
}

// column reads a text into the connection's scratch space; it is valid until
// the next row.
func (c *conn) column(st *sqlite.Stmt, i int) []byte {
	n := st.ColumnLen(i)
	if n > cap(c.scratch) {
		c.scratch = make([]byte, n, 2*n)
	}
	text := c.scratch[:n]
	st.ColumnBytes(i, text)
	return text
}

// text is b as a string without a copy, for a parameter: SQLite copies it.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

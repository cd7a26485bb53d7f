package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"time"
	"unsafe"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// This file alone knows the driver. Another one needs what is declared here, and of a
// statement the methods Bind… (from 1), Step, Reset, Column… (from 0) and ColumnCount.

// stmt is a prepared statement.
type stmt = sqlite.Stmt

// conn is a connection and its prepared statements.
type conn struct {
	db      *sqlite.Conn
	path    string
	stmts   map[string]*stmt
	scratch []byte
	done    <-chan struct{} // when what it does is to end
	stop    chan struct{}   // interrupts it when it is closed
}

// access is what a connection may do to its file.
type access = sqlite.OpenFlags

// The kinds of access. A file is never made: see makeFile.
const (
	toWrite = sqlite.OpenReadWrite
	toRead  = sqlite.OpenReadOnly
	fromURI = sqlite.OpenReadOnly | sqlite.OpenURI // the file's name is a URI
)

// openFile opens a file that is there by its name in SQLite. It waits for no lock.
func openFile(name, path string, a access) (*conn, error) {
	db, err := sqlite.OpenConn(name, a)
	if err != nil {
		return nil, err
	}
	db.SetBusyTimeout(0) // it blocks for ever as it comes
	return &conn{db: db, path: path, stmts: make(map[string]*stmt)}, nil
}

func (c *conn) Close() error { return c.db.Close() }

// waitForLocks is how long the connection waits for a lock before it fails.
func (c *conn) waitForLocks(d time.Duration) { c.db.SetBusyTimeout(d) }

// waitForLocksForEver makes it wait until it is interrupted.
func (c *conn) waitForLocksForEver() { c.db.SetBlockOnBusy() }

// interruptible runs f, and interrupts what the connection does when the context is done:
// that is the context's error. The driver listens in a goroutine, which outlives f: to start
// one for each f costs as much as reading some ten calls.
func (c *conn) interruptible(ctx context.Context, f func() error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.stop == nil {
		c.listen()
	}
	stop := c.stop
	forget := context.AfterFunc(ctx, func() { close(stop) })
	c.done = ctx.Done()
	defer func() {
		c.done = nil
		if !forget() {
			<-stop
			c.listen()
		}
		if kindOf(err) == interrupted {
			err = cmp.Or(ctx.Err(), err)
		}
	}()
	return f()
}

// listen makes the connection one that can be interrupted.
func (c *conn) listen() {
	c.stop = make(chan struct{})
	c.db.SetInterrupt(c.stop)
}

// rollback undoes the transaction that the connection is in, if any.
func (c *conn) rollback() error {
	if c.db.AutocommitEnabled() {
		return nil
	}
	before := c.db.SetInterrupt(nil)
	defer c.db.SetInterrupt(before)
	return c.run("ROLLBACK")
}

// changed is how many rows the last statement changed.
func (c *conn) changed() int { return c.db.Changes() }

// script runs statements that have no parameters and return no rows.
func (c *conn) script(statements string) error { return sqlitex.ExecuteScript(c.db, statements, nil) }

// once runs a statement that is not kept, and whose rows are not read.
func (c *conn) once(query string, args ...any) error {
	return sqlitex.ExecuteTransient(c.db, query, &sqlitex.ExecOptions{Args: args})
}

// pragma is the number that a setting of SQLite's has.
func (c *conn) pragma(name string) (int, error) {
	value, err := c.number("PRAGMA " + name)
	return int(value), err
}

// stmt is the connection's prepared statement for a query.
func (c *conn) stmt(query string) (*stmt, error) {
	if st := c.stmts[query]; st != nil {
		return st, nil
	}
	st, err := c.db.Prepare(query)
	if err != nil {
		return nil, explain(c.path, err)
	}
	c.stmts[query] = st
	return st, nil
}

// bound is the connection's prepared statement for a query with its parameters.
func (c *conn) bound(query string, args ...any) (*stmt, error) {
	st, err := c.stmt(query)
	if err != nil {
		return nil, err
	}
	for i, arg := range args {
		switch arg := arg.(type) {
		case nil:
			st.BindNull(i + 1)
		case int:
			st.BindInt64(i+1, int64(arg))
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
func (c *conn) step(st *stmt) error {
	if _, err := st.Step(); err != nil {
		return explain(c.path, err)
	}
	return st.Reset()
}

// each calls visit on every row of a query, until it returns an error, which
// is returned as it is.
func (c *conn) each(visit func(*stmt) error, query string, args ...any) (err error) {
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
		select {
		case <-c.done: // no row comes any more, however late the interruption is
			return sqlite.ResultInterrupt.ToError()
		default:
		}
	}
}

// number is the one integer that a query returns, or 0 when there is no row.
func (c *conn) number(query string, args ...any) (n int64, err error) {
	err = c.each(func(st *stmt) error {
		n = st.ColumnInt64(0)
		return nil
	}, query, args...)
	return n, err
}

// texts are the first column of a query.
func (c *conn) texts(query string, args ...any) (texts []string, err error) {
	err = c.each(func(st *stmt) error { texts = append(texts, st.ColumnText(0)); return nil }, query, args...)
	return texts, err
}

// column reads a text into the connection's scratch space; it is valid until
// the next row.
func (c *conn) column(st *stmt, i int) []byte {
	n := st.ColumnBytes(i, c.scratch)
	if n == len(c.scratch) { // there may be more
		if length := st.ColumnLen(i); length >= n {
			c.scratch = make([]byte, 2*length+1)
			n = st.ColumnBytes(i, c.scratch)
		}
	}
	return c.scratch[:n]
}

// text is b as a string without a copy, for a parameter: SQLite copies it.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// kind is what an error of SQLite's comes to.
type kind int

const (
	other       kind = iota // also an error that is not SQLite's
	general                 // of a statement, and not of the files
	busy                    // another process has the lock
	interrupted             // by the context
	corrupt                 // its structure is damaged
	notSQLite               // it is not a SQLite file
	full                    // its disk is full
	cantGrow                // it can't be written at its end
	cantOpen                // it, or a file beside it, can't be opened or written to
	diskFails               // reading or writing fails otherwise
)

func kindOf(err error) kind {
	code := sqlite.ErrCode(err)
	switch code {
	case sqlite.ResultError:
		return general
	case sqlite.ResultIOErrWrite, sqlite.ResultIOErrTruncate, sqlite.ResultIOErrSHMSize:
		return cantGrow
	}
	switch code.ToPrimary() {
	case sqlite.ResultBusy:
		return busy
	case sqlite.ResultInterrupt:
		return interrupted
	case sqlite.ResultCorrupt:
		return corrupt
	case sqlite.ResultNotADB:
		return notSQLite
	case sqlite.ResultFull:
		return full
	case sqlite.ResultCantOpen, sqlite.ResultReadOnly, sqlite.ResultPerm:
		return cantOpen
	case sqlite.ResultIOErr:
		return diskFails
	}
	return other
}

// isReadOnly tells whether a file could not be changed because it is read-only.
func isReadOnly(err error) bool { return sqlite.ErrCode(err).ToPrimary() == sqlite.ResultReadOnly }

// codeOf is SQLite's name of an error.
func codeOf(err error) string { return sqlite.ErrCode(err).String() }

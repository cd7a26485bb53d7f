package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	store "github.com/callvault/callvault/internal/sqlite"
)

// bareBatch is as many calls as an import puts into a transaction.
const bareBatch = 100_000

const bareInsert = `INSERT INTO documents (company, time, id, workspace, document) VALUES (1, ?, ?, ?, ?)`

// putter is what one yardstick does with a batch, in a transaction.
type putter func(*sqlite.Conn, []callvault.Call) error

// insertBare is the yardstick of an import: the same rows in transactions of
// the same size, into the same table of calls with its index and nothing else:
// no ids, numbers and counts, and calls that were read and checked before the
// clock runs. Each batch is in the order of the table, as an import has it. It
// prints how long that took.
func insertBare(db, file string, put putter, stdout io.Writer) error {
	// The store makes its schema, and the file keeps the size of its pages.
	s, err := store.Open(context.Background(), db)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	conn, err := sqlite.OpenConn(db, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	for _, setting := range []string{"synchronous = FULL", "fullfsync = ON", "secure_delete = ON", "journal_size_limit = 67108864", "journal_mode = WAL", "cache_size = -16384"} {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+setting, nil); err != nil {
			return errors.Join(err, conn.Close())
		}
	}
	spent, err := insertFile(conn, file, put)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	// To close folds the log into the file, which an import does too.
	begun := time.Now()
	if err := conn.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, int64(spent+time.Since(begun)))
	return err
}

func insertFile(conn *sqlite.Conn, file string, put putter) (spent time.Duration, err error) {
	in, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	lines := newLines(in)
	calls := make([]callvault.Call, 0, bareBatch)
	for {
		calls, err = readBatch(lines, calls[:0])
		if err != nil || len(calls) == 0 {
			return spent, err
		}
		begun := time.Now()
		slices.SortFunc(calls, func(a, b callvault.Call) int { return a.Position().Compare(b.Position()) })
		if err := inTransaction(conn, calls, put); err != nil {
			return spent, err
		}
		spent += time.Since(begun)
	}
}

func newLines(in io.Reader) *bufio.Scanner {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, callvault.MaxDocument+1)
	return lines
}

func readBatch(lines *bufio.Scanner, calls []callvault.Call) ([]callvault.Call, error) {
	for len(calls) < bareBatch && lines.Scan() {
		parsed, err := gong.ParseCall(lines.Bytes())
		if err != nil {
			return nil, err
		}
		call, err := callvault.NewCall(&parsed)
		if err != nil {
			return nil, err
		}
		calls = append(calls, call)
	}
	return calls, lines.Err()
}

func inTransaction(conn *sqlite.Conn, calls []callvault.Call, put putter) (err error) {
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return err
	}
	defer end(&err)
	return put(conn, calls)
}

func insertCalls(conn *sqlite.Conn, calls []callvault.Call) error {
	insert, err := conn.Prepare(bareInsert)
	if err != nil {
		return err
	}
	for i := range calls {
		c := &calls[i]
		insert.BindInt64(1, int64(c.Time))
		insert.BindText(2, c.ID.Key())
		insert.BindText(3, c.Workspace.Key())
		insert.BindText(4, string(c.Document))
		if err := step(insert); err != nil {
			return err
		}
	}
	return nil
}

// step runs a statement that returns no rows.
func step(st *sqlite.Stmt) error {
	if _, err := st.Step(); err != nil {
		return err
	}
	return st.Reset()
}

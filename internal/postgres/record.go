package postgres

import (
	"encoding/binary"
	"errors"
	"strconv"
	"unsafe"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// record reads and verifies the rows of a query, each into the same memory.
type record struct {
	callvault.Record
	kept    int64 // the checksum beside it
	company string
	verify  func(r *callvault.Record, kept int64) error
}

// visitor is a visitor of rows that verifies the record of each and hands it on.
func visitor(company string, verify func(*callvault.Record, int64) error, visit func(callvault.Record) error) func(pgx.Rows) error {
	r := &record{company: company, verify: verify}
	return func(rows pgx.Rows) error {
		if err := r.read(rows); err != nil {
			return err
		}
		return visit(r.Record)
	}
}

// read reads number, checksum, time, id, workspace and document as they are on the wire, and
// verifies them; without a time it is a tombstone. The document is the connection's memory.
// A malformed row is a *callvault.DamageError.
func (r *record) read(rows pgx.Rows) error {
	values, format := rows.RawValues(), rows.FieldDescriptions()[0].Format
	id, workspace := values[3], values[4]
	number, okNumber := readInt(values[0], format)
	kept, okKept := readInt(values[1], format)
	time, okTime := readInt(values[2], format)
	r.Record, r.kept = callvault.Record{Number: number, Deleted: values[2] == nil}, kept
	r.Time, r.Document = callvault.Time(time), values[5]
	copy(r.ID[:], id)
	copy(r.Workspace[:], workspace)
	problem := ""
	switch {
	case !r.Deleted && r.Document == nil:
		problem = "its document is missing"
	case !okNumber || !okKept || !okTime && !r.Deleted || len(id) != len(r.ID) || len(workspace) != 0 && len(workspace) != len(r.Workspace):
		problem = "its row is malformed"
	default:
		return r.verify(&r.Record, kept)
	}
	return &callvault.DamageError{Company: r.company, ID: r.ID, Problem: problem}
}

// readInt reads a bigint, whose form is text where statements are not prepared. It is not
// ok for NULL.
func readInt(value []byte, format int16) (n int64, ok bool) {
	if format == pgx.TextFormatCode {
		n, err := strconv.ParseInt(text(value), 10, 64)
		return n, err == nil
	}
	if len(value) != 8 {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(value)), true
}

// text is b as a string without a copy: to be sent as it is, or read at once.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// damageOf is the damage that an error tells of, or nil.
func damageOf(err error) *callvault.DamageError {
	damage := (*callvault.DamageError)(nil)
	errors.As(err, &damage)
	return damage
}

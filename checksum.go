package callvault

import (
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
)

// Checksum is eight bytes over the company's name and all of the call: the xxHash64 of the
// name, a zero byte, the id and the workspace as they are padded, the time, and the xxHash64
// of the document.
func (c *Call) Checksum(company string) uint64 {
	var room [maxCompany + 1 + 2*maxDigits + 16]byte
	b := append(room[:0], company...)
	b = append(b, 0)
	b = append(b, c.ID[:]...)
	b = append(b, c.Workspace[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.Time))
	b = binary.BigEndian.AppendUint64(b, xxhash.Sum64(c.Document))
	return xxhash.Sum64(b)
}

// Checksum is what stores keep beside a row: that of the call (of a tombstone, of its id
// alone) XOR the number, so that it can be made before the number is known.
func (r *Record) Checksum(company string) int64 {
	return int64(r.Call.Checksum(company)) ^ r.Number
}

// Verify compares the record with the checksum that was kept beside it. It returns a
// *DamageError when they differ: the row is not what was written.
func (r *Record) Verify(company string, kept int64) error {
	if r.Checksum(company) == kept {
		return nil
	}
	return &DamageError{Company: company, ID: r.ID, Problem: "its checksum does not match"}
}

// DamageError is a row that is not what was written, or does not stand where it should.
type DamageError struct {
	Company string
	ID      ID     // of the call or the entry, as the row has it; zero where it is not known
	Kind    Kind   // of the entry, where it is an entry's row
	Key     string // the id of the key, where it is a key's row
	Value   string // the key of the value, where it is a value of the company's mirror
	Problem string // what is wrong, as a clause about the call or the key
}

func (e *DamageError) Error() string {
	what := "part of the calls"
	switch {
	case e.Key != "":
		what = "key " + e.Key
	case e.Value != "":
		what = "value " + e.Value + " of the mirror"
	case e.Kind != "":
		what = e.Kind.One() + " " + e.ID.String()
	case !e.ID.IsZero():
		what = "call " + e.ID.String()
	}
	return fmt.Sprintf("%s of company %s is damaged: %s; see 'callvault check'", what, e.Company, e.Problem)
}

func writeNumber(d *xxhash.Digest, n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	d.Write(b[:])
}

// Checksum is what stores keep beside a row: the xxHash64 of the company's name, a zero byte,
// the place of the first call, and the xxHash64 of records and of titles. It is for engines.
func (r *FactRow) Checksum(company string) int64 { return r.checksum(company, r.TitlesChecksum()) }

// TitlesChecksum is the xxHash64 of the titles, for engines that read rows without them.
func (r *FactRow) TitlesChecksum() int64 { return int64(xxhash.Sum64(r.Titles)) }

func (r *FactRow) checksum(company string, titles int64) int64 {
	var room [maxCompany + 1 + placeSize + 16]byte
	start := placeOf(r.Start)
	b := append(append(append(room[:0], company...), 0), start[:]...)
	b = binary.BigEndian.AppendUint64(b, xxhash.Sum64(r.Records))
	return int64(xxhash.Sum64(binary.BigEndian.AppendUint64(b, uint64(titles))))
}

// Verify returns a *DamageError unless the row is what was written. It is for engines.
func (r *FactRow) Verify(company string, kept int64) error {
	return r.VerifyRecords(company, kept, r.TitlesChecksum())
}

// VerifyRecords is Verify of a row whose titles have this checksum and were not read.
func (r *FactRow) VerifyRecords(company string, kept, titles int64) error {
	if r.checksum(company, titles) == kept {
		return nil
	}
	return &DamageError{Company: company, Problem: "the checksum of its facts from " + r.Start.Time.String() + " does not match"}
}

// Package upkeep is what is done to stores as a whole: copies, checks of
// documents, and digests. It works on every engine.
package upkeep

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// Watch follows the progress of reading a whole store.
type Watch struct {
	Planned func(records int) // the number of records to read
	Read    func(records int) // the number read since the last call
}

// readEvery is the number of records between two calls of Read. A store gives some
// hundred thousand a second.
const readEvery = 4096

// reading counts records for a Watch.
type reading struct {
	Watch
	read int
}

// begin counts the records to read.
func (w Watch) begin(s callvault.Snapshot, companies []string) (*reading, error) {
	total := 0
	for _, company := range companies {
		n, err := s.CountRecords(company, 0)
		if err != nil {
			return nil, err
		}
		total += n
	}
	w.Planned(total)
	return &reading{Watch: w}, nil
}

func (r *reading) next() {
	if r.read++; r.read%readEvery == 0 {
		r.Read(readEvery)
	}
}

// Digest is a text that two stores share if and only if they hold the same:
// companies, calls with their places and numbers, tombstones, keys, used
// quotas and the cursor secret, whatever their engines.
func Digest(ctx context.Context, store callvault.Store, watch Watch) (digest string, err error) {
	d := digester{sha256.New()}
	err = store.Snapshot(ctx, func(s callvault.Snapshot) error { return d.all(s, watch) })
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	return hex.EncodeToString(d.Sum(nil)), nil
}

// digester hashes fields, each with its length before it, so that no two
// sequences of fields are the same bytes.
type digester struct{ hash.Hash }

func (d digester) field(b []byte) {
	d.number(int64(len(b)))
	d.Write(b)
}

func (d digester) text(s string) { d.field([]byte(s)) }

func (d digester) number(n int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	d.Write(b[:])
}

func (d digester) all(s callvault.Snapshot, watch Watch) error {
	companies, err := s.Companies()
	if err != nil {
		return err
	}
	reading, err := watch.begin(s, companies)
	if err != nil {
		return err
	}
	d.number(int64(len(companies)))
	for _, company := range companies {
		d.text(company)
		err := s.Records(company, 0, func(r callvault.Record) error {
			reading.next()
			return d.record(r)
		})
		if err != nil {
			return err
		}
		d.number(0) // no record has this number
	}
	return d.rest(s)
}

func (d digester) record(r callvault.Record) error {
	d.number(r.Number)
	d.text(r.ID.Key())
	d.number(int64(r.Time))
	d.text(r.Workspace.Key())
	d.field(r.Document) // empty for a tombstone
	return nil
}

// rest is what is not of a company's calls.
func (d digester) rest(s callvault.Snapshot) error {
	keys, err := s.Keys()
	if err != nil {
		return err
	}
	d.number(int64(len(keys)))
	for _, key := range keys {
		d.text(key.ID)
		d.text(string(key.Kind))
		d.text(key.Company)
		d.number(int64(len(key.Scopes)))
		for _, scope := range key.Scopes {
			d.text(string(scope))
		}
		d.field(key.Digest[:])
		d.number(key.Created.UnixMicro())
		d.number(key.Expires.UnixMicro())
		d.number(key.Revoked.UnixMicro())
	}
	quotas, err := s.Quotas()
	if err != nil {
		return err
	}
	for _, q := range quotas {
		d.text(q.Company)
		d.number(int64(q.Day))
		d.number(int64(q.Used))
	}
	secret, err := s.CursorSecret()
	d.field(secret)
	return err
}

// CheckDocuments reports every call whose document is not what it would be
// encoded to, or whose place is not the document's.
func CheckDocuments(ctx context.Context, store callvault.Store, watch Watch, report func(difference string)) error {
	return store.Snapshot(ctx, func(s callvault.Snapshot) error {
		companies, err := s.Companies()
		if err != nil {
			return err
		}
		reading, err := watch.begin(s, companies)
		if err != nil {
			return err
		}
		for _, company := range companies {
			err := s.Records(company, 0, func(r callvault.Record) error {
				reading.next()
				if problem := wrong(r); problem != "" {
					report(fmt.Sprintf("company %s: call %s: %s", company, r.ID, problem))
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// wrong is what is wrong with a call, or "".
func wrong(r callvault.Record) string {
	if r.Deleted {
		return ""
	}
	parsed, err := gong.ParseCall(r.Document)
	if err != nil {
		return err.Error()
	}
	call, err := callvault.NewCall(&parsed)
	switch {
	case err != nil:
		return err.Error()
	case !bytes.Equal(call.Document, r.Document):
		return "its document is not in the form that it is written in"
	case call.ID != r.ID || call.Time != r.Time || call.Workspace != r.Workspace:
		return fmt.Sprintf("it is kept as %s at %s in workspace %s, and its document says otherwise", r.ID, r.Time, r.Workspace)
	}
	return ""
}

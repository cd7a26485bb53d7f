// Package upkeep copies and digests whole stores. It works on every engine.
package upkeep

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/callvault/callvault"
)

// Progress is told how far the reading of a whole store has come.
type Progress interface {
	Begin(doing, thing string, total int)
	Add(n int)
}

// begin tells a Progress how many records there are to read.
func begin(ctx context.Context, p Progress, doing string, s callvault.Snapshot, companies []string) error {
	total := 0
	for _, company := range companies {
		n, err := s.Calls(company).CountRecords(ctx)
		if err != nil {
			return err
		}
		total += n
		for _, kind := range callvault.Kinds() {
			n, err := s.Directory(company).Count(ctx, kind)
			if err != nil {
				return err
			}
			total += n
		}
	}
	p.Begin(doing, "record", total)
	return nil
}

// Digest is a text that two stores share if and only if they hold the same, whatever their
// engines: companies, calls with their places and numbers, tombstones, users, workspaces, keys,
// used quotas and the cursor secret. Timelines are not part of it.
func Digest(ctx context.Context, store callvault.Store, progress Progress) (digest string, err error) {
	d := digester{sha256.New()}
	err = store.Snapshot(ctx, func(s callvault.Snapshot) error {
		companies, err := s.Companies(ctx)
		if err != nil {
			return err
		}
		if err := begin(ctx, progress, "digesting", s, companies); err != nil {
			return err
		}
		d.number(int64(len(companies)))
		for _, company := range companies {
			d.text(company)
			err := s.Calls(company).Changes(ctx, 0, -1, func(r callvault.Record) error {
				progress.Add(1)
				d.record(r)
				return nil
			})
			if err != nil {
				return err
			}
			d.number(0) // no record has this number
			if err := d.directory(ctx, s.Directory(company), progress); err != nil {
				return err
			}
			if err := d.mirror(ctx, s.Mirror(company)); err != nil {
				return err
			}
		}
		return d.rest(ctx, s)
	})
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

func (d digester) record(r callvault.Record) {
	d.number(r.Number)
	d.text(r.ID.Key())
	d.number(int64(r.Time))
	d.text(r.Workspace.Key())
	d.field(r.Document) // empty for a tombstone
}

// directory hashes users and workspaces.
func (d digester) directory(ctx context.Context, from callvault.Entries, progress Progress) error {
	for _, kind := range callvault.Kinds() {
		err := from.Scan(ctx, kind, callvault.ID{}, -1, func(e callvault.Entry) error {
			progress.Add(1)
			d.number(-1) // no text has this length: the next company's name does not begin so
			d.text(string(kind))
			d.text(e.ID.Key())
			d.field(e.Document)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mirror hashes the state of a mirror, but for who holds its lease.
func (d digester) mirror(ctx context.Context, from callvault.MirrorReads) error {
	lease, err := from.Lease(ctx)
	if err != nil || lease.Upstream == "" {
		return err
	}
	d.number(-2) // no text has this length, and no entry this mark
	d.text(lease.Upstream)
	d.number(lease.Number)
	err = from.Values(ctx, "", func(key string, value []byte) error {
		d.text(key)
		d.field(value)
		return nil
	})
	for kind := callvault.Own; kind <= callvault.Strange && err == nil; kind++ {
		d.number(-int64(kind))
		err = from.Apart(ctx, kind, func(a callvault.Apart) error {
			d.text(a.ID.Key())
			d.field(fmt.Append(nil, a.Counted, a.At))
			return nil
		})
	}
	return err
}

// rest hashes everything but what belongs to companies.
func (d digester) rest(ctx context.Context, s callvault.Snapshot) error {
	keys, _, err := s.Keys(ctx, callvault.KeysVersion{})
	if err != nil {
		return err
	}
	d.number(int64(len(keys)))
	for _, key := range keys {
		d.text(key.ID)
		d.number(key.Checksum())
		d.number(key.Used.UnixMicro())
	}
	quotas, err := s.Quotas(ctx)
	if err != nil {
		return err
	}
	for _, q := range quotas {
		d.text(q.Company)
		d.number(int64(q.Day))
		d.number(int64(q.Used))
	}
	secret, err := s.CursorSecret(ctx)
	d.field(secret)
	return err
}

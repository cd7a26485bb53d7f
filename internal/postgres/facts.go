package postgres

import (
	"bytes"
	"context"
	"encoding/hex"
	"iter"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

const (
	recordColumnsOfFacts = `f.time, f.id, f.checksum, f.titles_checksum, f.records`
	factColumns          = recordColumnsOfFacts + `, f.titles`

	allFactsSQL = `SELECT ` + factColumns + ` FROM callvault.facts AS f WHERE f.company = $1 ORDER BY f.time, f.id`

	// From the last row on that begins before the range.
	factsInSQL   = `SELECT ` + factColumns + factsWithin
	recordsInSQL = `SELECT ` + recordColumnsOfFacts + factsWithin
	factsWithin  = ` FROM callvault.facts AS f
		WHERE f.company = $1 AND f.time < $3 AND f.time >= coalesce(
			(SELECT time FROM callvault.facts WHERE company = $1 AND time < $2 ORDER BY time DESC LIMIT 1), $2)
		ORDER BY f.time DESC, f.id DESC`

	factsOfSQL  = `SELECT * FROM callvault.facts_of($1, $2, $3, $4)`
	setFactsSQL = `SELECT callvault.set_facts($1, $2, $3, $4, $5, $6, $7)`
	numbersSQL  = `SELECT callvault.numbers_of($1, $2, $3)`

	deleteFactsSQL = `DELETE FROM callvault.facts WHERE company = $1 AND time = $2 AND id = $3`
	clearFactsSQL  = `DELETE FROM callvault.facts WHERE company = $1`

	callsAtSQL = `SELECT d.number, d.checksum, b.time, b.id, d.workspace, d.document
		FROM unnest($2::bigint[], $3::text[]) WITH ORDINALITY AS b (time, id, place)
		LEFT JOIN LATERAL (SELECT number, checksum, workspace, document FROM callvault.documents AS d
			WHERE d.company = $1 AND d.time = b.time AND d.id = b.id OFFSET 0) AS d ON true
		ORDER BY b.place`
)

// keptFacts is a row of facts with where the next one begins.
type keptFacts struct {
	callvault.FactRow
	next callvault.Position
}

// factRows is a callvault.FactRows, which reads many rows at once, and queues what is written.
type factRows struct {
	*change
	atOnce  int
	apart   int         // how many positions to go on for the next one that is asked for
	read    []keptFacts // and not asked for yet, in order
	written []callvault.FactRow
}

// factsAtFirst and factsAtOnce are how many rows are read together, at first and at most.
const (
	factsAtFirst = 16
	factsAtOnce  = 512
)

func (r *factRows) FactRow(at callvault.Position, later iter.Seq[callvault.Position]) (row callvault.FactRow, next callvault.Position, err error) {
	for len(r.read) > 0 && !r.read[0].next.ID.IsZero() && r.read[0].next.Compare(at) <= 0 {
		r.read = r.read[1:]
	}
	if len(r.read) == 0 || r.read[0].Start.Compare(at) > 0 {
		if err = r.readFrom(at, later); err != nil || len(r.read) == 0 {
			return row, next, err
		}
	}
	return r.read[0].FactRow, r.read[0].next, nil
}

// readFrom reads the rows of a position and of some later ones, when those are written that wait
// for it. Where many positions are in one row, it asks for some of them.
func (r *factRows) readFrom(at callvault.Position, later iter.Seq[callvault.Position]) error {
	positions, n := []callvault.Position{at}, 0
	r.atOnce = min(max(factsAtFirst, 8*r.atOnce), factsAtOnce)
	for p := range later {
		if len(positions) == r.atOnce {
			break
		}
		if n++; n%max(1, r.apart) == 0 {
			positions = append(positions, p)
		}
	}
	r.setFacts()
	times, ids := columnsOf(positions)
	r.askFacts(&r.read, times, ids, nil)
	err := r.send()
	r.apart = n / (4 * max(1, len(r.read)))
	return err
}

// askFacts queues a question for the rows of positions, and of calls that may stand elsewhere.
func (w *change) askFacts(into *[]keptFacts, times []int64, ids, moved []string) {
	w.ask(factsOfSQL, times, ids, moved).Query(func(rows pgx.Rows) error {
		*into = nil
		for rows.Next() {
			var kept keptFacts
			if err := readFacts(rows, w.company, &kept.FactRow); err != nil {
				return err
			}
			values := rows.RawValues()
			if time, isThere := readInt(values[6], rows.FieldDescriptions()[6].Format); isThere {
				kept.next.Time = callvault.Time(time)
				copy(kept.next.ID[:], values[7])
			}
			kept.Records, kept.Titles = bytes.Clone(kept.Records), bytes.Clone(kept.Titles)
			*into = append(*into, kept)
		}
		slices.SortFunc(*into, func(a, b keptFacts) int { return a.Start.Compare(b.Start) })
		return rows.Err()
	})
}

// readFacts reads and verifies the columns of factColumns, which are valid until the next row.
func readFacts(rows pgx.Rows, company string, row *callvault.FactRow) error {
	kept, titles := readRecords(rows, row)
	row.Titles = readBytes(rows.RawValues()[5], rows.FieldDescriptions()[5].Format)
	if row.TitlesChecksum() != titles {
		kept++ // so that it does not match either
	}
	return row.Verify(company, kept)
}

// readRecords reads the columns of recordColumnsOfFacts, and returns the checksums.
func readRecords(rows pgx.Rows, row *callvault.FactRow) (kept, titles int64) {
	values, fields := rows.RawValues(), rows.FieldDescriptions()
	time, _ := readInt(values[0], fields[0].Format)
	kept, _ = readInt(values[2], fields[2].Format)
	titles, _ = readInt(values[3], fields[3].Format)
	row.Start.Time = callvault.Time(time)
	copy(row.Start.ID[:], values[1])
	row.Records = readBytes(values[4], fields[4].Format)
	return kept, titles
}

// readBytes reads a bytea, whose form is text where statements are not prepared.
func readBytes(value []byte, format int16) []byte {
	if format == pgx.TextFormatCode {
		value, _ = hex.AppendDecode(nil, bytes.TrimPrefix(value, []byte(`\x`))) // the server made it
	}
	return value
}

func columnsOf(positions []callvault.Position) (times []int64, ids []string) {
	times, ids = make([]int64, len(positions)), make([]string, len(positions))
	for i := range positions {
		times[i], ids[i] = int64(positions[i].Time), positions[i].ID.Key()
	}
	return times, ids
}

func (r *factRows) ReplaceFacts(start callvault.Position, rows []callvault.FactRow) error {
	if !start.ID.IsZero() && (len(rows) == 0 || rows[0].Start != start) {
		r.ask(deleteFactsSQL, int64(start.Time), start.ID.Key())
	}
	r.written = append(r.written, rows...)
	return nil
}

// setFacts queues the writing of rows, behind that of those that go.
func (r *factRows) setFacts() {
	n := len(r.written)
	if n == 0 {
		return
	}
	positions, checksums, titlesChecksums := make([]callvault.Position, n), make([]int64, n), make([]int64, n)
	records, titles := make([][]byte, n), make([][]byte, n)
	for i := range r.written {
		row := &r.written[i]
		positions[i], checksums[i], titlesChecksums[i] = row.Start, row.Checksum(r.company), row.TitlesChecksum()
		records[i], titles[i] = row.Records, row.Titles
	}
	r.written = nil
	times, ids := columnsOf(positions)
	r.ask(setFactsSQL, times, ids, checksums, titlesChecksums, records, titles)
}

// writeFacts queues the writing of what the change has of facts, and forgets it.
func (w *change) writeFacts() error {
	if w.facts.Len() == 0 {
		return nil
	}
	if keys := w.unnumbered(); len(keys) > 0 {
		w.askNumbers(keys)
		if err := w.send(); err != nil {
			return err
		}
	}
	r := &factRows{change: w, read: w.touched}
	err := w.facts.Apply(r)
	r.setFacts()
	w.names, w.touched = callvault.NewNameTally(), nil
	return err
}

// unnumbered are the names of the change whose numbers are not known.
func (w *change) unnumbered() (keys []callvault.NameKey) {
	for _, key := range w.names.Keys() {
		if w.names.Of(key).Number == 0 {
			keys = append(keys, key)
		}
	}
	return keys
}

// askNumbers queues a question for the numbers of names.
func (w *change) askNumbers(keys []callvault.NameKey) {
	fields, names := make([]int32, len(keys)), make([]string, len(keys))
	for i, key := range keys {
		fields[i], names[i] = int32(key.Field), key.Name
	}
	w.ask(numbersSQL, fields, names).QueryRow(func(row pgx.Row) error {
		var numbers []int64
		err := row.Scan(&numbers)
		for i, number := range numbers {
			w.names.SetNumber(keys[i], number)
		}
		return err
	})
}

// fillFacts makes the facts of the calls that are there.
func (s *Store) fillFacts(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, byKeySQL); err != nil {
		return err
	}
	companies, err := view{moment{s, tx}}.Companies(ctx)
	for _, company := range companies {
		if err == nil {
			err = companyRows{s, ctx, tx, company}.fillFacts()
		}
	}
	return err
}

func (c companyRows) fillFacts() error {
	all := callvault.Query{Range: callvault.AllTime}
	at, w := all.Start(), newChange(c)
	r := &record{company: c.company, verify: func(*callvault.Record, int64) error { return nil }}
	for n := fillAtOnce; n == fillAtOnce; {
		n = 0
		page := PageStatement(c.company, all, at, fillAtOnce)
		err := c.each(func(rows pgx.Rows) error {
			if err := r.read(rows); err != nil && damageOf(err) == nil {
				return err
			}
			w.facts.Add(&r.Call, w.names)
			at = r.Position()
			n++
			return nil
		}, page.SQL, page.Args...)
		if err == nil {
			err = w.writeFacts()
		}
		if err == nil {
			err = w.send()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// RemakeFacts makes the facts again.
func (c companyRows) RemakeFacts() error {
	if _, err := c.exec(clearFactsSQL); err != nil {
		return err
	}
	return c.fillFacts()
}

// examineFacts shows the facts to an examination.
func (c companyRows) examineFacts(e *callvault.Examination) error {
	var row callvault.FactRow
	return c.each(func(rows pgx.Rows) error {
		return e.Facts(&row, readFacts(rows, c.company, &row))
	}, allFactsSQL, c.company)
}

func (s reads) View(ctx context.Context, q callvault.ViewQuery) (v callvault.View, err error) {
	store, isStore := s.asker.(*Store)
	if !isStore { // but a snapshot
		return callvault.ViewFacts(s.company, viewRows{ctx, s}, q)
	}
	err = store.inTx(ctx, oneMoment, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, unsortedSQL); err != nil {
			return err
		}
		v, err = callvault.ViewFacts(s.company, viewRows{ctx, reads{moment{store, tx}, s.company}}, q)
		return err
	})
	return v, store.cause(ctx, err)
}

// viewRows is a callvault.ViewRows.
type viewRows struct {
	ctx   context.Context
	reads reads
}

func (r viewRows) Latest() (int64, error) { return r.reads.Latest(r.ctx) }

func (r viewRows) Count(q callvault.Query) (int, error) { return r.reads.Count(r.ctx, q) }

func (r viewRows) VisitNames(visit func(callvault.NameKey, int64) error) error {
	return r.reads.each(r.ctx, func(rows pgx.Rows) error {
		var key callvault.NameKey
		var kept callvault.KeptName
		if err := rows.Scan(&key.Field, &key.Name, &kept.Number, &kept.Calls, &kept.First); err != nil {
			return err
		}
		return visit(key, kept.Number)
	}, keptNamesSQL, r.reads.company)
}

func (r viewRows) VisitFacts(within callvault.Range, visit func(*callvault.FactRow) error) error {
	var row callvault.FactRow
	return r.reads.each(r.ctx, func(rows pgx.Rows) error {
		if err := readFacts(rows, r.reads.company, &row); err != nil {
			return err
		}
		return visit(&row)
	}, factsInSQL, pgx.QueryResultFormats{pgx.BinaryFormatCode}, r.reads.company, int64(within.From), int64(within.To))
}

func (r viewRows) VisitRecords(within callvault.Range, visit func(*callvault.FactRow) error) error {
	var row callvault.FactRow
	return r.reads.each(r.ctx, func(rows pgx.Rows) error {
		kept, titles := readRecords(rows, &row)
		if err := row.VerifyRecords(r.reads.company, kept, titles); err != nil {
			return err
		}
		return visit(&row)
	}, recordsInSQL, pgx.QueryResultFormats{pgx.BinaryFormatCode}, r.reads.company, int64(within.From), int64(within.To))
}

func (r viewRows) Calls(at []callvault.Position) (calls []callvault.Record, err error) {
	verify := func(c *callvault.Record, kept int64) error { return c.Verify(r.reads.company, kept) }
	times, ids := columnsOf(at)
	err = r.reads.each(r.ctx, visitor(r.reads.company, verify, func(c callvault.Record) error {
		c.Document = slices.Clone(c.Document)
		calls = append(calls, c)
		return nil
	}), callsAtSQL, r.reads.company, times, ids)
	return calls, err
}

package postgres

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/callvault/callvault"
)

// partForm is what follows the host's member in the document of a row, and nameForm the name
// that a value begins with, as callvault.NameKey has it, or an empty text. A text goes up
// to its quote, unless that is escaped.
const (
	partForm = `split_part({row}.document, ',"primaryUserId":', 2)`

	nameForm = `CASE WHEN left({value}, 1) <> '"' THEN ''
		WHEN right(split_part({value}, '"', 2), 1) <> '\' THEN left(split_part({value}, '"', 2), {max})
		ELSE left(substring({value} from '^"((?:[^"\\]|\\.)*)'), {max}) END`
)

const (
	namesSQL     = `SELECT name, calls, first FROM callvault.names WHERE company = $1 AND field = $2`
	keptNamesSQL = `SELECT field, name, number, calls, first FROM callvault.names WHERE company = $1`

	addNamesSQL = `SELECT callvault.add_names($1, $2, $3, $4, $5, $6, $7, $8, $9)`

	setNamesSQL = `INSERT INTO callvault.names (company, field, name, number, calls, first)
		SELECT $1, n.field, n.name, n.number, n.calls, n.first
		FROM unnest($2::int[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) AS n (field, name, number, calls, first)
		ON CONFLICT (company, field, name) DO UPDATE SET number = excluded.number, calls = excluded.calls, first = excluded.first`

	removeNamesSQL = `DELETE FROM callvault.names WHERE company = $1 AND calls <= 0`
)

// filledNamesSQL is what a fill needs of the next calls.
var filledNamesSQL = filled.Replace(`SELECT n.time, n.id, n.workspace, {host of n}, {system of n}
	FROM (SELECT d.time, d.id, d.workspace, {part of d} AS part FROM callvault.documents AS d
		WHERE d.company = $1 AND (d.time, d.id) > ($2, $3) ORDER BY d.time, d.id LIMIT $4) AS n`)

// namesOfRows are the names in the documents of rows, as steps have them: of a row with a
// document the part, and of one with the part the names.
func namesOfRows(rows ...string) (pairs []string) {
	for _, row := range rows {
		value := func(value string) string {
			return strings.NewReplacer("{value}", value, "{max}", strconv.Itoa(callvault.MaxName)).Replace(nameForm)
		}
		pairs = append(pairs,
			"{part of "+row+"}", strings.ReplaceAll(partForm, "{row}", row),
			"{host of "+row+"}", value(row+".part"),
			"{system of "+row+"}", value(`split_part(`+row+`.part, ',"system":', 2)`))
	}
	return pairs
}

func (s reads) Names(ctx context.Context, field callvault.Field, visit func(callvault.Name) error) error {
	return s.each(ctx, func(rows pgx.Rows) error {
		var n callvault.Name
		if err := rows.Scan(&n.Name, &n.Calls, &n.First); err != nil {
			return err
		}
		n.Name = callvault.NameKey{Field: field, Name: n.Name}.Value()
		return visit(n)
	}, namesSQL, s.company, int32(field))
}

// fillNames makes the names of the calls that are there.
func (s *Store) fillNames(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, byKeySQL); err != nil {
		return err
	}
	companies, err := view{moment{s, tx}}.Companies(ctx)
	for _, company := range companies {
		if err == nil {
			err = s.fillNamesOf(ctx, tx, company)
		}
	}
	return err
}

func (s *Store) fillNamesOf(ctx context.Context, tx pgx.Tx, company string) error {
	last, lastID := int64(callvault.MinTime), ""
	for n := fillAtOnce; n == fillAtOnce; {
		var times []int64
		var workspaces, hosts, systems []string
		err := s.eachIn(ctx, tx, func(rows pgx.Rows) error {
			var workspace, host, system string
			err := rows.Scan(&last, &lastID, &workspace, &host, &system)
			times, workspaces = append(times, last), append(workspaces, workspace)
			hosts, systems = append(hosts, host), append(systems, system)
			return err
		}, filledNamesSQL, company, last, lastID, fillAtOnce)
		if err != nil {
			return err
		}
		none := []string{}
		if _, err := tx.Exec(ctx, addNamesSQL, company, times, workspaces, hosts, systems, []int64{}, none, none, none); err != nil {
			return err
		}
		n = len(times)
	}
	return nil
}

func (c companyRows) SetNames(differences []callvault.NameDifference) error {
	if len(differences) == 0 {
		return nil
	}
	var fields []int32
	var names []string
	var numbers, calls, firsts []int64
	for _, d := range differences {
		fields, names = append(fields, int32(d.Field)), append(names, d.Name)
		numbers, calls, firsts = append(numbers, d.Has.Number), append(calls, int64(d.Has.Calls)), append(firsts, int64(d.Has.First))
	}
	_, err := c.exec(setNamesSQL, fields, names, numbers, calls, firsts)
	if err == nil {
		_, err = c.exec(removeNamesSQL)
	}
	return callvault.Doing(err, "write the names")
}

// keptNames hands the names that are kept to an examination.
func (c companyRows) keptNames(e *callvault.Examination) error {
	return c.each(func(rows pgx.Rows) error {
		var key callvault.NameKey
		var k callvault.KeptName
		err := rows.Scan(&key.Field, &key.Name, &k.Number, &k.Calls, &k.First)
		e.KeptName(key, k)
		return err
	}, keptNamesSQL, c.company)
}

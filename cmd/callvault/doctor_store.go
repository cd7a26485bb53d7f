package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/doctor"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/sqlite"
)

// patient is the store that doctor looks at.
type patient struct {
	db, name  string          // as --db has it, and to be shown
	store     callvault.Store // nil when it can't be opened
	outdated  bool            // its schema is older than this program
	written   time.Time       // when its file was; zero when it has none
	companies []string
}

const (
	// quickWithin is how long the file of a SQLite store is read for damage.
	quickWithin = 10 * time.Second

	// largeLog: a log that is larger is not being folded into the file. Stores
	// begin it anew at a quarter of that.
	largeLog = 512 << 20

	// openWithin is what a database server may take to let doctor in.
	openWithin = 15 * time.Second
)

// openFile looks at a SQLite store and opens it.
func (p *patient) openFile(ctx context.Context, report *doctor.Report, path string) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		missing := doctor.Finding{Check: "store", Status: doctor.Wrong, What: "there is no store at " + path, Do: "'callvault import' and 'callvault serve' make one; --db names another"}
		if orphan := (*sqlite.OrphanError)(nil); errors.As(sqlite.CheckOrphans(path), &orphan) {
			missing.What, missing.Do = orphan.What, orphan.Do
		}
		report.Add(missing)
		return
	}
	if err != nil {
		report.Add(doctor.Finding{Check: "store", Status: doctor.Wrong, What: err.Error(), Do: "run this as the user that serves; --db names another"})
		return
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		report.Add(doctor.Finding{Check: "store", Status: doctor.Wrong, What: path + " is a pipe, a socket or a device", Do: "--db names the store's file"})
		return
	}
	p.written = info.ModTime()
	// Before this process has the store open: then it would find itself.
	user, kept := logFinding(path), doctor.File(path, info)
	store, err := sqlite.OpenReadOnly(ctx, path)
	if err != nil {
		report.Add(doctor.Finding{Check: "store", Status: doctor.Wrong, What: err.Error(), Do: adviceOnFile(err)})
		return
	}
	p.store = store
	report.Add(doctor.Finding{Check: "store", Status: doctor.OK, What: "SQLite, " + path})
	report.Add(kept...)
	report.Add(user)
	have, known, err := store.Schema(ctx)
	p.addSchema(report, have, known, err)
	p.examineFile(ctx, report, store)
}

// adviceOnFile is what helps against an error of opening a SQLite store.
func adviceOnFile(err error) string {
	if errors.Is(err, callvault.ErrSchemaNewer) {
		return "use the newer program"
	}
	return "run this as the user that serves; --db names another file, and 'callvault restore' makes a store of a backup"
}

// logFinding is who has a SQLite store open, and the log beside it.
func logFinding(path string) doctor.Finding {
	f := doctor.Finding{Check: "log", Status: doctor.OK, What: "there is none: nobody has the store open"}
	size, logged := sqlite.LogSize(path)
	users := sqlite.Users(path)
	switch {
	case len(users) == 1:
		f.What = fmt.Sprintf("process %d has the store open; its log has %s", users[0], humanize.IBytes(uint64(size)))
	case len(users) > 1:
		f.What = fmt.Sprintf("processes %s have the store open; its log has %s", strings.Trim(fmt.Sprint(users), "[]"), humanize.IBytes(uint64(size)))
	case logged:
		f.What = fmt.Sprintf("a log of %s is beside the store: it is open, or was left by a process that was ended; the next to open it takes it in", humanize.IBytes(uint64(size)))
	}
	if size > largeLog {
		f.Status, f.Do = doctor.Warning, "find who reads for so long (an export, a backup, a forgotten sqlite3): until it ends the log grows"
	}
	return f
}

func (p *patient) addSchema(report *doctor.Report, have, known int, err error) {
	f := doctor.Finding{Check: "schema", Status: doctor.OK, What: fmt.Sprintf("version %d, which is this program's", have)}
	switch {
	case err != nil:
		f.Status, f.What = doctor.Wrong, err.Error()
	case have < known:
		p.outdated = true
		f.Status = doctor.Warning
		f.What = fmt.Sprintf("version %d; this program has %d", have, known)
		f.Do = "the next 'callvault serve' of this program brings it up to date; make a backup first"
	case have > known:
		f.What = fmt.Sprintf("version %d, which is newer than this program's %d and usable by it", have, known)
	}
	report.Add(f)
}

// examineFile lets SQLite look for damage, for a while.
func (p *patient) examineFile(ctx context.Context, report *doctor.Report, store *sqlite.Store) {
	looking, cancel := context.WithTimeout(ctx, quickWithin)
	defer cancel()
	found := false
	err := store.QuickCheck(looking, func(problem string) {
		found = true
		report.Add(doctor.Finding{Check: "integrity", Status: doctor.Wrong, What: "the file is damaged: " + problem, Do: "stop serving, keep the file, and make the store anew: 'callvault restore' of a backup"})
	})
	switch {
	case found:
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		report.Add(doctor.Finding{Check: "integrity", Status: doctor.OK, What: fmt.Sprintf("no damage was found in %v; 'callvault check' reads everything", quickWithin)})
	case errors.Is(err, sqlite.ErrMeantime):
		report.Add(doctor.Finding{Check: "integrity", Status: doctor.Warning, What: err.Error(), Do: "look again"})
	case err != nil:
		report.Add(doctor.Finding{Check: "integrity", Status: doctor.Wrong, What: err.Error()})
	default:
		report.Add(doctor.Finding{Check: "integrity", Status: doctor.OK, What: "the file is sound; whether counts agree with calls is for 'callvault check'"})
	}
}

// openDatabase looks at a PostgreSQL store and opens it.
func (p *patient) openDatabase(ctx context.Context, report *doctor.Report, url string) {
	opening, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	store, err := postgres.OpenAsIs(opening, url)
	if err != nil {
		advice := postgres.Advice(err)
		if errors.Is(err, callvault.ErrSchemaNewer) {
			advice = "use the newer program"
		}
		report.Add(doctor.Finding{Check: "store", Status: doctor.Wrong, What: err.Error(), Do: advice})
		return
	}
	c, err := store.Condition(opening)
	if err != nil {
		store.Close()
		report.Add(doctor.Finding{Check: "store", Status: doctor.Wrong, What: err.Error(), Do: postgres.Advice(err)})
		return
	}
	p.store = store
	report.Add(doctor.Finding{Check: "store", Status: doctor.OK, What: "PostgreSQL " + c.Server + ", " + p.name})
	p.addSchema(report, c.Schema, c.Known, nil)
	report.Add(conditionFindings(c)...)
	report.Add(doctor.Clocks(c.Skew, c.RoundTrip))
}

// conditionFindings is what a PostgreSQL server's condition means.
func conditionFindings(c postgres.Condition) (findings []doctor.Finding) {
	if c.Standby {
		findings = append(findings, doctor.Finding{Check: "server", Status: doctor.Wrong, What: "it is a standby and takes no writes", Do: "name the primary, which target_session_attrs=read-write in the URL finds among several hosts, or use 'callvault serve --read-only'"})
	}
	if len(c.Missing) > 0 {
		findings = append(findings, doctor.Finding{Check: "rights", Status: doctor.Wrong, What: "the role lacks " + strings.Join(c.Missing, ", "), Do: "let it own the schema, or grant them: docs/postgresql.md"})
	} else {
		findings = append(findings, doctor.Finding{Check: "rights", Status: doctor.OK, What: "the role may read and write the tables"})
	}
	if len(c.Lossy) > 0 {
		findings = append(findings, doctor.Finding{Check: "server", Status: doctor.Warning, What: strings.Join(c.Lossy, " and ") + " off: what was acknowledged may be lost", Do: "turn on what is off"})
	}
	if c.Pooled && c.Prepares {
		findings = append(findings, doctor.Finding{Check: "pooler", Status: doctor.Warning, What: "a pooler is between, and statements are prepared", Do: "with PgBouncer before 1.21 or without max_prepared_statements, add default_query_exec_mode=exec to the URL"})
	} else if c.Pooled {
		findings = append(findings, doctor.Finding{Check: "pooler", Status: doctor.OK, What: "a pooler is between, and statements are not prepared"})
	}
	return findings
}

// examineKeys looks at the keys, and at the clock by what it has written.
func (p *patient) examineKeys(ctx context.Context, report *doctor.Report) {
	asking, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	keys, _, err := p.store.Keys(asking, callvault.KeysVersion{})
	if err == nil {
		p.companies, err = p.store.Companies(asking)
	}
	now := time.Now()
	report.Add(doctor.Clock(now, keys, p.written))
	if err != nil {
		report.Add(doctor.Finding{Check: "keys", Status: doctor.Wrong, What: err.Error()})
		return
	}
	report.Add(doctor.Keyring{Companies: p.companies, Keys: keys, Create: createKey(p.db)}.Look(now)...)
}

//go:build unix

package program_test

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// damagedStore is a store whose file is damaged in ways that SQLite does not see.
type damagedStore struct {
	whole  []byte // the file
	before []byte // the file as it was before some of its calls were changed
	random *rand.Rand
}

// damages are ways to change the file, and what may not notice: what a page of calls reads
// can't show that the page of the file before or after it is another's. Check always notices.
var damages = []struct {
	name           string
	unseenByPages  bool
	unseenByExport bool
	do             func(*damagedStore) (damaged []byte, done bool)
}{
	{"a byte of a title", false, false, (*damagedStore).title},
	{"a quotation mark in a title", false, false, (*damagedStore).quote},
	{"a leaf page in the wrong place", true, false, (*damagedStore).misplaced},
	{"an old leaf page put back", true, true, (*damagedStore).old},
}

// What a disk has changed in a row is an error and never an answer. What a read can't see,
// check names.
func TestDamagedRows(t *testing.T) {
	c := program.New(t)
	key := fillStore(c, 3000)
	before := fold(c)
	changed := strings.ReplaceAll(recordsFrom(1, 3000), "about this", "about that")
	if got := c.Pipe(changed, "import", "-"); got.Code != program.ExitOK {
		t.Fatalf("%+v", got)
	}
	store := damagedStore{whole: fold(c), before: before, random: rand.New(rand.NewPCG(1, 0))}
	exported := c.Must("export")
	answers, wrongPages := make(map[string]map[int]int), make(map[string]int)
	for range times(2, 75) {
		for _, damage := range damages {
			file, done := damage.do(&store)
			if !done {
				t.Fatalf("%s: no page to do it to", damage.name)
			}
			if err := os.WriteFile(c.DB, file, 0o600); err != nil {
				t.Fatal(err)
			}
			statuses := answers[damage.name]
			if statuses == nil {
				statuses = make(map[int]int)
				answers[damage.name] = statuses
			}
			s := c.Serve("--rate-limit", "off", "--page-size", "50")
			wrong := walkDamaged(s.As(key), exported, statuses)
			wrongPages[damage.name] += wrong
			s.End(syscall.SIGTERM)
			if wrong > 0 && !damage.unseenByPages {
				t.Errorf("%s: %d pages are not what was put in", damage.name, wrong)
			}
			commandsOnDamaged(c, exported, damage.name, damage.unseenByExport)
		}
	}
	t.Logf("answers by damage and status: %v; pages that were wrong: %v", answers, wrongPages)
}

// fold is the file of a store that nobody has open.
func fold(c *program.CLI) []byte {
	c.T.Helper()
	c.Must("check")
	if log, err := os.Stat(c.DB + "-wal"); err == nil && log.Size() > 0 {
		c.T.Fatalf("the log has %d bytes", log.Size())
	}
	file, err := os.ReadFile(c.DB)
	if err != nil {
		c.T.Fatal(err)
	}
	return file
}

// walkDamaged asks for pages all over the calls, and counts those that are not what was
// put in.
func walkDamaged(c *program.Client, exported string, statuses map[int]int) (wrong int) {
	c.T.Helper()
	parameters := program.Everything().Encode()
	for parameters != "" {
		a := c.Get(parameters)
		statuses[a.Status]++
		if a.Status != http.StatusOK {
			if a.Status != http.StatusInternalServerError {
				c.T.Errorf("status %d: %s", a.Status, a.Body)
			}
			return wrong
		}
		_, calls, _ := strings.Cut(strings.TrimSuffix(a.Body, "]}"), `"calls":[`)
		if calls = strings.ReplaceAll(calls, "},{", "}\n{"); !strings.Contains(exported, calls) {
			wrong++
		}
		_, cursor, more := strings.Cut(a.Body, `"cursor":"`)
		parameters = ""
		if more {
			cursor, _, _ = strings.Cut(cursor, `"`)
			parameters = "cursor=" + cursor
		}
	}
	return wrong
}

// commandsOnDamaged checks that no command takes the damage for what was put in.
func commandsOnDamaged(c *program.CLI, exported, damage string, unseen bool) {
	c.T.Helper()
	out := c.T.TempDir()
	if got := c.Run("check"); got.Code != program.ExitFailed || got.Stdout+got.Stderr == "" {
		c.T.Errorf("%s: check: %+v", damage, got)
	}
	if got := c.Run("backup", out+"/backup"); got.Code != program.ExitFailed {
		c.T.Errorf("%s: backup: %+v", damage, got)
	}
	only(c.T, out)
	got := c.Run("export")
	switch {
	case unseen && got.Code == program.ExitOK:
	case got.Code != program.ExitFailed || !strings.Contains(got.Stderr, "damaged"):
		c.T.Errorf("%s: export: %d %s", damage, got.Code, got.Stderr)
	}
	got = c.Run("export", "--skip-damaged")
	for line := range strings.Lines(got.Stdout) {
		if !unseen && !strings.Contains(exported, line) {
			c.T.Errorf("%s: export --skip-damaged has %.100s", damage, line)
		}
	}
	if skipped := strings.Count(exported, "\n") - strings.Count(got.Stdout, "\n"); !unseen && (got.Code != program.ExitSkipped || skipped < 1 || skipped > 200) {
		c.T.Errorf("%s: export --skip-damaged: %d, %d calls fewer, %s", damage, got.Code, skipped, got.Stderr)
	}
}

// leaves are the pages that have documents.
func leaves(file []byte) (pages []int) {
	for at := pageSize; at < len(file); at += pageSize {
		const leafOfIndex = 0x0A // which a table without row ids is
		if page := file[at : at+pageSize]; page[0] == leafOfIndex && bytes.Count(page, []byte(`"title":"Call `)) > 5 {
			pages = append(pages, at)
		}
	}
	return pages
}

// overwriteTitle writes a byte into a title of a call.
func (s *damagedStore) overwriteTitle(b byte) (damaged []byte, done bool) {
	pages := leaves(s.whole)
	if len(pages) == 0 {
		return nil, false
	}
	damaged = bytes.Clone(s.whole)
	page := damaged[pages[s.random.IntN(len(pages))]:][:pageSize]
	const title = " about that"
	for range s.random.IntN(5) {
		if i := bytes.Index(page, []byte(title)); i >= 0 {
			page = page[i+len(title):]
		}
	}
	i := bytes.Index(page, []byte(title))
	if i < 0 {
		return nil, false
	}
	page[i+2] = b
	return damaged, true
}

func (s *damagedStore) title() ([]byte, bool) { return s.overwriteTitle('B') }

func (s *damagedStore) quote() ([]byte, bool) { return s.overwriteTitle('"') }

// misplaced writes a page over another one.
func (s *damagedStore) misplaced() (damaged []byte, done bool) {
	pages := leaves(s.whole)
	if len(pages) < 2 {
		return nil, false
	}
	i := s.random.IntN(len(pages))
	j := (i + 1 + s.random.IntN(len(pages)-1)) % len(pages)
	damaged = bytes.Clone(s.whole)
	copy(damaged[pages[i]:pages[i]+pageSize], s.whole[pages[j]:])
	return damaged, true
}

// old puts a page back that was overwritten since, as a disk does that lost a write.
func (s *damagedStore) old() (damaged []byte, done bool) {
	var pages []int
	for _, at := range leaves(s.whole) {
		if at+pageSize <= len(s.before) && s.before[at] == s.whole[at] && !bytes.Equal(s.before[at:at+pageSize], s.whole[at:at+pageSize]) {
			pages = append(pages, at)
		}
	}
	if len(pages) == 0 {
		return nil, false
	}
	at := pages[s.random.IntN(len(pages))]
	damaged = bytes.Clone(s.whole)
	copy(damaged[at:at+pageSize], s.before[at:])
	return damaged, true
}

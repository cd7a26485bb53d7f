//go:build unix

package program_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// While processes add, change, move and delete calls, walks go through the pages
// of two servers in turn: they meet no place twice, miss no call that is there
// throughout and stays in its place, and say the same total on every page.
func TestWalksUnderWriters(t *testing.T) { onEngines(t, walksUnderWriters) }

func walksUnderWriters(t *testing.T, c *program.CLI) {
	s := newScene(c, times(600, 6000))
	key := c.Key()
	var clients []*program.Client
	for range 2 {
		clients = append(clients, c.Serve("--page-size", strconv.Itoa(times(20, 50)), "--rate-limit", "off").As(key))
	}
	var changes, walks, pages atomic.Int64
	var writing, walking sync.WaitGroup
	done := make(chan struct{})
	for number := range times(2, 4) {
		w := &writer{scene: s, random: rand.New(rand.NewPCG(1, uint64(number)))}
		writing.Go(func() {
			for range times(4, 100) {
				n, err := w.turn()
				if err != nil {
					t.Errorf("writer %d: %v", number, err)
					return
				}
				changes.Add(int64(n))
			}
		})
	}
	for number := range times(4, 12) {
		walking.Go(func() {
			for i := number; ; i++ {
				n, err := s.walk(clients, i)
				if err != nil {
					t.Errorf("walk %d of %d: %v", i, number, err)
					return
				}
				walks.Add(1)
				pages.Add(int64(n))
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writing.Wait()
	close(done)
	walking.Wait()
	t.Logf("%d walks of %d pages, during %d changes by other processes", walks.Load(), pages.Load(), changes.Load())
	if changes.Load() == 0 {
		t.Error("nothing was written")
	}
	if got := c.Must("check"); got != "" {
		t.Errorf("check: %s", got)
	}
}

// scene is a store with calls of three kinds, one after the other in time.
type scene struct {
	c     *program.CLI
	calls []string // their records as they were at first; the id is the index and 1000
}

// What writers do with a call, by its index modulo 3.
const (
	leave = iota // nothing
	edit         // change its title
	upset        // add, change, move and delete it
)

func newScene(c *program.CLI, size int) *scene {
	s := &scene{c: c}
	for i := range size {
		s.calls = append(s.calls, sceneCall(i, i, "7", "at first"))
	}
	c.Put("default", s.calls...)
	return s
}

// sceneCall is a call in a minute of the scene.
func sceneCall(index, minute int, workspace, title string) string {
	return fmt.Sprintf(`{"id":"%d","title":"%s","started":"%s","workspaceId":"%s","clientUniqueId":"%d"}`, 1000+index, title, sceneTime(minute), workspace, index)
}

// writer changes calls by the program's commands.
type writer struct {
	*scene
	random *rand.Rand
	turns  int
}

var (
	importReport = regexp.MustCompile(`([\d,]+) created, ([\d,]+) changed`)
	deleteReport = regexp.MustCompile(`deleted ([\d,]+) call`)
)

// turn imports some calls and deletes some, and returns how many changes the
// program says it made.
func (w *writer) turn() (changes int, err error) {
	w.turns++
	var records, gone []string
	for range len(w.calls) / 10 {
		i := w.random.IntN(len(w.calls))
		switch {
		case i%3 == edit:
			records = append(records, sceneCall(i, i, "7", fmt.Sprintf("turn %d", w.turns)))
		case i%3 == upset && w.random.IntN(3) == 0:
			gone = append(gone, strconv.Itoa(1000+i))
		case i%3 == upset:
			records = append(records, sceneCall(i, w.random.IntN(len(w.calls)), []string{"7", "8"}[w.random.IntN(2)], fmt.Sprintf("turn %d", w.turns)))
		}
	}
	n, err := w.run(importReport, strings.Join(records, "\n"), "import", "-")
	if err != nil {
		return 0, err
	}
	m, err := w.run(deleteReport, "", "delete", "--yes", "--id", strings.Join(gone, ","))
	return n + m, err
}

// run runs a command that must succeed, and adds up the numbers that it reports.
func (w *writer) run(report *regexp.Regexp, stdin string, args ...string) (sum int, err error) {
	got, err := w.c.Try(strings.NewReader(stdin), args...)
	found := report.FindStringSubmatch(got.Stderr)
	if err != nil || got.Code != program.ExitOK || found == nil {
		return 0, fmt.Errorf("%s: %v, %+v", args[0], err, got)
	}
	for _, number := range found[1:] {
		n, err := strconv.Atoi(strings.ReplaceAll(number, ",", ""))
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// walk is one walk, of a kind that its number says, and returns how many pages
// it had.
func (s *scene) walk(clients []*program.Client, number int) (pages int, err error) {
	from, to := 0, len(s.calls)
	if number%3 == 1 {
		from, to = to/5, to-to/5
	}
	parameters := program.Between(sceneTime(from), sceneTime(to))
	if number%3 == 2 {
		parameters.Set("workspaceId", "7")
	}
	m := &meeting{scene: s, met: make(map[int]bool), inWorkspace: number%3 == 2, from: from, to: to}
	p, err := clients[number%2].TryPage(parameters.Encode())
	for total := p.Records.TotalRecords; err == nil; pages++ {
		if r := p.Records; r.TotalRecords != total || r.CurrentPageNumber != pages {
			return pages, fmt.Errorf("page %d of %d calls says %+v", pages, total, r)
		}
		if err := m.page(p); err != nil {
			return pages, fmt.Errorf("page %d: %w", pages, err)
		}
		if p.Records.Cursor == nil {
			return pages + 1, m.missing(total)
		}
		next := url.Values{"cursor": {*p.Records.Cursor}}.Encode()
		if number%2 == 0 {
			next = program.WithCursor(parameters, p)
		}
		p, err = clients[(number+pages)%2].TryPage(next)
	}
	return pages, err
}

// sceneTime is a minute of the scene as times are written.
func sceneTime(minute int) string {
	return time.Date(2026, 3, 4, 0, minute, 0, 0, time.UTC).Format(time.RFC3339)
}

// meeting is what a walk has met.
type meeting struct {
	*scene
	inWorkspace bool
	from, to    int // minutes
	met         map[int]bool
	lastTime    string
	lastID      int
}

// page checks the calls of a page: each stands behind the one before it, belongs
// to what was asked for, and is as somebody wrote it.
func (m *meeting) page(p program.Page) error {
	for _, document := range p.Calls {
		var call struct{ ID, Title, Started, WorkspaceID, ClientUniqueID string }
		if err := json.Unmarshal(document, &call); err != nil {
			return err
		}
		id, err := strconv.Atoi(call.ID)
		index := id - 1000
		if err != nil || index < 0 || index >= len(m.calls) || call.ClientUniqueID != strconv.Itoa(index) {
			return fmt.Errorf("nobody wrote %s", document)
		}
		// All times are written alike, so that they are ordered as text.
		if call.Started < m.lastTime || call.Started == m.lastTime && id <= m.lastID {
			return fmt.Errorf("call %d at %s follows call %d at %s", id, call.Started, m.lastID, m.lastTime)
		}
		if call.Started < sceneTime(m.from) || call.Started >= sceneTime(m.to) || m.inWorkspace && call.WorkspaceID != "7" {
			return fmt.Errorf("not asked for: %s", document)
		}
		if index%3 != upset && (call.Started != sceneTime(index) || call.WorkspaceID != "7") || index%3 == leave && call.Title != "at first" {
			return fmt.Errorf("nobody changed %s into %s", m.calls[index], document)
		}
		m.met[index], m.lastTime, m.lastID = true, call.Started, id
	}
	return nil
}

// missing tells what a walk that is over should have met.
func (m *meeting) missing(total int) error {
	stayed := 0
	for index := m.from; index < m.to; index++ {
		if index%3 == upset {
			continue
		}
		stayed++
		if !m.met[index] {
			return fmt.Errorf("call %d is missing", 1000+index)
		}
	}
	if total < stayed || total > stayed+len(m.calls)/3 {
		return fmt.Errorf("it says %d calls, where %d stayed in their places", total, stayed)
	}
	return nil
}

package screen

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// canvas is what was drawn so far.
type canvas struct {
	mu  sync.Mutex
	all []byte
}

func (c *canvas) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, p...)
	return len(p), nil
}

func (c *canvas) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.all)
}

// onTerminal is a Progress on a terminal of a width, and what is drawn there.
func onTerminal(width int) (*Progress, *canvas) {
	drawn := new(canvas)
	return &Progress{out: newTerminal(drawn), raw: drawn, width: width, first: time.Now()}, drawn
}

// pass lets time pass, until everything that was due in it is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// shown is what one line of a terminal shows in the end.
func shown(drawn *canvas) string {
	line := drawn.String()
	line = line[strings.LastIndexByte(line, '\n')+1:]
	line = line[strings.LastIndexByte(line, '\r')+1:]
	return strings.TrimRight(regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`).ReplaceAllString(line, ""), " ")
}

// A bar appears after a second of the command, follows what is done, and leaves nothing
// on its line.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, drawn := onTerminal(120)
		p.Begin("copying", "record", 30_000)
		p.Add(5000)
		pass(patience - time.Nanosecond)
		if drawn.String() != "" {
			t.Errorf("drawn within a second: %q", drawn)
		}
		p.Add(15_000)
		pass(time.Second)
		if got := shown(drawn); !regexp.MustCompile(`^copying 20,000 of 30,000 records, 1s left, 10,\d+/s +66% \|██████▋   \|$`).MatchString(got) {
			t.Errorf("after two seconds it shows %q", got)
		}
		p.Note("acme: %s\n", "a\nb\x1b")
		if got := drawn.String(); !strings.HasSuffix(got, "\x1b[2K\racme: a b�\n") {
			t.Errorf("a note: %q", got)
		}
		pass(drawEvery)
		if got := shown(drawn); !strings.HasPrefix(got, "copying 20,000 of 30,000 records") {
			t.Errorf("below a note it shows %q", got)
		}
		p.Add(10_000)
		pass(drawEvery)
		p.Begin("purging", "", Unknown)
		pass(3 * time.Second)
		if got := shown(drawn); got != "purging 3s" {
			t.Errorf("what follows shows %q", got)
		}
		if took := p.End(); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		if got := shown(drawn); got != "" {
			t.Errorf("in the end it shows %q", got)
		}
		p.Add(1)
		p.Begin("nothing", "record", 0)
		left := drawn.String()
		pass(time.Hour)
		if p.End(); drawn.String() != left {
			t.Errorf("drawn after the end: %q", drawn)
		}
	})
}

// A line that is longer than the terminal is wide would leave one behind at each step.
func TestProgressFits(t *testing.T) {
	for width, want := range map[int]string{
		45:  "importing ",
		60:  "importing: 12,345,678 calls ",
		80:  "importing: 12,345,678 calls, 12 MiB of 24 MiB, 2m0s left ",
		100: "importing: 12,345,678 calls, 12 MiB of 24 MiB, 2m0s left, 102 KiB/s ",
	} {
		synctest.Test(t, func(t *testing.T) {
			p, drawn := onTerminal(width)
			p.Begin("importing", "byte", Unknown)
			p.Detail("%s", "12,345,678 calls")
			p.Set(12<<20, 24<<20)
			pass(2 * time.Minute)
			got := shown(drawn)
			if !strings.HasPrefix(got, want) || len([]rune(got)) > width {
				t.Errorf("width %d: %q", width, got)
			}
			p.End()
		})
	}
}

// The first byte of output removes the bar for good, unless it goes to a file.
func TestProgressBeforeOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, drawn := onTerminal(80)
		file, err := os.Create(filepath.Join(t.TempDir(), "file"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		p.Begin("reading", "call", 10)
		out := p.Before(drawn)
		if _, err := p.Before(file).Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		if got := shown(drawn); !strings.HasPrefix(got, "reading ") {
			t.Errorf("beside a file it shows %q", got)
		}
		if _, err := out.Write([]byte("a call\n")); err != nil {
			t.Fatal(err)
		}
		p.Begin("reading on", "call", 10)
		pass(2 * time.Second)
		if got := drawn.String(); !strings.HasSuffix(got, "\x1b[2K\ra call\n") {
			t.Errorf("before output %q", got)
		}
	})
}

// Nobody but a terminal gets a bar.
func TestProgressElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := NewProgress(&out)
		p.Begin("reading", "call", 10)
		p.Add(1)
		pass(time.Minute)
		p.Note("skipped: %d", 1)
		p.End()
		if out.String() != "skipped: 1\n" {
			t.Errorf("%q", out.String())
		}
	})
}

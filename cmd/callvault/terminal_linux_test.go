package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unsafe"

	"golang.org/x/term"

	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/sqlite"
)

// evil is what somebody may call a meeting or a file, to write over what a person
// reads: an escape sequence, one of C1, a line end, and a change of direction.
const evil = "wiped\x1b[2J\u009b31m\nforged\u202egnp\x7f"

// newPty is a terminal, and what it shows in the end.
func newPty(t *testing.T) (terminal *os.File, shown func() string) {
	t.Helper()
	terminal, _, shown = newTyped(t)
	return terminal, shown
}

// newTyped is a newPty that a person types into.
func newTyped(t *testing.T) (terminal, keyboard *os.File, shown func() string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	control := func(request uintptr, number *int32) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(number))); errno != 0 {
			t.Skip(errno)
		}
	}
	var number, unlocked int32
	control(syscall.TIOCGPTN, &number)
	control(syscall.TIOCSPTLCK, &unlocked)
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	if _, err := term.MakeRaw(int(terminal.Fd())); err != nil { // line ends stay as they are written
		t.Fatal(err)
	}
	var out bytes.Buffer
	read := make(chan struct{})
	go func() {
		io.Copy(&out, master) // until the terminal is closed
		close(read)
	}()
	return terminal, master, func() string {
		terminal.Close()
		<-read
		master.Close()
		return out.String()
	}
}

// onTerminal runs the program where a person sees what it writes.
func (c *cli) onTerminal(args ...string) (shown string, code int) {
	c.t.Helper()
	terminal, end := newPty(c.t)
	code = run(c.t.Context(), args, c.lookup, strings.NewReader(c.stdin), terminal, terminal)
	return end(), code
}

// A terminal gets text and nothing that it acts on, whatever calls and names of
// files say; files and pipes get every byte.
func TestTerminal(t *testing.T) {
	c := newCLI(t)
	title := `wiped\u001b[2J` + "\u009b31m" + `\nforged` + "\u202egnp\x7f"
	call := `{"id":"1","started":"2026-01-05T09:00:00Z","title":"` + title + `"}`
	calls := c.file(evil+".ndjson", call, `{"id":"`+title+`","started":"2026-01-05T09:00:00Z"}`)
	db := filepath.Join(t.TempDir(), evil+".db")
	out := filepath.Join(t.TempDir(), evil+".csv")
	for _, tt := range []struct {
		args  string
		code  int
		lines int
		want  string
	}{
		{"import -q CALLS", exitSkipped, 3, "wiped�[2J�31m forgedgnp�.ndjson:2: id: "},
		{"import --strict -q CALLS", exitFailed, 2, "nothing was stored"},
		{"export -q", exitOK, 1, `"title":"wiped\u001b[2J�31m\nforgedgnp�"`},
		{"export -q -o csv", exitOK, 3, ",\"wiped�[2J�31m\nforgedgnp�\","}, // a line end within a cell is CSV's
		{"calls -q --from 2026", exitOK, 2, "wiped�[2J�31m forgedgnp�\n"},
		{"calls -q --from 2026 -o ndjson", exitOK, 1, `wiped\u001b[2J�31m\nforgedgnp�`},
		{"export --from 2026 OUT", exitOK, 1, "exported 1 call to "},
		{"export --db DB", exitFailed, 1, "wiped�[2J�31m forgedgnp�.db"},
		{"import -q NONE", exitFailed, 1, "wiped�[2J�31m forgedgnp�"},
		{"key list -o EVIL", exitUsage, 2, "--output "},
		{"key revoke EVIL", exitFailed, 1, "has no key "},
		{"EVIL", exitUsage, 2, "unknown command "},
		{"doctor --db DB --listen 127.0.0.1:0 --manage off", exitFailed, 0, "wiped�[2J�31m forgedgnp�.db"},
	} {
		var args []string
		for _, arg := range strings.Fields(tt.args) {
			switch arg {
			case "CALLS":
				arg = calls
			case "OUT":
				arg = out
			case "DB":
				arg = db
			case "NONE", "EVIL":
				arg = evil
			}
			args = append(args, arg)
		}
		shown, code := c.onTerminal(args...)
		if code != tt.code || !strings.Contains(shown, tt.want) || tt.lines > 0 && strings.Count(shown, "\n") != tt.lines {
			t.Errorf("%s ended with %d and shows %q, want %d lines with %q", tt.args, code, shown, tt.lines, tt.want)
		}
		if strings.ContainsFunc(shown, func(r rune) bool { return unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) }) {
			t.Errorf("%s shows %q", tt.args, shown)
		}
	}
	if got := c.must("export"); !strings.Contains(got, title) {
		t.Errorf("a pipe gets %q", got)
	}
	if got := read(t, out); !strings.Contains(got, evil) {
		t.Errorf("a file has %q", got)
	}
	if got := c.run("import", calls); !strings.Contains(got.stderr, evil+".ndjson:2: ") || !strings.Contains(got.stdout, "committed "+calls) {
		t.Errorf("a pipe gets %+v", got)
	}
}

// Without --yes a delete asks a person, and deletes only after a yes.
func TestDeleteAsks(t *testing.T) {
	c := newCLI(t)
	c.stdin = callOne
	c.must("import", "-")
	const question = `Delete 1 call by id of company "default" from calls.db for good? [y/N] `
	t.Chdir(filepath.Dir(c.env["CALLVAULT_DB"]))
	for _, tt := range []struct {
		answer string
		code   int
		shown  string
	}{
		{"n\n", exitFailed, question + "callvault: nothing was deleted\n"},
		{"yes\n", exitOK, question + "deleted 1 call\n"},
	} {
		terminal, keyboard, end := newTyped(t)
		if _, err := keyboard.WriteString(tt.answer); err != nil {
			t.Fatal(err)
		}
		code := run(t.Context(), []string{"delete", "--id", "1", "--db", "calls.db"}, c.lookup, terminal, terminal, terminal)
		if shown := end(); code != tt.code || shown != tt.shown {
			t.Errorf("answer %q: it ended with %d and shows %q", tt.answer, code, shown)
		}
	}
}

// A delete that finds no calls does not ask.
func TestDeleteOfNothingDoesNotAsk(t *testing.T) {
	c := newCLI(t)
	c.stdin = callOne
	c.must("import", "-")
	terminal, end := newPty(t)
	code := run(t.Context(), []string{"delete", "--before", "2000"}, c.lookup, terminal, terminal, terminal)
	if shown := end(); code != exitOK || shown != "deleted 0 calls\n" {
		t.Errorf("it ended with %d and shows %q", code, shown)
	}
}

// A log shows nothing that a terminal acts on, in either form.
func TestLogOnTerminal(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		terminal, end := newPty(t)
		log := screen.NewLog(screen.Shown(terminal), format, "info")
		log.Info(evil, "path", evil)
		got := end()
		if strings.Count(got, "\n") != 1 || strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) }) {
			t.Errorf("%s shows %q", format, got)
		}
	}
}

// The path of a store stands in errors of its engine.
func TestStoreErrorOnTerminal(t *testing.T) {
	c := newCLI(t)
	db := filepath.Join(t.TempDir(), evil+".db")
	store, err := sqlite.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(db, bytes.Repeat([]byte("no store "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check"}, {"key", "list"}, {"delete", "--yes", "--id", "1"}, {"export"}, {"backup", "x"}} {
		shown, code := c.onTerminal(append(args, "--db", db)...)
		if code != exitFailed || strings.Count(shown, "\n") != 1 || !strings.Contains(shown, "wiped�[2J�31m forgedgnp�.db") {
			t.Errorf("%q ended with %d and shows %q", args, code, shown)
		}
	}
}

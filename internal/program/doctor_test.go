//go:build unix

package program_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// wantDiagnosis runs doctor and checks its exit code and the beginnings of lines,
// white space aside.
func wantDiagnosis(c *program.CLI, code int, args []string, lines ...string) {
	c.T.Helper()
	got := c.Run(append([]string{"doctor"}, args...)...)
	said := strings.Join(strings.Fields(strings.ReplaceAll(got.Stdout, "\n", " \x00 ")), " ")
	for _, line := range lines {
		if !strings.Contains(said, "\x00 "+line) {
			c.T.Errorf("no line %q in\n%s", line, got.Stdout)
		}
	}
	if got.Code != code {
		c.T.Errorf("exit code %d, want %d:\n%s%s", got.Code, code, got.Stdout, got.Stderr)
	}
}

// Doctor finds the server that runs, and leaves the store as it is.
func TestDoctorBesideAServer(t *testing.T) {
	c := program.New(t)
	fillStore(c, 500)
	s := c.Serve()
	api, manage := strings.TrimPrefix(s.Base, "http://"), strings.TrimPrefix(s.Manage(), "http://")
	before := digestOf(t, c.DB)
	wantDiagnosis(c, program.ExitOK, []string{"--listen", api, "--manage", manage},
		"ok listen callvault answers at "+api, "ok manage callvault answers at "+manage, "ok server the server at "+manage+" has this store open")
	if digestOf(t, c.DB) != before {
		t.Error("the store has changed")
	}
	// What was left by a process that was killed is read, and stays as it is.
	c.Put("default", recordsFrom(1000, 1))
	s.Kill()
	before, beforeLog := digestOf(t, c.DB), digestOf(t, c.DB+"-wal")
	wantDiagnosis(c, program.ExitOK, []string{"--listen", api, "--manage", manage}, "ok listen "+api+" is free", "ok store SQLite")
	if digestOf(t, c.DB) != before || digestOf(t, c.DB+"-wal") != beforeLog {
		t.Error("the store has changed")
	}
}

// A store that this user may not read, or write to, is told of with what helps.
func TestDoctorWithoutRights(t *testing.T) {
	c := program.New(t)
	fillStore(c, 500)
	c = inRights(t, c)
	args := []string{"--listen", "127.0.0.1:0"}
	wantDiagnosis(c, program.ExitOK, args, "ok store SQLite")
	mode(c, c.DB, 0o400)
	wantDiagnosis(c, program.ExitOK, args, "warning rights this user can only read it (permission denied)")
	mode(c, c.DB, 0o600)
	mode(c, filepath.Dir(c.DB), 0o500)
	wantDiagnosis(c, program.ExitFailed, args, "wrong rights SQLite can't open it, because this user may not write to the folder ")
	mode(c, filepath.Dir(c.DB), 0o700)
	mode(c, c.DB, 0)
	wantDiagnosis(c, program.ExitFailed, args, "wrong store open "+c.DB+": ")
	if entries, err := os.ReadDir(filepath.Dir(c.DB)); err != nil || len(entries) != 1 {
		t.Errorf("beside the store are %v, %v", entries, err)
	}
}

// Doctor calls nothing wrong that can be opened, and nothing right that can't: a store
// and a backup, which may be read-only, in a folder that may be too.
func TestDoctorKnowsWhatOpens(t *testing.T) {
	c := program.New(t)
	fillStore(c, 10)
	backup := beside(t, "backup.db")
	c.Must("backup", backup)
	for _, file := range []string{c.DB, backup} {
		for _, own := range []os.FileMode{0o400, 0o600} {
			for _, folder := range []os.FileMode{0o500, 0o700} {
				t.Run(fmt.Sprintf("%s %04o in %04o", filepath.Base(file), own, folder), func(t *testing.T) {
					c := inRights(t, program.On(t, file))
					mode(c, file, own)
					mode(c, filepath.Dir(file), folder)
					said := c.Run("doctor", "--listen", "127.0.0.1:0")
					opened := c.Run("export")
					if (said.Code == program.ExitOK) != (opened.Code == program.ExitOK) {
						t.Errorf("doctor says\n%s\nand to open it ends with %d: %s", said.Stdout, opened.Code, opened.Stderr)
					}
				})
			}
		}
	}
}

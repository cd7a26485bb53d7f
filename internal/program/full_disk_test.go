//go:build linux

package program_test

import (
	"bufio"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// smallDisk is a command line in a folder that is a disk of its own, of some
// bytes. It is a mount in a namespace of its own, which takes no rights where a
// user may make one; elsewhere the test is skipped.
func smallDisk(t *testing.T, size int) *program.CLI {
	t.Helper()
	c := program.New(t)
	mount := exec.Command(program.Tool(t, "unshare"), "--user", "--map-root-user", "--mount", "--", "sh", "-c",
		`mount -t tmpfs -o size=`+strconv.Itoa(size)+` none "$0" && echo mounted && exec cat`, c.Folder)
	mount.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := mount.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := mount.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	mount.Stderr = &stderr
	if err := mount.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mount.Wait() })
	t.Cleanup(func() { stdin.Close() }) // cat ends, and the disk with it
	if line, _ := bufio.NewReader(stdout).ReadString('\n'); line != "mounted\n" {
		stdin.Close()
		mount.Wait()
		t.Skipf("no disk can be mounted here: %s", stderr.String())
	}
	c.Within = []string{program.Tool(t, "nsenter"), "--target", strconv.Itoa(mount.Process.Pid), "--user", "--preserve-credentials", "--mount", "--",
		"sh", "-c", `cd "$0" && exec "$@"`, c.Folder}
	return c
}

// shell runs a script on the disk of c and returns what it prints.
func shell(c *program.CLI, script string) string {
	c.T.Helper()
	command := append(c.Within[:len(c.Within):len(c.Within)], "sh", "-c", script)
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		c.T.Fatalf("%s: %v: %s", script, err, out)
	}
	return string(out)
}

// fillDisk leaves no room on the disk of c, and the result gives it back.
func fillDisk(c *program.CLI) (free func()) {
	shell(c, `! head -c 1G /dev/zero >filler`)
	return func() { shell(c, `rm filler`) }
}

// On a full disk what writes fails and says so, with nothing half done; a store
// that is served goes on being read; and when there is room again everything is
// there, and everything works.
func TestFullDisk(t *testing.T) {
	c := smallDisk(t, 8<<20)
	key := fillStore(c, 3000)
	exported := c.Must("export")
	more := recordsFrom(10_000, 3000)
	// Another process on the store, as a backup of files or a shell would be.
	limited := c.Serve("--rate-limit", "1000/s,1000/day")
	client := limited.As(key)
	client.Page(program.Everything().Encode())
	s := c.Serve("--rate-limit", "off")
	reader := s.As(key)

	free := fillDisk(c)
	fails(c, "calls.db", "its disk is full", more, "import", "-")
	fails(c, "calls.db", "its disk is full", "", "delete", "--yes", "--before", "2100-01-01")
	fails(c, "calls.db", "its disk is full", "", "key", "create")
	fails(c, "calls.db", "its disk is full", "", "key", "revoke", key.AccessKey)
	fails(c, "copy.db", "its disk is full", "", "copy", "--from", c.DB, "--to", "copy.db")
	fails(c, "backup", "its disk is full", "", "backup", "backup")
	fails(c, "export.ndjson", "no space left on device", "", "export", "export.ndjson")
	sound(c, exported)
	if got := reader.Walk(program.Everything()); len(got) != 3000 {
		t.Errorf("%d calls are served from a full disk", len(got))
	}
	// Of a day's limit the requests that were leased are answered, and then none.
	answers := make(map[int]int)
	for range 20 {
		a := client.Get(program.Everything().Encode())
		answers[a.Status]++
		if a.Status != http.StatusOK {
			program.ErrorsOf(t, a)
		}
	}
	t.Logf("answers of a server with a day's limit, by status: %v", answers)
	if answers[http.StatusOK]+answers[http.StatusInternalServerError] != 20 || answers[http.StatusInternalServerError] == 0 {
		t.Errorf("a server with a day's limit answered %v", answers)
	}
	if log := limited.Stderr.String(); !strings.Contains(log, "calls.db: its disk is full") {
		t.Errorf("the log does not say why: %s", log)
	}

	free()
	client.Page(program.Everything().Encode())
	for _, server := range []*program.Server{limited, s} {
		if code := server.End(syscall.SIGTERM); code != program.ExitOK {
			t.Errorf("a server ended with %d: %s", code, server.Stderr.String())
		}
	}
	if left := shell(c, `ls -A`); left != "calls.db\n" {
		t.Errorf("left on the disk are %q", left)
	}
	sound(c, exported)

	// A store that nobody has open can't be opened: there is no room for its log.
	free = fillDisk(c)
	for _, args := range [][]string{{"serve"}, {"export"}, {"check"}, {"key", "list"}, {"import", "-"}, {"backup", beside(t, "backup")}} {
		fails(c, "calls.db", "its disk is full", more, args...)
	}
	free()
	sound(c, exported)
	if got := c.Pipe(more, "import", "-"); got.Code != program.ExitOK {
		t.Errorf("an import that is run again: %+v", got)
	}
	c.Must("backup", filepath.Join(t.TempDir(), "backup"))
}

// On a mount that is read-only a store can't be opened, and a backup can be read. Doctor
// says so of both.
func TestReadOnlyMount(t *testing.T) {
	c := smallDisk(t, 32<<20)
	fillStore(c, 10)
	c.Must("backup", "backup.db")
	shell(c, `mount -o remount,ro "$PWD"`)
	args := []string{"--listen", "127.0.0.1:0"}
	wantDiagnosis(c, program.ExitFailed, args, "wrong rights SQLite can't open it, because this user may not write to the folder ")
	fails(c, "calls.db", "read-only file system", "", "export")
	wantDiagnosis(c, program.ExitOK, append(args, "--db", "backup.db"), "warning rights this user can only read it (read-only file system)")
	if got := c.Must("export", "--db", "backup.db"); strings.Count(got, "\n") != 10 {
		t.Errorf("a backup is read as %s", got)
	}
}

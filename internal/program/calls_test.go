package program_test

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// withKey is a run of the program with the credential of a key in its environment.
func withKey(cmd *exec.Cmd, k program.Key) *exec.Cmd {
	cmd.Env = append(cmd.Env, "CALLVAULT_ACCESS_KEY="+k.AccessKey, "CALLVAULT_ACCESS_KEY_SECRET="+k.AccessKeySecret)
	return cmd
}

// output runs a command that has to succeed.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%q: %v: %s", cmd.Args[1:], err, stderr.String())
	}
	return stdout.String()
}

// The calls of a store and those that its server lists are the same, to the byte,
// for whatever is asked.
func TestCallsByURLAndByStore(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	records := randomRecords(random, 300)
	c := program.New(t)
	var lines []string
	for _, r := range records {
		lines = append(lines, r.line(random))
	}
	c.Put("default", lines...)
	k := c.Key()
	s := c.Serve("--page-size", "7", "--rate-limit", "off")
	listed := func(args ...string) string {
		t.Helper()
		args = append([]string{"calls", "-o", "ndjson"}, args...)
		store := c.Must(args...)
		if server := output(t, withKey(c.Command(append(args, "--url", s.Base)...), k)); server != store {
			t.Fatalf("%q: of the server\n%s\nof the store\n%s", args, server, store)
		}
		return store
	}
	if all := listed("--from", "1900", "--to", "2200"); all != c.Must("export") || strings.Count(all, "\n") != len(records) {
		t.Errorf("%d calls of %d were listed", strings.Count(all, "\n"), len(records))
	}
	for asked := 0; asked < 6; {
		q := randomQuestion(random)
		if q.from == "" || q.to == "" {
			continue
		}
		asked++
		args := []string{"--from", q.from, "--to", q.to}
		if q.workspace != "" {
			args = append(args, "--workspace", q.workspace)
		}
		want := ""
		for _, document := range q.answer(records) {
			want += document + "\n"
		}
		if got := listed(args...); got != want {
			t.Errorf("%q: got\n%swant\n%s", args, got, want)
		}
	}
}

// held is a server before another, which holds the third request of each walk until
// it is given up, and says when it has come.
func held(t *testing.T, base string) (address string, came <-chan bool) {
	target, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	requests, arrived := atomic.Int32{}, make(chan bool)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1)%3 != 0 {
			proxy.ServeHTTP(w, r)
			return
		}
		arrived <- true
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	return s.URL, arrived
}

// ctrl-C in mid-walk leaves a whole file of what was read, under another name and whatever
// its format: it is imported.
func TestCallsInterrupted(t *testing.T) {
	c := program.New(t)
	c.Put("default", manyRecords(1, 40)...)
	k := c.Key()
	address, came := held(t, c.Serve("--page-size", "10").Base)
	for _, format := range []string{"ndjson", "json", "csv.zst", "parquet"} {
		file := "calls." + format
		cmd := withKey(c.Command("export", "--url", address, "--from", "2000", "--to", "2100", file), k)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		select {
		case <-came:
		case <-time.After(program.Patience):
			t.Fatalf("the third page was not asked for: %s", stderr.String())
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		cmd.Wait() // what it has to say is the exit code
		if code := cmd.ProcessState.ExitCode(); code != program.ExitFailed || !strings.Contains(stderr.String(), "callvault: interrupted: 20 of 40 calls are in calls.partial."+format+"; go on with --from 20") {
			t.Errorf("%s: code %d, %s", format, code, stderr.String())
		}
		other := program.New(t)
		other.Folder = c.Folder
		other.Must("import", "calls.partial."+format)
		if want := strings.Join(strings.SplitAfter(c.Must("export"), "\n")[:20], ""); other.Must("export") != want {
			t.Errorf("%s: imported is\n%s", format, other.Must("export"))
		}
	}
}

// A reader that has seen enough ends the program quietly.
func TestCallsIntoHead(t *testing.T) {
	c := program.New(t)
	c.Put("default", manyRecords(1, 2000)...) // more than a pipe holds
	for _, format := range []string{"table", "ndjson", "csv"} {
		cmd := c.Command("calls", "--from", "2000", "--to", "2100", "-o", format, "-q")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		if _, err := bufio.NewReaderSize(stdout, 16).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		stdout.Close()
		cmd.Wait() // what it has to say is the signal
		status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if !ok || status.Signal() != syscall.SIGPIPE || stderr.Len() > 0 {
			t.Errorf("%s: it ended with %v: %s", format, cmd.ProcessState, stderr.String())
		}
	}
}

// Dates are of the machine's zone unless told otherwise.
func TestCallsInTheZone(t *testing.T) {
	c := program.New(t)
	c.Put("default", `{"id":"1","started":"2026-01-31T15:30:00Z"}`)
	for zone, want := range map[string]string{
		"local":         "calls from Sun 2026-02-01 00:00 to Mon 2026-02-02 00:00, Asia/Tokyo (UTC+9)\n1 call\n",
		"UTC":           "calls from Sun 2026-02-01 00:00 to Mon 2026-02-02 00:00, UTC\nno calls\n",
		"Europe/Berlin": "calls from Sun 2026-02-01 00:00 to Mon 2026-02-02 00:00, Europe/Berlin (UTC+1)\nno calls\n",
	} {
		cmd := c.Command("calls", "--from", "2026-02-01", "--to", "2026-02-02", "--tz", zone)
		cmd.Env = append(cmd.Env, "TZ=Asia/Tokyo")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil || stderr.String() != want {
			t.Errorf("%s: %v, %s", zone, err, stderr.String())
		}
	}
}

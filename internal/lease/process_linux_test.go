package lease

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// A process that runs is not gone, one that has ended is, even before its parent has noticed;
// one of another kernel or namespace, or with another start, is told from it.
func TestIsGone(t *testing.T) {
	me, err := self()
	if err != nil {
		t.Skip("/proc is not there")
	}
	sleeper := exec.CommandContext(t.Context(), "sleep", "1000")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	start, _, err := startOf(sleeper.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	other := me
	other.pid, other.start = sleeper.Process.Pid, start
	again, elsewhere, container := other, other, other
	again.start = start + "1"
	elsewhere.kernel = "another"
	container.pids = "pid:[1]"
	check := func(when string, want map[string]bool) {
		t.Helper()
		for holder, gone := range want {
			if got := isGone(holder); got != gone {
				t.Errorf("%s, %s is gone: %v", when, holder, got)
			}
		}
	}
	check("while it runs", map[string]bool{me.String(): false, other.String(): false, again.String(): true, elsewhere.String(): false, container.String(): false, "": false, "a: process 1": false, "a: process -1 since 1 of x on kernel y": false})
	if err := sleeper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for { // until the kernel has ended it; nobody has waited for it yet
		if _, ended, err := startOf(sleeper.Process.Pid); err != nil || ended {
			break
		}
	}
	check("as a zombie", map[string]bool{other.String(): true, elsewhere.String(): false, container.String(): false})
	sleeper.Wait()
	check("when it has ended", map[string]bool{other.String(): true, elsewhere.String(): false, container.String(): false})
	if text := (&HeldError{holder()}).Error(); !strings.HasSuffix(text, ": process "+strconv.Itoa(me.pid)) {
		t.Error(text)
	}
}

package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/screen"
)

// Elsewhere than on a terminal, all that serve writes to standard error is JSON: that it
// made a store, and its error once requests were answered.
func TestServeLogsJSON(t *testing.T) {
	c := newCLI(t)
	s := c.serve("--manage", "off")
	s.find("^serving ")
	if code := s.stop(); code != exitOK {
		t.Errorf("it ended with %d", code)
	}
	if want := `"level":"INFO","msg":"made store `; !strings.Contains(s.stderr.String(), want) {
		t.Errorf("%s is not in\n%s", want, s.stderr)
	}
	for line := range strings.Lines(s.stderr.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%q", line)
		}
	}

	var out strings.Builder
	log := screen.NewLog(&out, "json", "info")
	fire := errors.New("disk on fire")
	if err := (&service{app: &app{log: log}}).logged(fire); err != fire || out.String() != "" {
		t.Errorf("before it serves: %v, %s", err, &out)
	}
	if err := (&service{app: &app{log: log}, serves: true}).logged(fire); err != errLogged || !strings.Contains(out.String(), `"level":"ERROR","msg":"serve ended","error":"disk on fire"}`) {
		t.Errorf("once it serves: %v, %s", err, &out)
	}
}

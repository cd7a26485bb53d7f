package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"
)

// The log is text where a person reads it, and JSON with durations in seconds elsewhere.
func TestLogFormat(t *testing.T) {
	for format, want := range map[string]string{
		"auto": `"level":"WARN","msg":"hello","took":0.001235}` + "\n",
		"json": `"level":"WARN","msg":"hello","took":0.001235}` + "\n",
		"text": "level=WARN msg=hello took=1.234567ms\n",
	} {
		var out bytes.Buffer
		log := logOptions{format, "warn"}.newLog(&out)
		log.Info("not this")
		log.Warn("hello", "took", 1234567*time.Nanosecond)
		if !strings.HasSuffix(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: got %s", format, out.String())
		}
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminal here: ", err)
	}
	defer terminal.Close()
	log := logOptions{"auto", "info"}.newLog(terminal)
	if _, isText := log.Handler().(*slog.TextHandler); !isText {
		t.Errorf("on a terminal: %T", log.Handler())
	}
}

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
	log := logOptions{"json", "info"}.newLog(&out)
	fire := errors.New("disk on fire")
	if err := (&service{app: &app{log: log}}).logged(fire); err != fire || out.String() != "" {
		t.Errorf("before it serves: %v, %s", err, &out)
	}
	if err := (&service{app: &app{log: log}, serves: true}).logged(fire); err != errLogged || !strings.Contains(out.String(), `"level":"ERROR","msg":"serve ended","error":"disk on fire"}`) {
		t.Errorf("once it serves: %v, %s", err, &out)
	}
}

package screen

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
)

// The log is text where a person reads it, and JSON elsewhere.
func TestLogFormat(t *testing.T) {
	for format, want := range map[string]string{
		"auto": `"level":"WARN","msg":"hello","took":0.5}` + "\n",
		"json": `"level":"WARN","msg":"hello","took":0.5}` + "\n",
		"text": "level=WARN msg=hello took=0.5\n",
	} {
		var out bytes.Buffer
		log := NewLog(&out, format, "warn")
		log.Info("not this")
		log.Warn("hello", "took", 0.5)
		if !strings.HasSuffix(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: got %s", format, out.String())
		}
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminal here: ", err)
	}
	defer terminal.Close()
	log := NewLog(terminal, "auto", "info")
	if _, isText := log.Handler().(*slog.TextHandler); !isText {
		t.Errorf("on a terminal: %T", log.Handler())
	}
}

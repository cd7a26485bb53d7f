package api

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Whatever is asked in the golden exchanges, nothing of what the client sent as a
// credential or in its query, and no cursor that it was given, stands in the log in
// either form, or in a metric.
func TestNothingSecretIsRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/exchanges/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	secrets := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		var registries []*prometheus.Registry
		watch := &watcher{secrets: make(map[string]bool)}
		with := func(config *Config) {
			registry := prometheus.NewRegistry()
			registries = append(registries, registry)
			config.Metrics = registry
			config.Log = slog.New(slog.NewMultiHandler(slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)))
		}
		var config Config
		with(&config)
		p := player{t: t, server: newServer(t, config), described: newDescribed(t), with: with, watch: watch.see}
		p.play(string(text))
		metrics := ""
		for _, registry := range registries {
			metrics += scrape(registry)
		}
		for where, recorded := range map[string]string{"log": log.String(), "metrics": metrics} {
			for secret := range watch.secrets {
				if strings.Contains(recorded, secret) {
					t.Errorf("%s: %q is in the %s", file, secret, where)
				}
			}
		}
		if n := strings.Count(log.String(), `"msg":"request"`); n != p.requests {
			t.Errorf("%s: %d requests left %d lines", file, p.requests, n)
		}
		secrets += len(watch.secrets)
	}
	if secrets < 100 {
		t.Errorf("only %d secrets were looked for", secrets)
	}
}

// watcher collects what must not be recorded.
type watcher struct{ secrets map[string]bool }

// leastSecret is the least that is looked for: what is shorter stands anywhere.
const leastSecret = 5

// spoken are texts that are sent as secrets and stand in the log for another reason: as
// words of it, and as the id of a key that is known.
var spoken = []string{"secret", "wrong", "TOKENID"}

func (w *watcher) add(secret string) {
	if len(secret) >= leastSecret && !slices.Contains(spoken, secret) {
		w.secrets[secret] = true
	}
}

// see takes a request and its answer.
func (w *watcher) see(r *http.Request, body, answer string) {
	for _, text := range regexp.MustCompile(`: *\[?"([^"]*)"`).FindAllStringSubmatch(body, -1) {
		w.add(text[1])
	}
	for _, value := range r.Header["Authorization"] {
		_, credential, _ := strings.Cut(value, " ")
		w.add(credential)
		pair, err := base64.StdEncoding.DecodeString(credential)
		if err != nil {
			_, secret, _ := strings.Cut(credential, ".")
			w.add(secret)
			continue
		}
		_, secret, _ := strings.Cut(string(pair), ":")
		w.add(secret)
	}
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		_, value, _ := strings.Cut(part, "=")
		w.add(value)
	}
	for _, values := range r.URL.Query() {
		for _, value := range values {
			w.add(value)
		}
	}
	for _, cursor := range regexp.MustCompile(`"(?:cursor|next)":"([^"]*)"`).FindAllStringSubmatch(answer, -1) {
		w.add(cursor[1])
	}
}

package page

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

const adaName = "</td><b>Ada</b> \u202eLovelace"

// named is a page of calls of which one has a host and a workspace that were imported, one
// has others, one a host without digits, and one has no host.
func named(t *testing.T) (h *Handler, d *directory) {
	t.Helper()
	made := calls{}
	for i, fields := range []string{`"primaryUserId":"7","workspaceId":"70"`, `"primaryUserId":"8","workspaceId":"80"`, `"primaryUserId":"__proto__","workspaceId":"70"`, `"title":"none"`} {
		c := call(i+1, time.Date(2026, 3, 1, i, 0, 0, 0, time.UTC), "")
		c.Document = fmt.Appendf(nil, `{"id":"%d","started":"2026-03-01T00:00:00Z",%s}`, i+1, fields)
		_, workspace, _ := strings.Cut(fields, `"workspaceId":"`)
		if workspace != "" {
			c.Workspace, _ = callvault.ParseID(strings.TrimSuffix(workspace, `"`))
		}
		made.rows = append(made.rows, c)
	}
	s := &store{companies: map[string]calls{callvault.DefaultCompany: made}}
	s.entries = directory{entries: map[callvault.Kind][]callvault.Entry{}, reads: new(int)}
	for kind, documents := range map[callvault.Kind][]string{
		callvault.Users:      {`{"id":"7","firstName":"</td><b>Ada</b>","lastName":"\u202eLovelace"}`, `{"id":"9","firstName":"not of these calls"}`},
		callvault.Workspaces: {`{"id":"70","name":"Sales"}`, `{"id":"90","name":"without calls"}`},
	} {
		for _, document := range documents {
			e, err := callvault.ParseEntry(kind, []byte(document))
			if err != nil {
				t.Fatal(err)
			}
			s.entries.entries[kind] = append(s.entries.entries[kind], e)
		}
	}
	return start(t, Config{Store: s}, made), &s.entries
}

// A page of the table and a call come with the names of their hosts and workspaces and no
// others, read once for all rows.
func TestNames(t *testing.T) {
	h, d := named(t)
	w := get(h, "/api/view?range=all")
	if want := `"names":{"users":{"7":"</td><b>Ada</b> ` + "\u202e" + `Lovelace"},"workspaces":{"70":"Sales"}}`; w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if *d.reads != 2 {
		t.Errorf("the directory was read %d times", *d.reads)
	}
	l := read[look](t, h, "/api/view?range=all").List
	for i, want := range []string{adaName + ", Sales", ", ", ", Sales", ", "} {
		c := read[oneCall](t, h, "/api/call?id="+ids(l)[3-i])
		host, workspace := []string{"7", "8", "__proto__", ""}[i], []string{"70", "80", "70", ""}[i]
		if got := c.Names[callvault.Users][host] + ", " + c.Names[callvault.Workspaces][workspace]; got != want {
			t.Errorf("call %d has %s, want %s", i+1, got, want)
		}
	}
}

// A damaged user costs the names and no call, and is logged. Another error is one.
func TestDamagedNames(t *testing.T) {
	h, d := named(t)
	var log bytes.Buffer
	h.Log = slog.New(slog.NewTextHandler(&log, nil))
	d.err = &callvault.DamageError{Company: "default", Kind: callvault.Users, Problem: "its checksum does not match"}
	for _, path := range []string{"/api/view?range=all", "/api/call?id=1"} {
		log.Reset()
		if w := get(h, path); w.Code != http.StatusOK || !strings.Contains(log.String(), "its checksum does not match") {
			t.Errorf("%s: %d %s, logged %s", path, w.Code, w.Body, &log)
		}
	}
	d.err = errors.New("disk on fire")
	for _, path := range []string{"/api/view?range=all", "/api/call?id=1"} {
		if w := get(h, path); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// A download in a format that shows names gets those of the directory, and another reads none.
func TestDownloadNames(t *testing.T) {
	h, d := named(t)
	var got callvault.EntryNames
	keep := func(w io.Writer, names callvault.EntryNames) (Writer, error) {
		got = names
		return lines{w}, nil
	}
	h.Formats = []Format{{Name: "With", Extension: "with", HasNames: true, New: keep}, {Name: "Without", Extension: "without", New: keep}}
	if w := get(h, "/api/download?range=all&format=with"); w.Code != http.StatusOK || got.Of(callvault.Users, "7") != adaName || got.Of(callvault.Workspaces, "70") != "Sales" {
		t.Errorf("%d, names %v", w.Code, got)
	}
	*d.reads = 0
	if w := get(h, "/api/download?range=all&format=without"); w.Code != http.StatusOK || got != nil || *d.reads > 0 {
		t.Errorf("%d, names %v", w.Code, got)
	}
}

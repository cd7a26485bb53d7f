package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/certtest"
	"github.com/callvault/callvault/internal/doctor"
	ours "github.com/callvault/callvault/internal/sqlite"
)

// diagnose runs doctor and returns its findings. It looks at addresses that
// nobody has, unless told otherwise, and must leave the folder of the store as it is.
func (c *cli) diagnose(args ...string) ([]doctor.Finding, outcome) {
	c.t.Helper()
	at := filepath.Dir(c.env["CALLVAULT_DB"])
	before := content(c.t, at)
	got := c.run(append([]string{"doctor", "-o", "json", "--listen", "127.0.0.1:0"}, args...)...)
	after := content(c.t, at)
	if len(before) != len(after) {
		c.t.Errorf("%d files became %d", len(before), len(after))
	}
	for name, text := range before {
		if after[name] != text {
			c.t.Errorf("%s has changed", name)
		}
	}
	var findings []doctor.Finding
	if err := json.Unmarshal([]byte(got.stdout), &findings); err != nil {
		c.t.Fatalf("%v in %+v", err, got)
	}
	return findings, got
}

// content is what is in the files of a folder.
func content(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(text)
	}
	return files
}

// wantFinding checks that a finding is there, and that the exit code says whether
// anything is wrong.
func wantFinding(t *testing.T, findings []doctor.Finding, got outcome, check string, status doctor.Status, what, do string) {
	t.Helper()
	wrong, found := false, false
	for _, f := range findings {
		wrong = wrong || f.Status == doctor.Wrong
		found = found || f.Check == check && f.Status == status && strings.Contains(f.What, what) && strings.Contains(f.Do, do)
	}
	if !found {
		t.Errorf("no %s of %s with %q and %q in %s", status, check, what, do, got.stdout)
	}
	if wrong != (got.code == exitFailed) || !wrong && got.code != exitOK {
		t.Errorf("exit code %d for %s", got.code, got.stdout)
	}
}

func TestDoctorOfWhatIsWell(t *testing.T) {
	c := newCLI(t)
	c.must("key", "create")
	c.must("import", "-q", c.file("calls.ndjson", callOne))
	findings, got := c.diagnose()
	checks := map[string]string{
		"program": "callvault ", "listen": "will take a free port", "manage": "will take a free port", "store": "SQLite, " + c.env["CALLVAULT_DB"],
		"rights": "this user may write to it", "schema": "as in this program", "clock": "", "keys": "every company (1) has a valid key",
	}
	if runtime.GOOS == "linux" {
		checks["disk"] = " free"
	}
	for check, what := range checks {
		wantFinding(t, findings, got, check, doctor.OK, what, "")
	}
	if got.code != exitOK || len(findings) != len(checks) {
		t.Errorf("%+v", got)
	}
	text := c.run("doctor", "--listen", "127.0.0.1:0")
	if text.code != exitOK || !strings.Contains(text.stdout, "\nok       schema   version ") || strings.Count(text.stdout, "\n") != len(findings) {
		t.Errorf("%+v", text)
	}
}

// A store that is not there is not made, and one that can't be used is left as it
// is.
func TestDoctorOfStores(t *testing.T) {
	for _, tt := range []struct {
		name, what, do string
		make           func(t *testing.T, path string)
	}{
		{"missing", "there is no store at ", "name another with --db, or make one: callvault import FILE", func(*testing.T, string) {}},
		{"orphan", "calls.db that was moved without it, and may hold its latest calls", "calls.db-shm) to where that file is now, do not delete them, then run this again", func(t *testing.T, path string) {
			writeFile(t, path+"-wal", "")
			writeFile(t, path+"-shm", "")
		}},
		{"foreign", "it is not a SQLite file", "name another store with --db", func(t *testing.T, path string) {
			writeFile(t, path, strings.Repeat("this is no store", 100))
		}},
		{"empty", "not a callvault store", "name another store with --db", func(t *testing.T, path string) { writeFile(t, path, "") }},
		{"folder", "it is a folder", "use the path of a file", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Remove(path) })
		}},
		{"newer", "made by a newer version of callvault", "upgrade callvault", func(t *testing.T, path string) {
			newCLIOn(t, path).must("key", "create")
			damage(t, path, func(file []byte) { file[63] = 99 }) // user_version
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCLI(t)
			tt.make(t, c.env["CALLVAULT_DB"])
			if tt.name == "folder" {
				got := c.run("doctor", "--listen", "127.0.0.1:0")
				if got.code != exitFailed || !strings.Contains(got.stdout, tt.what) {
					t.Errorf("%+v", got)
				}
				return
			}
			findings, got := c.diagnose()
			wantFinding(t, findings, got, "store", doctor.Wrong, tt.what, tt.do)
		})
	}
}

func newCLIOn(t *testing.T, path string) *cli {
	c := newCLI(t)
	c.env["CALLVAULT_DB"] = path
	return c
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDoctorOfFiles(t *testing.T) {
	c := newCLI(t)
	c.must("key", "create")
	if err := os.Chmod(c.env["CALLVAULT_DB"], 0o644); err != nil {
		t.Fatal(err)
	}
	findings, got := c.diagnose()
	wantFinding(t, findings, got, "rights", doctor.Warning, "every user of this machine may use it (mode 0644)", "chmod o-rwx ")
}

func TestDoctorOfKeys(t *testing.T) {
	c := newCLI(t)
	c.must("import", "-q", c.file("calls.ndjson", callOne))
	findings, got := c.diagnose()
	create := "callvault key create --db '" + c.env["CALLVAULT_DB"] + "'"
	wantFinding(t, findings, got, "keys", doctor.Wrong, "no valid key may read calls", "make one: "+create)
	c.must("key", "create", "--expires", "3d")
	findings, got = c.diagnose()
	wantFinding(t, findings, got, "keys", doctor.Warning, `of company "default" expires soon, at `, "make another in time: "+create)
}

// A key that was made in the future shows a clock that is behind.
func TestDoctorOfTheClock(t *testing.T) {
	c := newCLI(t)
	store, err := ours.Open(t.Context(), c.env["CALLVAULT_DB"])
	if err != nil {
		t.Fatal(err)
	}
	key, _ := callvault.NewKey(callvault.BasicKey)
	key.Company, key.Scopes = "default", []callvault.Scope{"api:calls:read:basic"}
	key.Created = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	if err := store.AddKey(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	findings, got := c.diagnose()
	wantFinding(t, findings, got, "clock", doctor.Wrong, "but the key "+key.ID+" was made at ", "NTP")
}

func TestDoctorOfAddresses(t *testing.T) {
	c := newCLI(t)
	c.must("key", "create")
	findings, got := c.diagnose("--listen", take(t), "--manage", "256.0.0.1:1")
	wantFinding(t, findings, got, "listen", doctor.Wrong, "another program uses ", "--listen")
	wantFinding(t, findings, got, "manage", doctor.Wrong, "256.0.0.1", "--manage")
	for _, args := range [][]string{{"--listen", "8080"}, {"--manage", "none"}, {"-o", "yaml"}, {"--tls-cert", "x"}, {"--db", "mysql://h/d"}} {
		if got := c.run(append([]string{"doctor"}, args...)...); got.code != exitUsage || got.stdout != "" {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

func TestDoctorOfCertificates(t *testing.T) {
	c := newCLI(t)
	c.must("key", "create")
	folder := t.TempDir()
	certFile, keyFile := certtest.Make(t, certtest.Options{}).Write(t, folder)
	with := []string{"--tls-cert", certFile, "--tls-key", keyFile}
	findings, got := c.diagnose(with...)
	wantFinding(t, findings, got, "tls", doctor.OK, "the certificate is for localhost, 127.0.0.1, ::1, until ", "")
	certtest.Make(t, certtest.Options{NotAfter: time.Now().Add(-time.Minute)}).Write(t, folder)
	findings, got = c.diagnose(with...)
	wantFinding(t, findings, got, "tls", doctor.Wrong, "it expired on ", "replace the file")
	writeFile(t, keyFile, string(certtest.Make(t, certtest.Options{}).Key))
	findings, got = c.diagnose(with...)
	wantFinding(t, findings, got, "tls", doctor.Wrong, "private key does not match public key", "name two PEM files that belong together")
}

// With --mirror doctor asks the upstream what the credential may see, and the store whether the
// company may mirror it.
func TestDoctorOfAMirror(t *testing.T) {
	c := newCLI(t)
	c.must("key", "create")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hush" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/v2/calls":
			io.WriteString(w, `{"records":{"totalRecords":1200},"calls":[]}`)
		case "/v2/users":
			refuse(w, http.StatusForbidden, "You don't have permission to use 'api:users:read' in your app.")
		default:
			io.WriteString(w, `{"workspaces":[]}`)
		}
	}))
	defer server.Close()
	c.env["CALLVAULT_TOKEN"] = "hush"
	findings, got := c.diagnose("--mirror", server.URL)
	wantFinding(t, findings, got, "upstream", doctor.OK, "1,200 calls visible at "+server.URL, "")
	wantFinding(t, findings, got, "upstream", doctor.Warning, "the key may not read users", "api:users:read")
	wantFinding(t, findings, got, "mirror", doctor.OK, `company "default" is not a mirror yet`, "")
	findings, got = c.diagnose("--mirror", server.URL, "--db", "none.db")
	wantFinding(t, findings, got, "store", doctor.OK, "there is no store at none.db yet; 'callvault mirror' makes it", "")

	store := opened(t, c)
	if _, err := store.Mirror("acme").Take(t.Context(), callvault.Lease{}, "https://other.example.com", "a process"); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	findings, got = c.diagnose("--mirror", server.URL, "--company", "acme")
	wantFinding(t, findings, got, "mirror", doctor.Wrong, "company acme is a mirror of https://other.example.com", "callvault mirror end")
	c.env["CALLVAULT_TOKEN"] = "wrong"
	findings, got = c.diagnose("--mirror", server.URL)
	wantFinding(t, findings, got, "upstream", doctor.Wrong, "the server answered 401", "check the access key")
	if got := c.run("doctor", "--credentials", "x"); got.code != exitUsage || !strings.Contains(got.stderr, "--credentials is for --mirror") {
		t.Errorf("%+v", got)
	}
}

// opened is the store of a test.
func opened(t *testing.T, c *cli) *ours.Store {
	t.Helper()
	store, err := ours.Open(t.Context(), c.env["CALLVAULT_DB"])
	if err != nil {
		t.Fatal(err)
	}
	return store
}

package web

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/certtest"
)

func TestProblems(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	sound := certtest.Options{NotBefore: now, NotAfter: now.Add(expiresSoon)}
	for _, tt := range []struct {
		name    string
		change  func(*certtest.Options)
		mode    os.FileMode
		want    string
		refused bool
	}{
		{"sound", func(*certtest.Options) {}, 0o640, "", false},
		{"soon", func(o *certtest.Options) { o.NotAfter = now.Add(expiresSoon - time.Second) }, 0o600, "it expires soon, on 2026-03-18T11:59:59Z", false},
		{"very soon", func(o *certtest.Options) { o.NotAfter = now }, 0o600, "it expires soon, on 2026-03-04T12:00:00Z", false},
		{"expired", func(o *certtest.Options) { o.NotAfter = now.Add(-time.Second) }, 0o600, "it expired on 2026-03-04T11:59:59Z", true},
		{"not yet", func(o *certtest.Options) { o.NotBefore = now.Add(time.Second) }, 0o600, "it is not valid before 2026-03-04T12:00:01Z", true},
		{"nameless", func(o *certtest.Options) { o.Nameless = true }, 0o600, "it names no host (subjectAltName is missing)", true},
		{"open", func(*certtest.Options) {}, 0o644, "every user of this machine can read the key ", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.mode == 0o644 && runtime.GOOS == "windows" {
				t.Skip("modes say nothing here")
			}
			o := sound
			tt.change(&o)
			var files CertFiles
			files.Cert, files.Key = certtest.Make(t, o).Write(t, t.TempDir())
			if err := os.Chmod(files.Key, tt.mode); err != nil {
				t.Fatal(err)
			}
			pair, err := files.Read()
			if err != nil {
				t.Fatal(err)
			}
			got := files.Problems(pair.Leaf, now)
			if tt.want == "" && len(got) > 0 {
				t.Errorf("got %v", got)
			}
			if tt.want != "" && (len(got) != 1 || !strings.Contains(got[0].Text, tt.want) || got[0].Refused != tt.refused) {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

// The log has the problems of a certificate that is reloaded.
func TestProblemsAreLogged(t *testing.T) {
	f := followFiles(t)
	f.write(certtest.Options{Serial: 1, NotAfter: f.now.Add(-time.Minute)})
	f.now = f.now.Add(lookEvery)
	f.wantServed(1)
	f.wantLogged(taken, `level=WARN msg="TLS: the certificate is in use, but it expired on `)
}

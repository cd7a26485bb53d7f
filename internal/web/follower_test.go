package web

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/callvault/callvault/internal/certtest"
)

// followed is a follower of files in a folder, on a clock that is moved by hand.
type followed struct {
	*Follower
	t      *testing.T
	folder string
	files  CertFiles
	now    time.Time
	log    bytes.Buffer
}

func followFiles(t *testing.T) *followed {
	t.Helper()
	f := &followed{t: t, folder: t.TempDir(), now: time.Now()}
	f.files.Cert, f.files.Key = certtest.Make(t, certtest.Options{}).Write(t, f.folder)
	f.start()
	return f
}

func (f *followed) start() {
	f.t.Helper()
	var err error
	log := slog.New(slog.NewTextHandler(&f.log, nil))
	if f.Follower, err = Follow(f.files, log); err != nil {
		f.t.Fatal(err)
	}
	f.Follower.now = func() time.Time { return f.now }
	f.looked = f.now
}

// wantServed checks the certificate that a handshake shows, by its serial.
func (f *followed) wantServed(serial int64) {
	f.t.Helper()
	got, err := f.TLS().GetCertificate(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if is := got.Leaf.SerialNumber.Int64() - 1; is != serial {
		f.t.Errorf("certificate %d is shown, want %d", is, serial)
	}
}

// wantLogged checks what was logged since the last time, a text to a line.
func (f *followed) wantLogged(texts ...string) {
	f.t.Helper()
	lines := strings.Split(strings.TrimSuffix(f.log.String(), "\n"), "\n")
	if f.log.Len() == 0 {
		lines = nil
	}
	f.log.Reset()
	if len(lines) != len(texts) {
		f.t.Fatalf("logged %q, want %q", lines, texts)
	}
	for i, text := range texts {
		if !strings.Contains(lines[i], text) {
			f.t.Errorf("logged %s, want %s", lines[i], text)
		}
	}
}

// write writes another certificate in the place of the one that is there.
func (f *followed) write(o certtest.Options) certtest.Pair {
	f.t.Helper()
	pair := certtest.Make(f.t, o)
	pair.Write(f.t, f.folder)
	return pair
}

const (
	broken = "level=ERROR msg=\"TLS: the new certificate can't be used; the previous one stays in use\""
	taken  = `level=INFO msg="TLS: reloaded the certificate"`
)

func TestReload(t *testing.T) {
	f := followFiles(t)
	f.wantServed(0)
	f.write(certtest.Options{Serial: 1})
	f.now = f.now.Add(lookEvery - 1)
	f.wantServed(0) // it is not time yet
	f.wantLogged()
	f.now = f.now.Add(1)
	f.wantServed(1)
	f.wantLogged(taken)
	f.now = f.now.Add(lookEvery)
	f.wantServed(1)
	f.wantLogged()
	f.write(certtest.Options{Serial: 2})
	f.now = f.now.Add(-time.Hour) // the clock was set back
	f.wantServed(2)
	f.wantLogged(taken)
}

// Files that can't be used are logged once for each reason, and the previous certificate
// stays in use until there are others.
func TestBrokenPair(t *testing.T) {
	f := followFiles(t)
	next := certtest.Make(t, certtest.Options{Serial: 1})
	for _, tt := range []struct {
		name   string
		change func() error
		want   string
	}{
		{"no PEM", func() error { return os.WriteFile(f.files.Cert, []byte("no PEM"), 0o600) }, "failed to find any PEM data"},
		{"another's key", func() error { return os.WriteFile(f.files.Cert, next.Certificate, 0o600) }, "does not match"},
		{"empty", func() error { return os.Truncate(f.files.Cert, 0) }, "failed to find any PEM data"},
		{"key gone", func() error { return os.Remove(f.files.Key) }, "can't read the key " + f.files.Key},
		{"both gone", func() error { return os.Remove(f.files.Cert) }, "can't read the certificate " + f.files.Cert},
		{"a folder", func() error { return os.Mkdir(f.files.Key, 0o700) }, ""},
		{"too large", func() error {
			return errors.Join(os.Remove(f.files.Key), os.WriteFile(f.files.Key, next.Key, 0o600),
				os.WriteFile(f.files.Cert, make([]byte, maxFile+1), 0o600))
		}, "more than 1048576 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.t = t
			if err := tt.change(); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				f.now = f.now.Add(lookEvery)
				f.wantServed(0)
			}
			log := f.log.String()
			if tt.want == "" { // still nothing to read
				f.wantLogged()
				return
			}
			f.wantLogged(broken)
			if !strings.Contains(log, tt.want) || strings.Contains(log, "PRIVATE") {
				t.Errorf("logged %s, want %s", log, tt.want)
			}
		})
	}
	f.t = t
	next.Write(t, f.folder)
	f.now = f.now.Add(lookEvery)
	f.wantServed(1)
	f.wantLogged(taken)
}

// A folder as Kubernetes mounts a secret: the names lead through a link that is
// replaced by another.
func TestLinksAreFollowed(t *testing.T) {
	f := &followed{t: t, folder: t.TempDir(), now: time.Now()}
	for serial, folder := range []string{"first", "second"} {
		if err := os.Mkdir(filepath.Join(f.folder, folder), 0o700); err != nil {
			t.Fatal(err)
		}
		certtest.Make(t, certtest.Options{Serial: int64(serial)}).Write(t, filepath.Join(f.folder, folder))
	}
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(f.folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("first", "..data")
	link("..data/tls.crt", "tls.crt")
	link("..data/tls.key", "tls.key")
	f.files = CertFiles{filepath.Join(f.folder, "tls.crt"), filepath.Join(f.folder, "tls.key")}
	f.start()
	f.wantServed(0)
	link("second", "..next")
	if err := os.Rename(filepath.Join(f.folder, "..next"), filepath.Join(f.folder, "..data")); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(lookEvery)
	f.wantServed(1)
	f.wantLogged(taken)
}

// A certificate that is the same size and as old as the one it replaces is seen.
func TestSameSizeAndTime(t *testing.T) {
	f := followFiles(t)
	before, err := os.Stat(f.files.Cert)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(f.files.Cert)
	if err != nil {
		t.Fatal(err)
	}
	text[0] = '+' // of -----BEGIN
	if err := os.WriteFile(f.files.Cert, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(f.files.Cert, before.ModTime(), before.ModTime()); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(lookEvery)
	f.wantServed(0)
	f.wantLogged(broken)
}

// A connection that was made stays as it is while the certificate changes.
func TestConnectionsStay(t *testing.T) {
	f := followFiles(t)
	first, err := os.ReadFile(f.files.Cert)
	if err != nil {
		t.Fatal(err)
	}
	client := f.connect(certtest.Pair{Certificate: first})
	second := f.write(certtest.Options{Serial: 1})
	f.now = f.now.Add(lookEvery)
	other := f.connect(second) // shown the new one
	for _, c := range []*tls.Conn{client, other, client} {
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Fatal(err)
		}
	}
}

// connect connects to an echo, trusting one certificate.
func (f *followed) connect(trusted certtest.Pair) *tls.Conn {
	f.t.Helper()
	near, far := net.Pipe()
	server := tls.Server(far, f.TLS())
	go func() {
		defer server.Close()
		for b := make([]byte, 1); ; {
			if _, err := server.Read(b); err != nil {
				return
			}
			if _, err := server.Write(b); err != nil {
				return
			}
		}
	}()
	client := tls.Client(near, &tls.Config{RootCAs: trusted.Roots(f.t), ServerName: "localhost"})
	f.t.Cleanup(func() { near.Close() })
	if err := client.Handshake(); err != nil {
		f.t.Fatal(err)
	}
	return client
}

func TestFollowFails(t *testing.T) {
	folder := t.TempDir()
	files := CertFiles{filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")}
	if _, err := Follow(files, slog.New(slog.DiscardHandler)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	certtest.Make(t, certtest.Options{}).Write(t, folder)
	if err := os.WriteFile(files.Key, certtest.Make(t, certtest.Options{}).Key, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Follow(files, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), files.Key+": tls: private key does not match public key") {
		t.Errorf("got %v", err)
	}
}

func TestOldVersionsAreRefused(t *testing.T) {
	f := followFiles(t)
	near, far := net.Pipe()
	defer near.Close()
	refused := make(chan error, 1)
	go func() {
		defer far.Close()
		refused <- tls.Server(far, f.TLS()).Handshake()
	}()
	old := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if err := tls.Client(near, old).Handshake(); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	if err := <-refused; err == nil || !strings.Contains(err.Error(), "unsupported versions") {
		t.Errorf("got %v", err)
	}
}

// A scrape sees when the certificate ends, and takes a new one as a handshake does.
func TestMeasure(t *testing.T) {
	f := followFiles(t)
	registry := prometheus.NewRegistry()
	f.Measure(registry)
	ends := f.now.Add(100 * time.Hour).Truncate(time.Second)
	f.write(certtest.Options{Serial: 1, NotAfter: ends})
	f.now = f.now.Add(lookEvery)
	families, err := registry.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("%v, %v", families, err)
	}
	if got := families[0].GetMetric()[0].GetGauge().GetValue(); got != float64(ends.Unix()) {
		t.Errorf("got %f, want %d", got, ends.Unix())
	}
}

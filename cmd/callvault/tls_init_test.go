package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/internal/program"
)

// curl reaches a server at api.gong.io with the files of tls init, and trusts them for no
// other name.
func TestTLSInitServesAPIGongIO(t *testing.T) {
	curl := program.Tool(t, "curl")
	c, folder := newCLI(t), t.TempDir()
	out := c.must("tls", "init", "--dir", folder)
	ca, certificate, key := filepath.Join(folder, "callvault-ca.crt"), filepath.Join(folder, "callvault-tls.crt"), filepath.Join(folder, "callvault-tls.key")
	expires := regexp.MustCompile(`valid until \d{4}-\d\d-\d\d:`)
	if got, want := expires.ReplaceAllString(out, "valid until DATE:"), `Wrote to `+folder+`, valid until DATE:
  callvault-ca.crt    the CA, which clients must trust
  callvault-tls.crt   the certificate of the server
  callvault-tls.key   its key

1. Serve with the certificate (a port below 1024 may need root):
     callvault serve --listen 127.0.0.1:443 --tls-cert '`+certificate+`' --tls-key '`+key+`'

2. Bring clients here: add a line to /etc/hosts on their machine, such as
     127.0.0.1 api.gong.io

3. Let them trust the CA: set the variable of their runtime to
     `+ca+`
   NODE_EXTRA_CA_CERTS   Node.js
   REQUESTS_CA_BUNDLE    Python with requests
   SSL_CERT_FILE         other Python, Go
   CURL_CA_BUNDLE        curl
`; got != want {
		t.Error(cmp.Diff(want, got))
	}
	for path, want := range map[string]os.FileMode{ca: 0o644, certificate: 0o644, key: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want && runtime.GOOS != "windows" {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	s := c.serve("--tls-cert", certificate, "--tls-key", key)
	_, port, err := net.SplitHostPort(s.find(`serving \S+ at https://(\S+)`)[1])
	if err != nil {
		t.Fatal(err)
	}
	for host, trusted := range map[string]bool{"api.gong.io": true, "us-12345.api.gong.io": true, "localhost": true, "127.0.0.1": true, "app.gong.io": false, "gong.io": false} {
		cmd := exec.Command(curl, "-sS", "--noproxy", "*", "--cacert", ca, "--resolve", host+":"+port+":127.0.0.1", "-o", os.DevNull, "-w", "%{http_code}", "https://"+host+":"+port+"/v2/calls")
		answer, err := cmd.CombinedOutput()
		if got := string(answer); trusted != (err == nil && got == "401") || trusted == strings.Contains(got, "subject name") {
			t.Errorf("%s: %v, %s", host, err, got)
		}
	}
	// A client that does not trust the CA finds it in the log.
	if answer, err := exec.Command(curl, "-sS", "--noproxy", "*", "--resolve", "api.gong.io:"+port+":127.0.0.1", "https://api.gong.io:"+port+"/").CombinedOutput(); err == nil {
		t.Errorf("without the CA: %s", answer)
	}
	if code, log := s.stop(), s.stderr.String(); code != exitOK || !strings.Contains(log, "the client does not trust the certificate (") {
		t.Errorf("it ended with %d: %s", code, log)
	}
}

// Existing files are kept without --force, even if only one of them exists. With it all are
// replaced, and the key is its owner's even if the old one was not.
func TestTLSInitOverwritesOnlyWithForce(t *testing.T) {
	c, folder := newCLI(t), t.TempDir()
	key := filepath.Join(folder, "callvault-tls.key")
	if err := os.WriteFile(key, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := c.run("tls", "init", "--dir", folder); got.code != exitFailed || got.stdout != "" || got.stderr != "callvault: "+key+" exists; pass --force to overwrite it\n" {
		t.Errorf("%+v", got)
	}
	if content, err := os.ReadFile(key); string(content) != "mine" {
		t.Errorf("%s, %v", content, err)
	}
	if entries, err := os.ReadDir(folder); len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	c.must("tls", "init", "--dir", folder, "--force")
	if content, err := os.ReadFile(key); !strings.HasPrefix(string(content), "-----BEGIN PRIVATE KEY-----\n") {
		t.Errorf("%s, %v", content, err)
	}
	if info, err := os.Stat(key); err != nil || info.Mode() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("%v, %v", info, err)
	}
	missing := filepath.Join(folder, "missing")
	if got := c.run("tls", "init", "--dir", missing); got.code != exitFailed || !strings.Contains(got.stderr, "the folder of "+filepath.Join(missing, "callvault-ca.crt")+" does not exist; make it") {
		t.Errorf("%+v", got)
	}
}

// The user of a server can read the key after a renewal by root, too.
func TestTLSInitKeepsTheOwner(t *testing.T) {
	if os.Geteuid() != 0 || runtime.GOOS != "linux" { // for this stat
		t.Skip("only root can give files to others")
	}
	c, folder := newCLI(t), t.TempDir()
	c.must("tls", "init", "--dir", folder)
	key := filepath.Join(folder, "callvault-tls.key")
	if err := os.Chown(key, 12345, 54321); err != nil {
		t.Fatal(err)
	}
	c.must("tls", "init", "--dir", folder, "--force")
	out, err := exec.Command("stat", "-c", "%u:%g %a", key).CombinedOutput()
	if got := string(out); err != nil || got != "12345:54321 600\n" {
		t.Errorf("%v, %s", err, got)
	}
}

// The key never becomes a part of what clients get.
func TestTLSInitRefusesLinksToOneFile(t *testing.T) {
	c, folder := newCLI(t), t.TempDir()
	ca, key := filepath.Join(folder, "callvault-ca.crt"), filepath.Join(folder, "callvault-tls.key")
	if err := os.Symlink("callvault-ca.crt", key); err != nil {
		t.Skip(err)
	}
	for _, args := range [][]string{{}, {"--force"}} {
		got := c.run(append([]string{"tls", "init", "--dir", folder}, args...)...)
		if got.code != exitFailed || got.stderr != "callvault: "+ca+" and "+key+" are one file; remove one of the links\n" {
			t.Errorf("%+v", got)
		}
		if _, err := os.Stat(ca); !os.IsNotExist(err) {
			t.Error(err)
		}
	}
}

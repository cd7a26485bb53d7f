package web

import (
	"bytes"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

const issuedDomain = "api.example.com"

// The hosts that an issued certificate is for, and some that it is not for.
var (
	issuedHosts  = []string{issuedDomain, "us-12345." + issuedDomain, "localhost", "127.0.0.1", "::1"}
	foreignHosts = []string{"example.com", "app.example.com", "a.b." + issuedDomain, "x" + issuedDomain, "localhost." + issuedDomain + ".org", "127.0.0.2", "10.0.0.1"}
)

// Who trusts the authority accepts the certificate for its hosts, now and for as long as it
// says, and for no other host.
func TestIssue(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	issued, err := Issue(issuedDomain, now)
	if err != nil {
		t.Fatal(err)
	}
	leaf, roots := issuedLeaf(t, issued), x509.NewCertPool()
	if !roots.AppendCertsFromPEM(issued.Authority) {
		t.Fatal("the authority is not a certificate in PEM")
	}
	verify := func(host string, at time.Time) error {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host, CurrentTime: at})
		return err
	}
	for _, host := range issuedHosts {
		for _, at := range []time.Time{now.Add(-time.Minute), issued.Expires} {
			if err := verify(host, at); err != nil {
				t.Errorf("%s at %v: %v", host, at, err)
			}
		}
		if verify(host, issued.Expires.Add(time.Second)) == nil {
			t.Errorf("%s is accepted after %v", host, issued.Expires)
		}
	}
	for _, host := range foreignHosts {
		if wrong := (x509.HostnameError{}); !errors.As(verify(host, now), &wrong) {
			t.Errorf("%s: %v", host, verify(host, now))
		}
	}
}

// issuedLeaf reads the certificate and its key as a server does.
func issuedLeaf(t *testing.T, issued Issued) *x509.Certificate {
	t.Helper()
	folder := t.TempDir()
	files := CertFiles{Cert: filepath.Join(folder, "tls.crt"), Key: filepath.Join(folder, "tls.key")}
	for path, content := range map[string][]byte{files.Cert: issued.Certificate, files.Key: issued.Key} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := files.Read()
	if err != nil {
		t.Fatal(err)
	}
	if problems := files.Problems(pair.Leaf, pair.Leaf.NotBefore.Add(time.Hour)); len(problems) > 0 {
		t.Errorf("%v", problems)
	}
	return pair.Leaf
}

// Even with its key the authority could not vouch for another host: Go and OpenSSL refuse
// what it signs for one, and what a second authority below it signs.
func TestAuthorityIsConstrained(t *testing.T) {
	openssl := program.Tool(t, "openssl")
	a, err := newAuthority(issuedDomain, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	ca := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(ca, encoded("CERTIFICATE", a.certificate.Raw), 0o600); err != nil {
		t.Fatal(err)
	}
	accepted := func(signer *authority, host string) (byGo, byOpenSSL error) {
		t.Helper()
		key, err := newKey()
		if err != nil {
			t.Fatal(err)
		}
		template, check := &x509.Certificate{DNSNames: []string{host}}, "-verify_hostname"
		if ip := net.ParseIP(host); ip != nil {
			template, check = &x509.Certificate{IPAddresses: []net.IP{ip}}, "-verify_ip"
		}
		leaf, err := signer.sign(template, key)
		if err != nil {
			t.Fatal(err)
		}
		between, below := x509.NewCertPool(), filepath.Join(t.TempDir(), "below.crt")
		between.AddCert(signer.certificate)
		if err := os.WriteFile(below, encoded("CERTIFICATE", signer.certificate.Raw), 0o600); err != nil {
			t.Fatal(err)
		}
		_, byGo = leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: host})
		cmd := exec.Command(openssl, "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", ca, "-untrusted", below, check, host)
		cmd.Stdin = bytes.NewReader(encoded("CERTIFICATE", leaf.Raw))
		if out, err := cmd.CombinedOutput(); err != nil {
			byOpenSSL = errors.New(string(out))
		}
		return byGo, byOpenSSL
	}
	for _, host := range issuedHosts {
		if byGo, byOpenSSL := accepted(a, host); byGo != nil || byOpenSSL != nil {
			t.Errorf("%s is refused: %v, %v", host, byGo, byOpenSSL)
		}
	}
	for _, host := range []string{"example.com", "app.example.com", "x" + issuedDomain, "10.0.0.1", "fd00::1"} {
		byGo, byOpenSSL := accepted(a, host)
		if invalid := (x509.CertificateInvalidError{}); !errors.As(byGo, &invalid) || invalid.Reason != x509.CANotAuthorizedForThisName || byOpenSSL == nil {
			t.Errorf("%s: %v, %v", host, byGo, byOpenSSL)
		}
	}
	second, err := newAuthority(issuedDomain, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if second.certificate, err = a.sign(second.certificate, second.key); err != nil {
		t.Fatal(err)
	}
	if byGo, byOpenSSL := accepted(second, issuedDomain); byGo == nil || byOpenSSL == nil {
		t.Errorf("an authority below it is accepted: %v, %v", byGo, byOpenSSL)
	}
}

package web

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// CertFiles names the PEM files of a certificate and its key. They may be one file.
type CertFiles struct {
	Cert string // the server's own certificate first, then those that lead to its root
	Key  string // not encrypted
}

// maxFile is the largest file that is read. A certificate with those that lead to its
// root has a few thousand bytes.
const maxFile = 1 << 20

// Read reads a certificate, its leaf parsed, and the key that it must match. An error
// names the files and shows nothing of what is in them.
func (f CertFiles) Read() (*tls.Certificate, error) {
	if isPEM(f.Cert) || isPEM(f.Key) {
		return nil, errors.New("a certificate or a key stands in place of a file's name; write it into a file, and name that")
	}
	certificate, err := readFile(f.Cert)
	if err != nil {
		return nil, fmt.Errorf("can't read the certificate %s: %w", f.Cert, err)
	}
	key, err := readFile(f.Key)
	if err != nil {
		return nil, fmt.Errorf("can't read the key %s: %w", f.Key, err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s, key %s: %w", f.Cert, f.Key, err)
	}
	return &pair, nil
}

// isPEM tells whether a name is the content of a PEM file, plain or in base64, as
// environments have it. It may be a secret.
func isPEM(name string) bool {
	const begin, inBase64 = "-----BEGIN ", "LS0tLS1CRUdJTi"
	return strings.Contains(name, begin) || strings.HasPrefix(name, inBase64)
}

// readFile reads a small file. To read a pipe could wait for ever. Errors do not name the
// file, which the caller does.
func readFile(path string) (content []byte, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = errors.New("it is not a regular file")
	case info.Size() > maxFile:
		err = fmt.Errorf("it has more than %d bytes", maxFile)
	default:
		content, err = os.ReadFile(path)
	}
	if on := (*os.PathError)(nil); errors.As(err, &on) {
		err = on.Err
	}
	return content, err
}

// expiresSoon is how long before its end a certificate is a problem. One for 90 days is
// usually renewed when 30 are left.
const expiresSoon = 14 * 24 * time.Hour

// Problem is a defect of a certificate that a server can still use.
type Problem struct {
	Text    string
	Refused bool // clients refuse such a certificate
}

// Problems returns the defects of a certificate at an instant.
func (f CertFiles) Problems(leaf *x509.Certificate, now time.Time) (problems []Problem) {
	switch left := leaf.NotAfter.Sub(now); {
	case now.Before(leaf.NotBefore):
		problems = append(problems, Problem{"it is not valid before " + day(leaf.NotBefore), true})
	case left < 0:
		problems = append(problems, Problem{"it expired on " + day(leaf.NotAfter), true})
	case left < expiresSoon:
		problems = append(problems, Problem{"it expires soon, on " + day(leaf.NotAfter), false})
	}
	if len(leaf.DNSNames)+len(leaf.IPAddresses) == 0 {
		problems = append(problems, Problem{"it names no host (subjectAltName is missing)", true})
	}
	// The group may be meant to read the key: Kubernetes gives the files of a secret to one.
	if info, err := os.Stat(f.Key); err == nil && info.Mode()&0o004 != 0 && runtime.GOOS != "windows" {
		problems = append(problems, Problem{fmt.Sprintf("every user of this machine can read the key %s: chmod o-rwx", f.Key), false})
	}
	return problems
}

func day(t time.Time) string { return t.UTC().Format(time.RFC3339) }

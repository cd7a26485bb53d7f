package certificate

import (
	"crypto/x509"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"
)

// ExpiresSoon is how long before its end a certificate is worth a word: those
// that last 90 days are renewed when 30 are left, those that last a week are
// renewed every few days and warned of always.
const ExpiresSoon = 14 * 24 * time.Hour

// Problem is something wrong with a certificate that can be served all the same.
type Problem struct {
	Text    string
	Refused bool // clients refuse the certificate for it
}

// Problems are what is wrong, at an instant, with a pair that was read.
func Problems(files Files, leaf *x509.Certificate, now time.Time) (problems []Problem) {
	refused := func(format string, args ...any) {
		problems = append(problems, Problem{Text: fmt.Sprintf(format, args...), Refused: true})
	}
	doubtful := func(format string, args ...any) {
		problems = append(problems, Problem{Text: fmt.Sprintf(format, args...)})
	}
	switch left := leaf.NotAfter.Sub(now); {
	case now.Before(leaf.NotBefore):
		refused("it is valid from %s on, which is in the future", day(leaf.NotBefore))
	case left < 0:
		refused("it expired at %s", day(leaf.NotAfter))
	case left < ExpiresSoon:
		doubtful("it expires soon, at %s", day(leaf.NotAfter))
	}
	if len(leaf.DNSNames)+len(leaf.IPAddresses) == 0 {
		refused("it names no host (subjectAltName is missing)")
	}
	if openToAll(files.Key) {
		doubtful("every user of this machine can read the key %s: chmod o-rwx", files.Key)
	}
	return problems
}

func day(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// openToAll tells whether others than the owner and the group of a file may read
// it. The group may be meant to: Kubernetes gives the files of a secret to one.
func openToAll(path string) bool {
	const othersRead fs.FileMode = 0o004
	if runtime.GOOS == "windows" {
		return false // its modes say nothing of who may read
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode()&othersRead != 0
}

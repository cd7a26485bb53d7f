package doctor

import (
	"crypto/x509"
	"strings"
	"time"

	"github.com/callvault/callvault/internal/web"
)

// Certificate tells what clients will think of the certificate in the files. The leaf is
// nil if it can't be served.
func Certificate(files web.CertFiles, now time.Time) (findings []Finding, leaf *x509.Certificate) {
	pair, err := files.Read()
	if err != nil {
		return []Finding{{"tls", Wrong, err.Error(), "name two PEM files that belong together with --tls-cert and --tls-key"}}, nil
	}
	for _, problem := range files.Problems(pair.Leaf, now) {
		f := Finding{"tls", Warning, "the certificate " + files.Cert + ": " + problem.Text, ""}
		if problem.Refused {
			f.Status, f.Do = Wrong, "clients refuse it: replace the file; serve reloads it"
		}
		findings = append(findings, f)
	}
	if len(findings) == 0 {
		names := pair.Leaf.DNSNames
		for _, ip := range pair.Leaf.IPAddresses {
			names = append(names, ip.String())
		}
		findings = []Finding{{"tls", OK, "the certificate is for " + strings.Join(names, ", ") + ", until " + pair.Leaf.NotAfter.UTC().Format(time.RFC3339), ""}}
	}
	return findings, pair.Leaf
}

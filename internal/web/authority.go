package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"time"
)

// issuedFor is how long issued certificates are valid: the most that Apple's systems accept
// of an authority that a user trusts. A renewal replaces the authority, in every client.
const issuedFor = 825 * 24 * time.Hour

// Issued is an authority, the one certificate that it signed, and that certificate's key, in
// PEM. The authority's key is gone.
type Issued struct {
	Authority, Certificate, Key []byte
	Expires                     time.Time
}

// Issue makes a certificate for a domain and its direct subdomains, and for localhost and
// the loopback addresses, so that a server can be reached under a name that it does not own.
func Issue(domain string, now time.Time) (Issued, error) {
	a, err := newAuthority(domain, now)
	if err != nil {
		return Issued{}, err
	}
	key, err := newKey()
	if err != nil {
		return Issued{}, err
	}
	certificate, err := a.sign(&x509.Certificate{
		Subject:     pkix.Name{CommonName: domain},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		DNSNames:    []string{domain, "*." + domain, "localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}, key)
	if err != nil {
		return Issued{}, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Issued{}, err
	}
	return Issued{
		Authority:   encoded("CERTIFICATE", a.certificate.Raw),
		Certificate: encoded("CERTIFICATE", certificate.Raw),
		Key:         encoded("PRIVATE KEY", secret),
		Expires:     certificate.NotAfter,
	}, nil
}

// authority signs certificates of servers.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// newAuthority makes an authority whose signature counts for a domain, its subdomains,
// localhost and the loopback addresses. Whoever trusts it trusts it for nothing else.
func newAuthority(domain string, now time.Time) (*authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	begin := now.Add(-time.Hour) // clocks differ
	template := &x509.Certificate{
		Subject:                     pkix.Name{CommonName: "callvault CA for " + domain + ", " + now.UTC().Format(time.DateOnly)},
		NotBefore:                   begin,
		NotAfter:                    begin.Add(issuedFor),
		BasicConstraintsValid:       true,
		IsCA:                        true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign,
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         []string{domain, "localhost"},
		PermittedIPRanges: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
	}
	self := &authority{template, key}
	self.certificate, err = self.sign(template, key)
	return self, err
}

// sign makes a certificate with a key. It is valid as long as the authority's.
func (a *authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	template.NotBefore, template.NotAfter = a.certificate.NotBefore, a.certificate.NotAfter
	template.BasicConstraintsValid = true
	template.ExtKeyUsage = a.certificate.ExtKeyUsage
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func encoded(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

package gong

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// NoAnswerError is the error of a request without an answer, or with half of one.
type NoAnswerError struct {
	Host    string
	Problem string // what the host did, and what to do about it
	Err     error  // the cause, which may be the context's error; nil after a refused redirect

	passes bool // a repeated request may succeed
}

func (e *NoAnswerError) Error() string { return "gong: " + e.Host + " " + e.Problem }

// Unwrap is the cause.
func (e *NoAnswerError) Unwrap() error { return e.Err }

// unanswered explains why no answer came. Some errors are not worth a retry: a wrong
// scheme, an untrusted certificate, and, until the server has answered once, a wrong host
// or port.
func (c *Client) unanswered(target *url.URL, err error) error {
	// net/http adds the URL to an error, and a cursor in it opens its pages.
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if redirect := (*NoAnswerError)(nil); errors.As(err, &redirect) {
		return redirect
	}
	e := &NoAnswerError{Host: target.Host, Err: err, passes: true}
	certificate, record, name := (*tls.CertificateVerificationError)(nil), tls.RecordHeaderError{}, (*net.DNSError)(nil)
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		e.Problem, e.passes = "speaks plain HTTP and not TLS; use http:// in place of https:// in the base URL", false
	case target.Scheme == "https" && errors.As(err, &record):
		e.Problem, e.passes = "does not speak TLS; check the port", false
	case target.Scheme == "http" && isGarbled(err):
		e.Problem, e.passes = "does not speak plain HTTP; if it speaks TLS, use https:// in the base URL", false
	case errors.As(err, &certificate):
		e.Problem, e.passes = distrust(certificate.Err), false
	case isRefused(err):
		e.Problem, e.passes = "refused the connection; check that the server runs, and the port", c.answered.Load()
	case errors.As(err, &name) && name.IsNotFound:
		e.Problem, e.passes = "was not found; check the name", c.answered.Load()
	case errors.Is(err, context.DeadlineExceeded):
		e.Problem = "did not answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		e.Problem = "broke off its answer"
	default:
		e.Problem = "did not answer: " + err.Error()
	}
	return e
}

// isRefused tells whether the port is closed. Windows has an error number of its own.
func isRefused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.Errno(10061))
}

// isGarbled tells whether an answer is not HTTP. net/http has no type for that.
func isGarbled(err error) bool {
	return strings.Contains(err.Error(), "malformed HTTP response")
}

// distrust says why a certificate is not trusted, and what to do about it.
func distrust(err error) string {
	authority, host, invalid := x509.UnknownAuthorityError{}, x509.HostnameError{}, x509.CertificateInvalidError{}
	switch {
	case errors.As(err, &authority):
		return "has a certificate of an authority that this machine does not trust; name the authority's file in SSL_CERT_FILE"
	case errors.As(err, &host):
		return "has a certificate for other names (" + clip(strings.Join(host.Certificate.DNSNames, ", "), 300) + "); use one of them in the base URL"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "has a certificate that has expired or is not valid yet; check the server's certificate and this machine's clock"
	}
	return "has a certificate that this machine does not trust: " + err.Error()
}

package web

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// lookEvery is the least time between two looks at the files.
const lookEvery = time.Second

// Follower reloads a certificate when its files change, without dropping connections. The first
// handshake after a second reads the files, because times and sizes do not show every change.
// It logs files that it can't use once for each reason, and keeps the previous certificate.
type Follower struct {
	files   CertFiles
	log     *slog.Logger
	now     func() time.Time
	current atomic.Pointer[tls.Certificate]

	mu     sync.Mutex // around what is below
	looked time.Time
	failed string // why the files could not be used; empty when they could
}

// Follow reads a certificate, which must be sound. Without files it returns nil, which is
// no certificate.
func Follow(files CertFiles, log *slog.Logger) (*Follower, error) {
	if files == (CertFiles{}) {
		return nil, nil
	}
	pair, err := files.Read()
	if err != nil {
		return nil, err
	}
	f := &Follower{files: files, log: log, now: time.Now, looked: time.Now()}
	f.use(pair)
	return f, nil
}

// TLS is the config of a server with the certificate: version 1.2 or later, and
// otherwise Go's defaults.
func (f *Follower) TLS() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.get(), nil },
	}
}

// Secure returns a listener that speaks TLS, or without a certificate the same listener.
func (f *Follower) Secure(listener net.Listener) net.Listener {
	if f == nil {
		return listener
	}
	return Secure(listener, f.TLS())
}

// Measure registers a metric of when the certificate expires, if there is one: nothing
// in the log says so after weeks of serving. A scrape looks at the files.
func (f *Follower) Measure(metrics prometheus.Registerer) {
	if f == nil {
		return
	}
	promauto.With(metrics).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "callvault_certificate_expires_timestamp_seconds",
		Help: "When the TLS certificate expires, in seconds since 1970; only with TLS.",
	}, func() float64 { return float64(f.get().Leaf.NotAfter.Unix()) })
}

// get is the certificate for a handshake. One handshake at a time looks at the files, and
// others do not wait for the disk.
func (f *Follower) get() *tls.Certificate {
	if f.mu.TryLock() {
		defer f.mu.Unlock()
		f.look()
	}
	return f.current.Load()
}

func (f *Follower) look() {
	now := f.now()
	if age := now.Sub(f.looked); 0 <= age && age < lookEvery {
		return
	}
	f.looked = now
	pair, err := f.files.Read()
	if err != nil {
		if f.failed != err.Error() {
			f.log.Error("TLS: the new certificate can't be used; the previous one stays in use", "error", err)
		}
		f.failed = err.Error()
		return
	}
	if f.failed == "" && slices.EqualFunc(pair.Certificate, f.current.Load().Certificate, bytes.Equal) {
		return
	}
	f.failed = ""
	f.log.Info("TLS: reloaded the certificate", "file", f.files.Cert, "expires", pair.Leaf.NotAfter)
	f.use(pair)
}

func (f *Follower) use(pair *tls.Certificate) {
	f.current.Store(pair)
	for _, problem := range f.files.Problems(pair.Leaf, f.now()) {
		f.log.Warn("TLS: the certificate is in use, but "+problem.Text, "file", f.files.Cert)
	}
}

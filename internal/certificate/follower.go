package certificate

import (
	"crypto/sha256"
	"crypto/tls"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// lookEvery is the time between two looks at the files, at least.
const lookEvery = time.Second

// Follower is a certificate that is read anew when its files change. There is no
// goroutine and no watch of the file system: a certificate is needed only in a
// handshake, so the first one after a second reads the files, which takes some
// microseconds, and compares what is in them. That sees whatever a change is made
// of: another file under the name, a link that leads elsewhere, or bytes that were
// overwritten in the same instant.
//
// What can't be used is logged once, with what is wrong, and the certificate from
// before goes on. Connections that were made stay as they are.
type Follower struct {
	files Files
	log   *slog.Logger
	now   func() time.Time

	current atomic.Pointer[tls.Certificate]

	mu     sync.Mutex // around what is below
	looked time.Time
	seen   digests
}

// digests are of the certificate and the key as they were seen last, whether they
// could be used or not; zero for a file that could not be read.
type digests [2][sha256.Size]byte

// Follow reads a certificate, which must be there and sound. Nil for now means
// time.Now.
func Follow(files Files, log *slog.Logger, now func() time.Time) (*Follower, error) {
	if now == nil {
		now = time.Now
	}
	f := &Follower{files: files, log: log, now: now, looked: now()}
	c, err := read(files)
	if err != nil {
		return nil, err
	}
	pair, err := c.parse(files)
	if err != nil {
		return nil, err
	}
	f.seen = digestsOf(c)
	f.use(pair)
	return f, nil
}

// TLS is how a server speaks TLS with the certificate: version 1.2 or later, and
// otherwise Go's defaults.
func (f *Follower) TLS() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.get(), nil },
	}
}

// Measure registers when the certificate ends, as a metric: what is close to its end
// after weeks of serving stands in no log. A scrape looks at the files, as a handshake
// does.
func (f *Follower) Measure(metrics prometheus.Registerer) {
	promauto.With(metrics).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "callvault_certificate_expires_timestamp_seconds",
		Help: "When the TLS certificate that is shown ends, in seconds since 1970; there only with TLS.",
	}, func() float64 { return float64(f.get().Leaf.NotAfter.Unix()) })
}

// get is the certificate to be shown now. One handshake at a time looks at the
// files; those beside it don't wait for the disk.
func (f *Follower) get() *tls.Certificate {
	if f.mu.TryLock() {
		defer f.mu.Unlock()
		f.look()
	}
	return f.current.Load()
}

// look reads the files when it is time to, and takes what is new and sound.
func (f *Follower) look() {
	now := f.now()
	if age := now.Sub(f.looked); 0 <= age && age < lookEvery {
		return
	}
	f.looked = now
	c, err := read(f.files)
	seen := digestsOf(c)
	if seen == f.seen {
		return
	}
	f.seen = seen
	var pair *tls.Certificate
	if err == nil {
		pair, err = c.parse(f.files)
	}
	if err != nil {
		f.log.Error("TLS: the new certificate can't be used; the one from before goes on", "error", err)
		return
	}
	f.log.Info("TLS: took the new certificate", "file", f.files.Certificate, "expires", pair.Leaf.NotAfter)
	f.use(pair)
}

// use shows a certificate from now on.
func (f *Follower) use(pair *tls.Certificate) {
	f.current.Store(pair)
	for _, problem := range Problems(f.files, pair.Leaf, f.now()) {
		f.log.Warn("TLS: the certificate is used, but "+problem.Text, "file", f.files.Certificate)
	}
}

func digestsOf(c content) (d digests) {
	for i, text := range [][]byte{c.certificate, c.key} {
		if text != nil {
			d[i] = sha256.Sum256(text)
		}
	}
	return d
}

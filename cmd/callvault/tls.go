package main

import (
	"fmt"
	"log/slog"
	"net"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/certificate"
	"github.com/callvault/callvault/internal/web"
)

func tlsFlags(cmd *cobra.Command, files *certificate.Files) {
	cmd.Flags().StringVar(&files.Certificate, "tls-cert", "", "the certificate to serve HTTPS with: a PEM file, followed as it changes")
	cmd.Flags().StringVar(&files.Key, "tls-key", "", "the key of --tls-cert: a PEM file")
}

// checkTLS refuses a certificate without its key, and a key without its
// certificate.
func checkTLS(files certificate.Files) error {
	if (files.Certificate == "") != (files.Key == "") {
		return usagef("--tls-cert and --tls-key: accepted are both or neither")
	}
	return nil
}

// transport is how the listeners speak TLS; nil is not at all.
type transport struct{ follower *certificate.Follower }

// followTLS is TLS with the certificate that was named, if there was one.
func followTLS(files certificate.Files, log *slog.Logger) (*transport, error) {
	if files == (certificate.Files{}) {
		return nil, nil
	}
	follower, err := certificate.Follow(files, log, nil)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert: %w", err)
	}
	return &transport{follower}, nil
}

// measure registers the metrics of the certificate, if there is one.
func (t *transport) measure(metrics prometheus.Registerer) {
	if t != nil {
		t.follower.Measure(metrics)
	}
}

// secureListener is one whose connections speak TLS.
type secureListener struct{ net.Listener }

// listener is a listener that speaks TLS, if that was asked for.
func (t *transport) listener(plain net.Listener) net.Listener {
	if t == nil {
		return plain
	}
	return secureListener{web.Secure(plain, t.follower.TLS())}
}

// scheme is what is spoken where somebody listens.
func scheme(listener net.Listener) string {
	if _, ok := listener.(secureListener); ok {
		return "https"
	}
	return "http"
}

package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/web"
)

func tlsFlags(cmd *cobra.Command, files *web.CertFiles) {
	cmd.Flags().StringVar(&files.Cert, "tls-cert", "", "the certificate to serve HTTPS with: a PEM file, reloaded when it changes")
	cmd.Flags().StringVar(&files.Key, "tls-key", "", "the key of --tls-cert: a PEM file")
}

// checkTLS refuses a certificate without its key, and a key without its certificate.
func checkTLS(files web.CertFiles) error {
	if (files.Cert == "") != (files.Key == "") {
		return usagef("--tls-cert and --tls-key belong together; give both or neither")
	}
	return nil
}

// followTLS follows the certificate that the flags name; without one it returns nil.
func followTLS(files web.CertFiles, log *slog.Logger) (*web.Follower, error) {
	if files == (web.CertFiles{}) {
		return nil, nil
	}
	follower, err := web.Follow(files, log, nil)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert: %w", err)
	}
	return follower, nil
}

package main

import (
	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/web"
)

// The default address of the operator's listener, and what --manage says for none.
const (
	defaultManage = "127.0.0.1:8081"
	manageOff     = "off"
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

package main

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/file"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/web"
)

// builtIn is the host that many clients have built in. Customers' hosts are below it.
const builtIn = "api.gong.io"

func (a *app) tls() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tls",
		Short: "Make a certificate for clients that have " + builtIn + " built in",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.tlsInit())
	return cmd
}

// tlsOptions are the flags of tls init.
type tlsOptions struct {
	dir   string
	force bool
}

func (a *app) tlsInit() *cobra.Command {
	var o tlsOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a certificate for " + builtIn + ", its key, and the CA that clients must trust",
		Long: `Write three files:

  callvault-ca.crt    the CA, for the clients to trust
  callvault-tls.crt   a certificate, for serve --tls-cert
  callvault-tls.key   its key, for serve --tls-key; only its owner may read it

The certificate is for ` + builtIn + `, *.` + builtIn + `, localhost, 127.0.0.1 and ::1.
The CA can't vouch for any other name, and its key is not kept, so a client that
trusts it trusts nothing but this certificate. Both are valid for 825 days. To renew
them, run the command with --force and give every client the new CA.`,
		Example: `  callvault tls init
  callvault tls init --dir /etc/callvault --force`,
		RunE: func(*cobra.Command, []string) error { return a.initTLS(o) },
	}
	cmd.Flags().StringVar(&o.dir, "dir", ".", "the folder to write to")
	_ = cmd.MarkFlagDirname("dir") // the flag is there
	forceFlag(cmd, &o.force)
	return cmd
}

func (a *app) initTLS(o tlsOptions) error {
	folder, err := filepath.Abs(o.dir) // what is printed works in any folder
	if err != nil {
		return err
	}
	issued, err := web.Issue(builtIn, time.Now())
	if err != nil {
		return err
	}
	// Clients may run as other users, so the CA is for everybody.
	ca := file.Content{Path: filepath.Join(folder, "callvault-ca.crt"), Bytes: issued.Authority, Mode: 0o644}
	certificate := file.Content{Path: filepath.Join(folder, "callvault-tls.crt"), Bytes: issued.Certificate, Mode: 0o644}
	key := file.Content{Path: filepath.Join(folder, "callvault-tls.key"), Bytes: issued.Key, Mode: 0o600}
	files := []file.Content{ca, certificate, key}
	for _, f := range files {
		if err := mayWrite(f.Path); err != nil && !o.force {
			return err
		}
	}
	if err := file.WriteTogether(files); err != nil {
		return err
	}
	_, err = screen.Printf(a.stdout, `Wrote to %s, valid until %s:
  callvault-ca.crt    the CA, which clients must trust
  callvault-tls.crt   the certificate of the server
  callvault-tls.key   its key

1. Serve with the certificate (a port below 1024 may need root):
     callvault serve --listen 127.0.0.1:443 --tls-cert %s --tls-key %s

2. Bring clients here: add a line to /etc/hosts on their machine, such as
     127.0.0.1 %s

3. Let them trust the CA: set the variable of their runtime to
     %s
   NODE_EXTRA_CA_CERTS   Node.js
   REQUESTS_CA_BUNDLE    Python with requests
   SSL_CERT_FILE         other Python, Go
   CURL_CA_BUNDLE        curl
`, folder, issued.Expires.Format(time.DateOnly),
		quoted(certificate.Path), quoted(key.Path), builtIn, ca.Path)
	return err
}

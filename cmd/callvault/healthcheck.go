package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/manage"
)

func (a *app) healthcheck() *cobra.Command {
	var certificate string
	var live bool
	probe := manage.Probe{Path: "/readyz"}
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a server on this machine whether it is ready",
		Long: `Request /readyz from the operator's listener of a server on this machine. The
exit code is 0 when the server is ready; otherwise it is 1, and a line says why.
healthcheck is for container images without curl. It reads serve's environment
variables to find the server.`,
		Example: `  callvault healthcheck
  callvault healthcheck --manage :9000 --timeout 1s
  callvault healthcheck --live`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if probe.Within <= 0 {
				return usagef("--timeout %v must be longer than 0; try --timeout 5s", probe.Within)
			}
			if probe.Address == manageOff {
				return usagef("--manage off: healthcheck needs the operator's listener; name its address")
			}
			probe.Secure = certificate != ""
			if live {
				probe.Path = "/livez"
			}
			if err := probe.Ask(cmd.Context()); err != nil {
				return err
			}
			_, err := fmt.Fprintln(a.stdout, "ok")
			return err
		},
	}
	manageFlag(cmd, &probe.Address, "the operator's address, as for serve")
	cmd.Flags().StringVar(&certificate, "tls-cert", "", "serve's certificate; needed if --manage is beyond loopback and serve has one")
	cmd.Flags().BoolVar(&live, "live", false, "ask whether the server is alive (/livez), not whether it is ready")
	cmd.Flags().DurationVar(&probe.Within, "timeout", 5*time.Second, "how long the answer may take")
	return cmd
}

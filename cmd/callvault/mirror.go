package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/page"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/status"
	"github.com/callvault/callvault/internal/upstream"
)

// mirrorOptions are the flags of a mirror, of its own command and of serve.
type mirrorOptions struct {
	serverOptions
	limits      budget.Limits
	keepDeleted bool
	hurry       uint
}

// mostHurry keeps every period longer than a request takes.
const mostHurry = 1000

func (o *mirrorOptions) flags(cmd *cobra.Command, url string) {
	flags := cmd.Flags()
	credentialsFlag(cmd, &o.credentials, url)
	command.Parsed(cmd, &o.limits.Pace, "pace", "1/s", "how fast the mirror sends requests: N/s or N/min; at least 6/min, and at most 3/s towards gong.io", budget.ParsePace)
	flags.IntVar(&o.limits.Daily, "daily", 5000, "the most requests that the mirror sends in any 24 hours")
	flags.BoolVar(&o.keepDeleted, "keep-deleted", false, "keep calls that the upstream no longer has")
	flags.UintVar(&o.hurry, "hurry", 1, "divide every period of the mirror by N, for tests and demos")
}

// config is the mirror of a company that the flags ask for. A flag names the upstream.
func (o *mirrorOptions) config(ctx context.Context, a *app, flag string) (c mirror.Config, err error) {
	address, credential, err := o.find(ctx, a, flag)
	if err != nil {
		return c, err
	}
	if err := o.limits.Check(address.Hostname()); err != nil {
		return c, command.Usagef("%w", err)
	}
	if o.hurry < 1 || o.hurry > mostHurry {
		return c, command.Usagef("--hurry %d must be from 1 to %d", o.hurry, mostHurry)
	}
	return mirror.Config{
		Upstream: upstream.Name(address), Requests: upstream.NewRequests(address, credential, "callvault/"+buildVersion(), nil),
		Limits: o.limits, KeepDeleted: o.keepDeleted, Hurry: int(o.hurry),
	}, nil
}

// mirrorRun are the flags of the command mirror.
type mirrorRun struct {
	tenant
	mirrorOptions
	once, whole   bool
	log, logLevel string
}

func (a *app) mirror() *cobra.Command {
	var o mirrorRun
	cmd := &cobra.Command{
		Use:         "mirror",
		Annotations: map[string]string{command.RunsAlone: "yes"},
		Short:       "Keep a company's calls equal to those of a live account",
		Long: `Keep a company's calls equal to those that a server of the API lists, such as Gong's,
until interrupted: calls that come late, change, move or are deleted there too. The users
and workspaces follow where the key may read them. Transcripts and recordings do not:
the mirror has what GET /v2/calls lists.

The mirror sends at most --daily requests in any 24 hours, and spreads them over the
day: all integrations of an account share 10,000. With --once it does all that is due,
says when more will be, and ends, for cron. The exit code is 1 if the server can't be
read, another mirror of the company runs, or the company mirrors another URL.

A mirrored company is written by its mirror alone; only 'delete' may remove calls, and
they are not fetched again. When many calls are gone at once, nothing is deleted until
they are listed again or 'callvault mirror accept' says so.

The credential is found as for 'callvault calls --url'.`,
		Example: `  callvault mirror --url https://us-12345.api.gong.io
  callvault mirror --url https://us-12345.api.gong.io --company acme --daily 9000
  callvault mirror --url https://us-12345.api.gong.io --once
  callvault mirror status`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runMirror(cmd.Context(), o) },
	}
	o.tenant.flags(cmd)
	cmd.Flags().StringVar(&o.url, "url", "", "the server to mirror, such as https://us-12345.api.gong.io")
	o.mirrorOptions.flags(cmd, "url")
	cmd.Flags().BoolVar(&o.once, "once", false, "do all that is due, and end")
	cmd.Flags().BoolVar(&o.whole, "whole", false, "with --once: make every reading, due or not")
	command.Need(cmd, "once", "whole")
	logFlags(cmd, &o.log, &o.logLevel)
	cmd.AddCommand(a.mirrorStatus(), a.mirrorAccept(), a.mirrorEnd())
	return cmd
}

func (a *app) runMirror(ctx context.Context, o mirrorRun) error {
	if o.url == "" {
		return command.Usagef("say which server to mirror: callvault mirror --url https://us-12345.api.gong.io")
	}
	config, err := o.config(ctx, a, "url")
	if err != nil {
		return err
	}
	store, err := o.openOrMake(ctx, a)
	if err != nil {
		return err
	}
	config.Whole, config.Log = o.whole, screen.NewLog(a.stderr, o.log, o.logLevel)
	if err := o.completes(ctx, &config, store); err != nil {
		return err
	}
	if !o.once {
		screen.Printf(a.stdout, "mirroring %s into company %s of %s\n", config.Upstream, o.company, storeName(o.db))
		return mirror.Run(ctx, config)
	}
	outcome, err := mirror.Once(ctx, config)
	if err != nil {
		return err
	}
	if outcome.Unreadable != "" {
		return fmt.Errorf("the upstream can't be read: %s", outcome.Unreadable)
	}
	_, err = screen.Printf(a.stdout, "%s\n", status.Outcome(outcome, time.Now()))
	return err
}

// completes names the company in a configuration. It must not be a mirror of another
// upstream.
func (o tenant) completes(ctx context.Context, config *mirror.Config, store callvault.Store) error {
	config.Store, config.Company, config.Arguments = store, o.company, o.arguments()
	return o.ofMirror(mirror.Check(ctx, *config))
}

// mirrors keeps a company while serve runs. The service's metrics show how it stands.
func (s *service) mirrors(ctx context.Context, store callvault.Store, o serveOptions) error {
	config, err := o.mirror.config(ctx, s.app, "mirror")
	if err != nil {
		return err
	}
	config.Log = s.log
	company := tenant{s.db, o.company}
	if err := company.completes(ctx, &config, store); err != nil {
		return err
	}
	s.mirrored = &status.Collector{Read: func(ctx context.Context) (*mirror.Status, error) {
		return mirror.ReadStatus(ctx, company.reads(store, time.Now()))
	}}
	s.runs(ctx, func(ctx context.Context) {
		switch err := mirror.Keep(ctx, config); {
		case errors.Is(err, mirror.ErrEnded):
			s.log.Warn("the company is no longer mirrored", "reason", err)
		case err != nil:
			s.log.Error("the company is not mirrored", "error", err)
		}
	})
	return nil
}

// runs runs a part of a command until the command ends.
func (a *app) runs(ctx context.Context, part func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		part(ctx)
	}()
	a.ends = append(a.ends, func() error {
		cancel()
		<-done
		return nil
	})
}

// pageMirror reads how a company's mirror stands, for the page.
func pageMirror(store callvault.Store, db string) page.ReadMirror {
	return func(ctx context.Context, company string, now time.Time) (any, error) {
		s, err := mirror.ReadStatus(ctx, tenant{db, company}.reads(store, now))
		switch {
		case errors.Is(err, callvault.ErrNotFound):
			return nil, nil
		case err != nil:
			return nil, err
		}
		return status.Show(s), nil
	}
}

// reads is what the status of the company's mirror is read from.
func (o tenant) reads(store callvault.Store, now time.Time) mirror.Reads {
	return mirror.Reads{Company: o.company, Arguments: o.arguments(), Calls: store.Calls(o.company), Mirror: store.Mirror(o.company), Now: now}
}

func (a *app) mirrorStatus() *cobra.Command {
	var o tenant
	var output string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how a mirror stands",
		Long: `Show whether the mirror can read its upstream, how fresh the calls are, how far it has
come, what it has sent, and what it holds back. The exit code is 0 while it holds
something back, too.`,
		Example: `  callvault mirror status
  callvault mirror status --company acme -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, s, err := o.mirrored(cmd.Context(), a)
			switch {
			case err != nil:
				return err
			case output == "json":
				return screen.JSON(a.stdout, s)
			}
			return status.Text(a.stdout, s)
		},
	}
	o.flags(cmd)
	outputFlag(cmd, &output)
	return cmd
}

// mirrored opens the store of a company that is a mirror.
func (o tenant) mirrored(ctx context.Context, a *app) (callvault.Store, *mirror.Status, error) {
	store, err := o.open(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	s, err := mirror.ReadStatus(ctx, o.reads(store, time.Now().UTC()))
	if errors.Is(err, callvault.ErrNotFound) {
		err = fmt.Errorf("company %q is not a mirror; make it one: callvault mirror --url URL%s", o.company, o.arguments())
	}
	return store, s, err
}

func (a *app) mirrorAccept() *cobra.Command {
	var o tenant
	var yes command.Consent
	var own mirror.Own
	cmd := &cobra.Command{
		Use:   "accept",
		Short: "Let a mirror do what it holds back",
		Long: `Let a mirror delete what it holds back, because you know that these calls are gone: after
calls were deleted on purpose, or a new retention policy began. Otherwise the key may have
lost rights, and the calls would come back only with them.

With --own decide about calls that were in the company before its mirror, and that the
upstream does not list: keep them beside those it lists, or delete them.`,
		Example: `  callvault mirror accept
  callvault mirror accept --own keep --yes`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, s, err := o.mirrored(cmd.Context(), a)
			if err != nil {
				return err
			}
			d, err := mirror.Decide(cmd.Context(), s, own)
			if err != nil {
				return err
			}
			what, question := status.Decision(d)
			a.say("%s", what)
			if err := yes.Ask(a.stdin, a.stderr, question, "accept", "nothing was accepted"); err != nil {
				return err
			}
			if err := d.Order(cmd.Context(), store.Mirror(o.company)); err != nil {
				return err
			}
			if s.Holder == "" {
				a.say("accepted; the mirror obeys when it runs next")
			} else {
				a.say("accepted; the mirror obeys within seconds")
			}
			return nil
		},
	}
	o.flags(cmd)
	command.Choice(cmd, &own, "own", "", "what becomes of calls from before the mirror: keep or delete", mirror.KeepOwn, mirror.DeleteOwn)
	yes.Flag(cmd, "accept without asking")
	return cmd
}

func (a *app) mirrorEnd() *cobra.Command {
	var o tenant
	var yes command.Consent
	cmd := &cobra.Command{
		Use:   "end",
		Short: "End a mirror, so that the company can be written again",
		Long: `Forget that a company is a mirror. Its calls stay as they are, and 'import' and
POST /v2/calls may write them again. A mirror that runs ends with exit code 1; 'serve'
goes on without its mirror.`,
		Example: `  callvault mirror end
  callvault mirror end --company acme --yes`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, s, err := o.mirrored(cmd.Context(), a)
			if err != nil {
				return err
			}
			question := fmt.Sprintf("End the mirror of %s? The %s of company %s stay.", s.URL, screen.Count(s.Calls, "call"), o.company)
			if err := yes.Ask(a.stdin, a.stderr, question, "end the mirror", "the mirror was not ended"); err != nil {
				return err
			}
			if err := store.Mirror(o.company).End(cmd.Context()); err != nil {
				return err
			}
			a.say("company %s is no longer a mirror; its %s stay", o.company, screen.Count(s.Calls, "call"))
			return nil
		},
	}
	o.flags(cmd)
	yes.Flag(cmd, "end without asking")
	return cmd
}

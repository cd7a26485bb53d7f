package main

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault/changes"
	"github.com/callvault/callvault/internal/feed"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/upstream"
)

// changesOptions are the flags of changes.
type changesOptions struct {
	sourceOptions
	state         string
	follow, quiet bool
}

func (a *app) changes() *cobra.Command {
	var o changesOptions
	cmd := &cobra.Command{
		Use:   "changes",
		Short: "Print what has changed since last time",
		Long: `Print the calls that were added, changed or deleted as NDJSON, in the order of the
changes: from the beginning, or with --state since the last run. They come from a store,
or with --url from a callvault server. A program that applies every line has exactly the
company's calls:

  {"number":7,"id":"7782342274025937895","call":{…}}   put this call
  {"number":9,"id":"8","deleted":true}                 delete this call

--state FILE keeps how far the command has come. It is written when the lines are out, so
a command that was killed prints some of them again. --follow waits for more until it is
interrupted.

When the store went back in time, for example to a backup, the command ends with 1 and
FILE stays as it is. Then remove FILE and load the changes into an empty table. docs/feed.md
has more. 'callvault calls --help' explains credentials.`,
		Example: `  callvault changes --state calls.state >> changes.ndjson
  callvault changes --follow | jq -r .id
  callvault changes --url http://127.0.0.1:8080 --credentials key.txt --state calls.state --follow`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runChanges(cmd.Context(), o) },
	}
	o.sourceOptions.flags(cmd)
	cmd.Flags().Lookup("url").Usage = "read from a callvault server instead of a store, such as http://127.0.0.1:8080"
	cmd.Flags().StringVar(&o.state, "state", "", "the file that keeps how far this command has come")
	cmd.Flags().BoolVar(&o.follow, "follow", false, "wait for further changes until interrupted")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print only changes and errors")
	return cmd
}

func (a *app) runChanges(ctx context.Context, o changesOptions) error {
	if o.url == "" && o.state != "" {
		if err := refuseFilesOf(o.db, o.state); err != nil {
			return err
		}
	}
	p := a.progress(o.quiet)
	defer p.End()
	from, err := o.feed(ctx, a, p)
	if err != nil {
		return err
	}
	reader := feed.Reader{Changes: from, Out: a.stdout, State: o.state, Follow: o.follow}
	if err := reader.Run(ctx); err != nil && o.url != "" {
		return errors.New(upstream.Text(err))
	} else if err != nil {
		return err
	}
	p.Tell("%s", screen.Count(reader.Count, "change"))
	return nil
}

// feed opens what the flags name. A follower is as patient as it must be.
func (o *changesOptions) feed(ctx context.Context, a *app, p *screen.Progress) (changes.Reader, error) {
	if o.url == "" {
		store, err := o.tenant.open(ctx, a)
		if err != nil {
			return nil, err
		}
		of, err := feed.New(ctx, store)
		if err != nil {
			return nil, err
		}
		return of.Of(o.company), nil
	}
	server, credential, err := o.find(ctx, a, "url")
	if err != nil {
		return nil, err
	}
	client := upstream.NewClient(server, credential, "callvault/"+buildVersion(), p)
	if o.follow {
		client.Retries, client.Patience = math.MaxInt32, math.MaxInt32*time.Second
	}
	return changes.NewReader(client), nil
}

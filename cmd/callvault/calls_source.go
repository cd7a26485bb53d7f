package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// callSource is where calls are listed from: a store, or a server of the API.
type callSource interface {
	// walk visits the calls of a query in order. An error of visit ends the walk and
	// is returned. The report is told how many there are to be, and of calls that
	// can't be visited.
	walk(ctx context.Context, q callvault.Query, r *callsReport, visit func(callvault.Record) error) error

	// counts is how many calls of a query are in each of the parts that its range is
	// divided into.
	counts(ctx context.Context, q callvault.Query, parts []callvault.Range, r *callsReport) ([]int, error)

	// Close releases the source.
	Close() error
}

// openCalls opens what the flags name.
func (a *app) openCalls(ctx context.Context, o callsOptions) (callSource, error) {
	if o.url == "" {
		store, err := existing(ctx, o.db, o.company)
		if err != nil {
			return nil, err
		}
		return &storeCalls{store, store.Calls(o.company)}, nil
	}
	server, err := parseServer(o.url)
	if err != nil {
		return nil, err
	}
	credential, err := a.credential(o.credentials, server)
	if err != nil {
		return nil, err
	}
	return &serverCalls{&gong.Client{BaseURL: server.String(), Credential: credential, UserAgent: "callvault/" + buildVersion()}}, nil
}

// parseServer reads --url. No error repeats it: it may have a secret.
func parseServer(base string) (*url.URL, error) {
	server, err := url.Parse(base)
	switch {
	case err == nil && server.User != nil:
		return nil, usagef("--url shows a credential to every user of this machine; %s", acceptedCredentials)
	case err != nil || server.Host == "" || server.Scheme != "http" && server.Scheme != "https" || server.RawQuery != "" || server.Fragment != "":
		return nil, usagef("--url: accepted is http:// or https:// with a host, such as https://us-12345.api.gong.io")
	}
	for _, path := range []string{gong.Path, "/v2"} {
		if strings.HasSuffix(strings.TrimSuffix(server.Path, "/"), path) {
			return nil, usagef("--url: leave out %s, which callvault adds to the address itself", path)
		}
	}
	return server, nil
}

// storeCalls are the calls of a company in a store.
type storeCalls struct {
	store callvault.Store
	calls callvault.Calls
}

func (s *storeCalls) Close() error { return s.store.Close() }

// walk visits the calls as they are at one moment.
func (s *storeCalls) walk(ctx context.Context, q callvault.Query, r *callsReport, visit func(callvault.Record) error) error {
	total, err := s.calls.Count(ctx, q)
	if err != nil {
		return err
	}
	r.planned("reading", total, "call")
	if total == 0 {
		return s.tellOthers(ctx, r)
	}
	visited := 0
	return s.calls.Scan(ctx, q, q.Start(), -1, func(row callvault.Record) error {
		if visited++; visited%1000 == 0 { // a clock is read there
			r.update()
		}
		return visit(row)
	})
}

// tellOthers tells the report of the calls that the store has beside those that are asked for.
func (s *storeCalls) tellOthers(ctx context.Context, r *callsReport) error {
	all := callvault.Query{Range: callvault.AllTime}
	total, err := s.calls.Count(ctx, all)
	if err != nil || total == 0 {
		return err
	}
	return s.calls.Scan(ctx, all, all.Start(), 1, func(row callvault.Record) error {
		r.others, r.firstOther = total, row.Time
		return nil
	})
}

// counts asks for each part: a store knows its counts without reading the calls.
func (s *storeCalls) counts(ctx context.Context, q callvault.Query, parts []callvault.Range, r *callsReport) ([]int, error) {
	r.planned("counting", len(parts), "bar")
	counts := make([]int, len(parts))
	for i := range parts {
		q.Range = parts[i]
		var err error
		if counts[i], err = s.calls.Count(ctx, q); err != nil {
			return nil, err
		}
		r.step()
		r.update()
	}
	return counts, nil
}

// serverCalls are the calls that a server lists.
type serverCalls struct{ client *gong.Client }

func (s *serverCalls) Close() error {
	http.DefaultClient.CloseIdleConnections()
	return nil
}

// serverError is an error of the client's, in the words of the command.
type serverError struct{ err error }

func (e *serverError) Error() string {
	return strings.ReplaceAll(strings.TrimPrefix(e.err.Error(), "gong: "), "the base URL", "--url")
}

func (e *serverError) Unwrap() error { return e.err }

// query is what is asked of the server.
func (s *serverCalls) query(q callvault.Query) gong.ListCallsQuery {
	query := gong.ListCallsQuery{From: q.From.UTC(), To: q.To.UTC()}
	if !q.Workspace.IsZero() {
		query.WorkspaceID = q.Workspace.String()
	}
	if query.From.IsZero() { // the year 1 begins with what the client takes for no time
		query.From = query.From.Add(-time.Microsecond)
	}
	return query
}

func (s *serverCalls) walk(ctx context.Context, q callvault.Query, r *callsReport, visit func(callvault.Record) error) error {
	s.client.Waiting = r.waiting
	first := true
	for page, err := range s.client.Pages(ctx, s.query(q)) {
		if err != nil {
			return &serverError{err}
		}
		if first { // later pages of a walk that began anew count what is left
			first = false
			r.planned("reading", page.Records.TotalRecords, "call")
		}
		for i := range page.Calls {
			call, err := checkedCall(&page.Calls[i])
			if err != nil {
				r.problem(err)
				continue
			}
			if err := visit(callvault.Record{Call: call}); err != nil {
				return err
			}
		}
		r.missing = page.Missing
		r.update()
	}
	return nil
}

// checkedCall is a call of a page under the rules of a store, so that it can be imported.
func checkedCall(listed *gong.PageCall) (callvault.Call, error) {
	if listed.Err != nil {
		return callvault.Call{}, listed.Err
	}
	call, err := callvault.NewCall(&listed.Call)
	if err != nil {
		return callvault.Call{}, fmt.Errorf("call %s: %w", listed.Call.ID, err)
	}
	return call, nil
}

// counts walks through all calls, or asks for the first page of each part and goes
// by its total, whichever takes fewer requests: on a server it is requests that
// are slow, and counted. The first page of all calls tells which.
func (s *serverCalls) counts(ctx context.Context, q callvault.Query, parts []callvault.Range, r *callsReport) ([]int, error) {
	s.client.Waiting = r.waiting
	counts := make([]int, len(parts))
	first := true
	for page, err := range s.client.Pages(ctx, s.query(q)) {
		if err != nil {
			return nil, &serverError{err}
		}
		if total := page.Records.TotalRecords; first {
			if listed := len(page.Calls); listed > 0 && total > listed*(1+len(parts)) {
				return s.totals(ctx, q, parts, r)
			}
			first = false
			r.planned("reading", total, "call")
		}
		for _, call := range page.Calls {
			i, err := partOf(call, parts)
			if err != nil {
				r.problem(err)
				continue
			}
			counts[i]++
			r.step()
		}
		r.missing = page.Missing
		r.update()
	}
	return counts, nil
}

// partOf is the part that a call is dated in.
func partOf(call gong.PageCall, parts []callvault.Range) (int, error) {
	if call.Err != nil {
		return 0, call.Err
	}
	at := callvault.TimeOf(&call.Call)
	i, _ := slices.BinarySearchFunc(parts, at, func(part callvault.Range, at callvault.Time) int {
		if part.To <= at {
			return -1
		}
		return 1
	})
	if i == len(parts) || at < parts[i].From {
		return 0, fmt.Errorf("call %.20s is dated %v, outside of what was asked for", call.Call.ID, at)
	}
	return i, nil
}

// totals asks for the first page of each part.
func (s *serverCalls) totals(ctx context.Context, q callvault.Query, parts []callvault.Range, r *callsReport) ([]int, error) {
	r.planned("counting", len(parts), "bar")
	counts := make([]int, len(parts))
	for i := range parts {
		q.Range = parts[i]
		for page, err := range s.client.Pages(ctx, s.query(q)) {
			if err != nil {
				return nil, &serverError{err}
			}
			counts[i] = max(page.Records.TotalRecords, len(page.Calls))
			break
		}
		r.step()
		r.update()
	}
	return counts, nil
}

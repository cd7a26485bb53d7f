package upstream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/where"
)

// Server is the calls that a server of the API lists. A call that breaks the contract is
// skipped. Errors are those of gong.Client.Pages.
type Server struct {
	client   *gong.Client
	progress *screen.Progress
	sieve    *where.Sieve // of what is found; nil where all calls are
}

// NewServer is the server at an address.
func NewServer(address *url.URL, credential gong.Credential, agent string, progress *screen.Progress) *Server {
	return &Server{client: NewClient(address, credential, agent, progress), progress: progress}
}

// NewClient is a client of the server at an address. It tells what it waits for.
func NewClient(address *url.URL, credential gong.Credential, agent string, progress *screen.Progress) *gong.Client {
	return &gong.Client{BaseURL: address.String(), Credential: credential, UserAgent: agent, Waiting: func(pause time.Duration, cause error) {
		tellWaiting(progress, pause, cause)
	}}
}

// tellWaiting tells what a server makes the reading wait for.
func tellWaiting(progress *screen.Progress, pause time.Duration, cause error) {
	pause = pause.Round(100 * time.Millisecond)
	if pause > time.Second {
		pause = pause.Round(time.Second)
	}
	brief := "no answer"
	if refusal := (*gong.Error)(nil); errors.As(cause, &refusal) {
		brief = strings.ToLower(http.StatusText(refusal.Status))
	}
	progress.Pause(fmt.Sprintf("waiting %v, %s", pause, brief), fmt.Sprintf("waiting %v: %s", pause, Text(cause)))
}

// skipped tells why a call was skipped.
func (s *Server) skipped(w *Walked, err error) {
	w.Skipped++
	s.progress.Note("skipped: %s", Text(err))
}

// ParseURL reads the address of a server. No error repeats it: it may have a secret.
func ParseURL(text string) (*url.URL, error) {
	server, err := url.Parse(text)
	switch {
	case err == nil && server.User != nil:
		return nil, errors.New("it has a credential, which every user of this machine can see; " + Advice)
	case err == nil && server.Host != "" && (server.RawQuery != "" || server.Fragment != ""):
		return nil, errors.New("this is a link to a page; use the address of the API, which ends before ? and #")
	case err != nil || server.Host == "" || server.Scheme != "http" && server.Scheme != "https":
		return nil, errors.New("use http:// or https:// with a host, such as https://us-12345.api.gong.io")
	case server.Scheme == "http" && gong.IsGongHost(server.Hostname()):
		return nil, errors.New("use https:// for a host of gong.io, so that nobody on the way can read the credential")
	}
	for _, path := range []string{gong.Path, "/v2"} {
		if strings.HasSuffix(strings.TrimSuffix(server.Path, "/"), path) {
			return nil, errors.New("leave out " + path + ", which callvault adds to the address itself")
		}
	}
	return server, nil
}

// Where a range without ends begins and ends for a server, which may want both.
var (
	earliest = time.Unix(0, 0).UTC()
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// asked is a query as a server takes it.
func asked(q callvault.Query) gong.ListCallsQuery {
	query := gong.ListCallsQuery{From: q.From.UTC(), To: q.To.UTC()}
	if q.From == callvault.MinTime {
		query.From = earliest
	}
	if q.To == callvault.MaxTime {
		query.To = latest
	}
	if query.From.IsZero() { // the client takes the year 1 for no time
		query.From = query.From.Add(-time.Microsecond)
	}
	if !q.Workspace.IsZero() {
		query.WorkspaceID = q.Workspace.String()
	}
	return query
}

// Walk visits the calls page by page, waits where the server asks for it, and goes on
// where a cursor expired.
func (s *Server) Walk(ctx context.Context, q callvault.Query, visit func(callvault.Record) error) (Walked, error) {
	return s.find(ctx, q, math.MaxInt, visit)
}

// errPages ends a walk that takes more pages than it may.
var errPages = errors.New("the walk takes more pages")

// walk is Walk, unless that takes more than so many pages.
func (s *Server) walk(ctx context.Context, q callvault.Query, pages int, visit func(callvault.Record) error) (w Walked, err error) {
	begun := false
	for page, err := range s.client.Pages(ctx, asked(q)) {
		if err != nil {
			return w, err
		}
		if !begun { // later pages of a walk that began again count what is left
			begun, w.Total = true, page.Records.TotalRecords
			if listed := len(page.Calls); listed > 0 && (w.Total-1)/listed >= pages {
				return w, errPages
			}
			s.progress.Begin("reading", "call", w.Total)
		}
		for i := range page.Calls {
			call, err := checked(&page.Calls[i])
			if err != nil {
				s.skipped(&w, err)
				continue
			}
			w.Met++
			w.Last = call.Time
			s.progress.Detail("") // no longer waiting
			s.progress.Add(1)
			if err := visit(callvault.Record{Call: call}); err != nil {
				return w, notEnough(err)
			}
		}
		w.Missing = page.Missing
	}
	return w, nil
}

// checked is a call of a page under the rules of a store, so that it can be imported.
func checked(listed *gong.PageCall) (callvault.Call, error) {
	if listed.Err != nil {
		return callvault.Call{}, listed.Err
	}
	call, err := callvault.AppendCall(nil, &listed.Call)
	if err != nil {
		return callvault.Call{}, fmt.Errorf("call %s: %w", listed.Call.ID, err)
	}
	return call, nil
}

// FirstTime asks for the first page.
func (s *Server) FirstTime(ctx context.Context, q callvault.Query, now time.Time) (time.Time, error) {
	first := now
	_, err := s.walk(ctx, q, math.MaxInt, func(record callvault.Record) error {
		first = record.Time.UTC()
		return ErrEnough
	})
	return first, err
}

// LastTime asks for nothing: the last call may be on the last of many pages.
func (s *Server) LastTime(_ context.Context, _ callvault.Query, now time.Time) (time.Time, error) {
	return now, nil
}

// Counts walks through all calls, or asks for the first page of each range and takes its
// total, whichever needs fewer requests: on a server requests are slow, and counted.
func (s *Server) Counts(ctx context.Context, q callvault.Query, ranges []callvault.Range) ([]int, Walked, error) {
	counts := make([]int, len(ranges))
	outside := Walked{}
	w, err := s.find(ctx, q, 1+len(ranges), func(record callvault.Record) error {
		i, _ := slices.BinarySearchFunc(ranges, record.Time, func(r callvault.Range, at callvault.Time) int {
			if r.To <= at {
				return -1
			}
			return 1
		})
		if i == len(ranges) || record.Time < ranges[i].From {
			s.skipped(&outside, fmt.Errorf("call %s has the time %v, outside of the range", record.ID, record.Time))
			return nil
		}
		counts[i]++
		return nil
	})
	w.Met -= outside.Skipped
	w.Skipped += outside.Skipped
	if errors.Is(err, errPages) {
		return s.totals(ctx, q, ranges)
	}
	return counts, w, err
}

// totals asks for the first page of each range.
func (s *Server) totals(ctx context.Context, q callvault.Query, ranges []callvault.Range) (counts []int, w Walked, err error) {
	s.progress.Begin("counting", "bar", len(ranges))
	counts = make([]int, len(ranges))
	for i := range ranges {
		q.Range = ranges[i]
		for page, err := range s.client.Pages(ctx, asked(q)) {
			if err != nil {
				return nil, w, err
			}
			counts[i] = max(page.Records.TotalRecords, len(page.Calls))
			break
		}
		w.Met += counts[i]
		s.progress.Add(1)
	}
	w.Total = w.Met
	return counts, w, nil
}

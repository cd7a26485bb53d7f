package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/upstream"
)

// Upstream is a server of the API that a company is to be a mirror of.
type Upstream struct {
	Address  *url.URL
	Requests *upstream.Requests
	Company  string
}

// The ends of time as a server takes them.
var (
	earliest = time.Unix(0, 0).UTC()
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// Look sends three requests, and tells what the credential may see.
func (u Upstream) Look(ctx context.Context, store Store, now time.Time) (findings []Finding) {
	page, err := u.Requests.List(ctx, upstream.Ask{From: earliest, To: latest})
	f := u.calls(page, err)
	findings = append(findings, f)
	if store.Opened != nil && !store.Outdated {
		findings = append(findings, u.company(ctx, store.Opened))
	}
	if f.Status == Wrong {
		return findings
	}
	if !page.Date.IsZero() {
		findings = append(findings, upstreamClock(page.Date.Sub(now)))
	}
	_, err = u.Requests.Users(ctx, "")
	findings = append(findings, u.people("users", gong.ScopeUsersRead, err)...)
	_, err = u.Requests.Workspaces(ctx)
	return append(findings, u.people("workspaces", gong.ScopeWorkspacesRead, err)...)
}

// calls is what came of a request for all calls.
func (u Upstream) calls(page upstream.Page, err error) Finding {
	f := Finding{Check: "upstream", Status: Wrong}
	if err == nil {
		f.Status, f.What = OK, fmt.Sprintf("%s calls visible at %s", humanize.Comma(int64(page.Total)), u.Address)
		if page.Total == 0 {
			f.Status, f.Do = Warning, "the key's user may see none: give that user access to the company's calls"
		}
		return f
	}
	f.What, f.Do = upstream.Text(err), upstream.Remedy(err, u.Address.Hostname())
	refusal := (*gong.Error)(nil)
	switch {
	case !errors.As(err, &refusal):
		f.Do = "check --mirror"
	case refusal.Status == http.StatusTooManyRequests:
		f.Status, f.Do = Warning, "others use up the account's requests: run the mirror with a lower --pace and --daily"
	case refusal.Status >= http.StatusInternalServerError:
		f.Status, f.Do = Warning, "the mirror will try again; run doctor later"
	}
	return f
}

// people is what came of a request for users or workspaces, which a mirror can do without.
func (u Upstream) people(what, scope string, err error) []Finding {
	if err == nil {
		return nil
	}
	return []Finding{{"upstream", Warning, fmt.Sprintf("the key may not read %s (%s), so calls are shown with ids in place of names", what, upstream.Text(err)), "give it the scope " + scope}}
}

// company tells whether the company may be a mirror of this upstream.
func (u Upstream) company(ctx context.Context, store callvault.Mirrors) Finding {
	lease, err := store.Mirror(u.Company).Lease(ctx)
	switch {
	case err != nil:
		return Finding{"mirror", Wrong, err.Error(), "read the whole store: callvault check"}
	case lease.Upstream == "":
		return Finding{"mirror", OK, fmt.Sprintf("company %q is not a mirror yet", u.Company), ""}
	case lease.Upstream != upstream.Name(u.Address):
		other := &callvault.OtherUpstreamError{Company: u.Company, Upstream: lease.Upstream}
		return Finding{"mirror", Wrong, other.Error(), "name another company with --company, or end that mirror: callvault mirror end"}
	case lease.Holder == "":
		return Finding{"mirror", OK, fmt.Sprintf("company %q is a mirror of this upstream, which no process keeps now", u.Company), ""}
	}
	return Finding{"mirror", OK, fmt.Sprintf("company %q is a mirror of this upstream, kept by %s", u.Company, lease.Holder), ""}
}

// upstreamClock warns of clocks that are far apart. The mirror counts days by the upstream's.
func upstreamClock(ahead time.Duration) Finding {
	if ahead.Abs() < apartFar {
		return Finding{"clocks", OK, "the upstream's clock and this machine's differ by less than a minute", ""}
	}
	return Finding{"clocks", Warning, fmt.Sprintf("the upstream's clock is %v from this machine's", ahead.Abs().Round(time.Second)), "use NTP: the budget and Retry-After count by this machine's clock"}
}

package doctor

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// Panel is the operator's listener of a running server.
type Panel struct {
	URL    string // of its /readyz
	At     string // the address, as --manage has it
	Listen string // the address of the API of that server, as --listen has it

	// IsAnother tells by the address of its API whether a server is not the one at
	// Listen.
	IsAnother func(ctx context.Context, api string) bool
}

// Look asks whether the server is ready and has the store with this identity open, which
// is empty if the store can't be read. It returns no finding where no callvault answers.
func (p Panel) Look(ctx context.Context, client *http.Client, identity string) []Finding {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL, nil)
	if err != nil {
		return nil
	}
	response, err := client.Do(r)
	if err != nil {
		return nil // the finding on the address tells that
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	line, _, _ := strings.Cut(string(body), "\n")
	api, has := response.Header.Get("Callvault-Listen"), response.Header.Get("Callvault-Store")
	why, _, _ := strings.Cut(line, ";")
	switch {
	case err != nil || api == "":
		return nil
	case p.IsAnother(ctx, api):
		return []Finding{AnotherServe(p.At, api, p.Listen)}
	case response.StatusCode == http.StatusServiceUnavailable && identity == "":
		return []Finding{{"server", Wrong, "the server at " + p.At + " is not ready: " + why, "put the store back in place, then start serve again"}}
	case response.StatusCode == http.StatusServiceUnavailable:
		return []Finding{{"server", Wrong, "the server at " + p.At + " is not ready: " + line, "its log says why"}}
	case identity == "":
		return []Finding{{"server", OK, "the server at " + p.At + " is ready; which store it has open can't be compared", ""}}
	case has != identity:
		return []Finding{{"server", Wrong, "the server at " + p.At + " (its API is at " + api + ") has another store open", "run doctor with the --db and --listen of that serve; if they are these, its file was replaced: start serve again"}}
	}
	return []Finding{{"server", OK, "the server at " + p.At + " has this store open", ""}}
}

// AnotherServe says that the operator's listener at an address belongs to another server
// than the one at listen, which went on without one because the address was in use.
func AnotherServe(at, api, listen string) Finding {
	return Finding{"server", Warning,
		at + " belongs to another serve (its API is at " + api + "); the one at " + listen + " has no operator's listener",
		"start it with another --manage"}
}

package doctor

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// Panel is the operator's listener of a running server.
type Panel struct {
	URL string // of its /readyz
	At  string // the address, as --manage has it
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
	has, isOurs := response.Header["Callvault-Store"] // empty while it is not ready
	why, _, _ := strings.Cut(line, ";")
	switch {
	case err != nil || !isOurs:
		return nil
	case response.StatusCode == http.StatusServiceUnavailable && identity == "":
		return []Finding{{"server", Wrong, "the server at " + p.At + " is not ready: " + why, "put the store back in place, then start serve again"}}
	case response.StatusCode == http.StatusServiceUnavailable:
		return []Finding{{"server", Wrong, "the server at " + p.At + " is not ready: " + line, "its log says why"}}
	case identity == "":
		return []Finding{{"server", OK, "the server at " + p.At + " is ready; which store it has open can't be compared", ""}}
	case has[0] != identity:
		return []Finding{{"server", Wrong, "the server at " + p.At + " has another store open", "run doctor with the --db of that serve; if it is the same, its file was replaced: start serve again"}}
	}
	return []Finding{{"server", OK, "the server at " + p.At + " has this store open", ""}}
}

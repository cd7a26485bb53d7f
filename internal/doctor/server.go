package doctor

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// Server asks the operator's listener at an address, by the URL of its /readyz, whether
// the server is ready and has the store with this identity open. It returns no finding
// where no callvault answers.
func Server(ctx context.Context, client *http.Client, url, at, identity string) []Finding {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
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
	has, isOurs := response.Header["Callvault-Store"]
	switch {
	case err != nil || !isOurs:
		return nil
	case response.StatusCode == http.StatusServiceUnavailable:
		return []Finding{{"server", Wrong, "the server at " + at + " is not ready: " + line, "its log says why"}}
	case has[0] != identity:
		return []Finding{{"server", Wrong, "the server at " + at + " has another store open: the file was replaced, or serve was started with another --db", "start serve again, or name its store with --db"}}
	}
	return []Finding{{"server", OK, "the server at " + at + " has this store open", ""}}
}

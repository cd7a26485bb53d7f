package upstream

import (
	"errors"
	"net/http"
	"strings"

	"github.com/callvault/callvault/gong"
)

// Remedy is what to do about a request that a server refused, in words that follow those of
// Text. It is empty where Text says it, and where only time helps.
func Remedy(err error, host string) string {
	refusal := (*gong.Error)(nil)
	if !errors.As(err, &refusal) {
		return ""
	}
	lacksScope := strings.Contains(strings.Join(refusal.Errors, " "), gong.ScopeCallsRead)
	switch {
	case lacksScope || refusal.Status == http.StatusForbidden:
		return "give the key the scope " + gong.ScopeCallsRead + ", and allow this machine's address if the key has a list of trusted ones"
	case refusal.Status == http.StatusUnauthorized && strings.EqualFold(host, "api.gong.io"):
		return "use your company's own host in place of api.gong.io: Gong shows it where it shows the key, such as https://us-12345.api.gong.io"
	case refusal.Status == http.StatusUnauthorized:
		return "check the access key and its secret, and that they belong to this host"
	case refusal.Status == http.StatusTooManyRequests || refusal.Status >= http.StatusInternalServerError:
		return ""
	}
	return "check the URL: it must be that of the API, without a path of its own"
}

package page

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// curl is a shell command that requests the view from the API. It is empty if the API can't
// filter by the search. curl prompts for the secret, so the secret is on no command line.
func (h *Handler) curl(r *http.Request, v view) string {
	isWorkspace := len(v.where.Terms) == 1 && len(v.filter.Workspaces) == 1
	if h.API == "" || len(v.where.Terms) > 0 && !isWorkspace {
		return ""
	}
	query := "fromDateTime=" + v.query.From.String() + "&toDateTime=" + v.query.To.String()
	if isWorkspace {
		query += "&workspaceId=" + v.filter.Workspaces[0].String()
	}
	return shell("curl", "-u", "ACCESS_KEY", h.reachable(r)+gong.Path+"?"+query)
}

// command is a shell command that lists the view with callvault.
func (h *Handler) command(r *http.Request, keyCompany string, v view) string {
	var words []string
	if keyCompany == "" {
		words = slices.Clone(h.Command)
	}
	switch {
	case len(words) == 0 && h.API == "":
		return ""
	case len(words) == 0: // the key decides the company
		words = []string{"callvault", "calls", "--url", h.reachable(r)}
	case v.company != callvault.DefaultCompany:
		words = append(words, "--company", v.company)
	}
	words = append(words, "--from", shown(v.span.From), "--to", shown(v.span.To), "--tz", v.span.From.Location().String())
	if len(v.where.Terms) > 0 {
		words = append(words, "--where", v.where.String())
	}
	return shell(words...)
}

// reachable is the URL at which the page's reader may reach the API. If the API listens on
// every address, it is the host that the page was requested from.
func (h *Handler) reachable(r *http.Request) string {
	api, err := url.Parse(h.API)
	if err != nil {
		return h.API
	}
	if ip := net.ParseIP(api.Hostname()); ip == nil || !ip.IsUnspecified() || r.Host == "" {
		return h.API
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	api.Host = net.JoinHostPort(strings.Trim(host, "[]"), api.Port())
	return api.String()
}

// shell joins words to a command line for a POSIX shell.
func shell(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quote(word)
	}
	return strings.Join(quoted, " ")
}

// quote quotes a word for a POSIX shell if it must be.
func quote(word string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./:+@%,=", r)
	}
	if word != "" && strings.TrimLeftFunc(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

package page

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// curl is a line for a shell that asks the API for the view. curl asks for the
// secret, so that it stands on no command line.
func (h *Handler) curl(r *http.Request, v view) string {
	if h.API == "" {
		return ""
	}
	query := "fromDateTime=" + v.query.From.String() + "&toDateTime=" + v.query.To.String()
	if !v.query.Workspace.IsZero() {
		query += "&workspaceId=" + v.query.Workspace.String()
	}
	return shell("curl", "-u", "ACCESS_KEY", h.reachable(r)+gong.Path+"?"+query)
}

// command is a line for a shell that lists the view by the command line.
func (h *Handler) command(r *http.Request, v view) string {
	words := append([]string(nil), h.Command...)
	switch {
	case len(words) == 0 && h.API == "":
		return ""
	case len(words) == 0: // whose calls they are is the key's to say
		words = []string{"callvault", "calls", "--url", h.reachable(r)}
	case v.company != callvault.DefaultCompany:
		words = append(words, "--company", v.company)
	}
	words = append(words, "--from", shown(v.span.From), "--to", shown(v.span.To), "--tz", v.span.From.Location().String())
	if !v.query.Workspace.IsZero() {
		words = append(words, "--workspace", v.query.Workspace.String())
	}
	return shell(words...)
}

// reachable is the URL of the API as who sees the page may reach it: a listener of
// every address of a machine is at the one that the page was asked of.
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

// shell is a command line of words for a POSIX shell.
func shell(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quote(word)
	}
	return strings.Join(quoted, " ")
}

// quote writes a word so that a shell takes it as it is.
func quote(word string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./:+@%,=", r)
	}
	if word != "" && strings.TrimLeftFunc(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

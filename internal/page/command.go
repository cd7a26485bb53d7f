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

// line is a shell command that gets the calls of a view, and what it does.
type line struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

// lines are the commands for a view. Those of the demo have its key; curl and callvault prompt for
// or name that of others, so their secrets are on no command line.
func (h *Handler) lines(r *http.Request, keyCompany string, v view) []line {
	lines := []line{}
	add := func(label, hint string, words []string) {
		if h.demoKey(keyCompany) != nil {
			hint = ""
		}
		lines = append(lines, line{label + hint, shell(words...)})
	}
	if words := h.curlView(r, keyCompany, v); words != nil {
		add("Request them from the API", " (curl prompts for the key’s secret)", words)
	}
	const list = "List them on the command line"
	switch flags := v.flags(r.URL.Query().Get("order")); {
	case keyCompany == "" && len(h.Command) > 0:
		if v.company != callvault.DefaultCompany {
			flags = append([]string{"--company", v.company}, flags...)
		}
		add(list, "", slices.Concat(h.Command, flags))
	case h.API != "": // the key decides the company
		add(list, " (set CALLVAULT_ACCESS_KEY and CALLVAULT_ACCESS_KEY_SECRET before)", slices.Concat([]string{"callvault", "calls", "--url", h.reachable(r)}, flags))
		if key := h.demoKey(keyCompany); key != nil {
			last := &lines[len(lines)-1]
			last.Text = "CALLVAULT_ACCESS_KEY=" + quote(key.AccessKey) + " CALLVAULT_ACCESS_KEY_SECRET=" + quote(key.AccessKeySecret) + " " + last.Text
		}
	}
	return lines
}

// demoKey is the key of a demo for those who may see all of it, or nil.
func (h *Handler) demoKey(keyCompany string) *gong.Credential {
	if keyCompany != "" {
		return nil
	}
	return h.Demo
}

// curl is a command that requests a path of the API.
func (h *Handler) curl(r *http.Request, keyCompany, path string) []string {
	user := "ACCESS_KEY"
	if key := h.demoKey(keyCompany); key != nil {
		user = key.AccessKey + ":" + key.AccessKeySecret
	}
	return []string{"curl", "-u", user, h.reachable(r) + path}
}

// curlView is nothing if the API can't filter by the search.
func (h *Handler) curlView(r *http.Request, keyCompany string, v view) []string {
	if h.API == "" || len(v.where.Terms) > 0 && !v.isWorkspace() {
		return nil
	}
	query := "?fromDateTime=" + v.query.From.String() + "&toDateTime=" + v.query.To.String()
	if v.isWorkspace() {
		query += "&workspaceId=" + v.filter.Workspaces[0].String()
	}
	return h.curl(r, keyCompany, gong.Path+query)
}

// isWorkspace tells whether the search asks for one workspace and nothing else.
func (v *view) isWorkspace() bool {
	return len(v.where.Terms) == 1 && len(v.filter.Workspaces) == 1
}

// flags select the calls of the view for callvault calls, which begins with the oldest.
func (v *view) flags(order string) []string {
	flags := []string{"--from", shown(v.span.From), "--to", shown(v.span.To), "--tz", v.zone.String()}
	if len(v.where.Terms) > 0 {
		flags = append(flags, "--where", v.where.String())
	}
	if order == "longest" {
		flags = append(flags, "--order", order)
	}
	return flags
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

package openapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/callvault/callvault/internal/web"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// Page serves a page of documentation, made from the document, to GET and HEAD.
// It loads nothing and runs no script; its own Content-Security-Policy says so.
// Address is that of the API, as for Document.
func Page(address string) (http.Handler, error) {
	body, err := render(address)
	if err != nil {
		return nil, fmt.Errorf("make the page of the API: %w", err)
	}
	sum := sha256.Sum256([]byte(pageStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	page := web.File("text/html; charset=utf-8", body)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		page.ServeHTTP(w, r)
	}), nil
}

func render(address string) ([]byte, error) {
	text, err := at(address)
	if err != nil {
		return nil, err
	}
	var d description
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	functions := template.FuncMap{
		"code":     code,
		"curl":     d.curl,
		"header":   func(h *header) *header { return named(h, h.Ref, d.Components.Headers) },
		"response": func(r *response) *response { return named(r, r.Ref, d.Components.Responses) },
		"type":     d.typeOf,
		"values":   d.values,
	}
	t, err := template.New("page").Funcs(functions).Parse(pageText)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = t.Execute(&page, struct {
		*description
		Style template.CSS
	}{&d, template.CSS(pageStyle)})
	return page.Bytes(), err
}

// code is a text of the document as HTML: paragraphs, and `code`.
func code(text string) template.HTML {
	var b strings.Builder
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			b.WriteString("<p>")
		}
		for j, part := range strings.Split(paragraph, "`") {
			part = template.HTMLEscapeString(part)
			if j%2 == 1 {
				part = "<code>" + part + "</code>"
			}
			b.WriteString(part)
		}
	}
	return template.HTML(b.String())
}

// curl is a command that requests an operation with the examples of its parameters, but
// without a cursor or a token, which only one server takes. curl prompts for the secret.
func (d *description) curl(path string, o *operation) string {
	query := url.Values{}
	for _, p := range o.Parameters {
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", string(p.Example))
		case p.Name != "cursor" && p.Name != "after":
			query.Set(p.Name, string(p.Example))
		}
	}
	target := strings.TrimSuffix(d.Servers[0].URL, "/") + path
	if len(query) > 0 {
		target += "?" + strings.ReplaceAll(query.Encode(), "%3A", ":")
	}
	command := "curl '" + target + "'"
	if len(o.Security) > 0 {
		command = "curl -u <access key> '" + target + "'"
	}
	if o.RequestBody != nil {
		var body bytes.Buffer
		_ = json.Compact(&body, o.RequestBody.Content["application/json"].Example) // it was read as JSON
		command += " -d '" + body.String() + "'"
	}
	return command
}

package page

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/callvault/callvault/internal/web"
)

//go:embed assets
var embedded embed.FS

// newAssets are the page and its files, by path.
func newAssets() (map[string]http.Handler, error) {
	assets := map[string]http.Handler{}
	names, err := fs.Glob(embedded, "assets/*")
	for _, name := range names {
		content, err := embedded.ReadFile(name)
		if err != nil {
			return nil, err
		}
		assets["/"+name] = web.File(contentType(name), content)
	}
	assets["/"] = assets["/assets/index.html"]
	delete(assets, "/assets/index.html")
	return assets, err
}

// asset serves the page or one of its files.
func (h *Handler) asset(w http.ResponseWriter, r *http.Request, _ string) error {
	file, ok := h.assets[r.URL.Path]
	if !ok {
		if strings.Contains(r.Header.Get("Accept"), "text/html") { // a person's browser
			w.Header().Set("Content-Type", contentType(""))
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, notFound, "./"+strings.Repeat("../", strings.Count(r.URL.Path, "/")-1))
			return nil
		}
		return refusef(http.StatusNotFound, "page not found")
	}
	file.ServeHTTP(w, r)
	return nil
}

// notFound leads to the calls by a relative path, because a proxy may serve the page below another.
const notFound = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Page not found – callvault</title><link rel="stylesheet" href="%[1]sassets/page.css"></head>
<body><main id="empty"><h1>Page not found</h1><a href="%[1]s">Show the calls</a></main></body>
</html>
`

// contentType depends on the name alone: the tables of machines differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "text/html; charset=utf-8"
}

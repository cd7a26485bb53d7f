package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"time"
)

//go:embed assets
var embedded embed.FS

// assets are the files of the page. Browsers ask for each by its ETag, which is that of all
// of them, so they never mix versions.
type assets struct {
	files map[string][]byte // by path
	etag  string
}

// newAssets reads the embedded files.
func newAssets() (*assets, error) {
	a := &assets{files: map[string][]byte{}}
	hash := sha256.New()
	names, err := fs.Glob(embedded, "assets/*")
	for _, name := range names {
		if a.files["/"+name], err = embedded.ReadFile(name); err != nil {
			return nil, err
		}
		hash.Write(a.files["/"+name])
	}
	a.files["/"] = a.files["/assets/index.html"]
	delete(a.files, "/assets/index.html")
	a.etag = fmt.Sprintf("\"%.8x\"", hash.Sum(nil))
	return a, err
}

// asset serves the page or one of its files.
func (h *Handler) asset(w http.ResponseWriter, r *http.Request, _ string) error {
	content, ok := h.assets.files[r.URL.Path]
	if !ok {
		return refusef(http.StatusNotFound, "page not found")
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", contentType(r.URL.Path))
	w.Header().Set("ETag", h.assets.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	return nil
}

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

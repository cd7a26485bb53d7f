package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets
var files embed.FS

// assets are the files of the page. All but the index are served from a folder named by
// the hash of their content: a browser may keep them forever and never mixes versions.
type assets struct {
	index  []byte
	folder string // the path of the others, with a slash at the end
	etag   string // of the index
	files  map[string][]byte
}

// folderMark is the placeholder in the index for the folder of the other files.
const folderMark = "{{assets}}"

// newAssets reads the embedded files.
func newAssets() *assets {
	a := &assets{files: map[string][]byte{}}
	hash := sha256.New()
	fs.WalkDir(files, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		hash.Write(content)
		a.files[path.Base(name)] = content
		return nil
	})
	sum := hex.EncodeToString(hash.Sum(nil))[:16]
	a.folder = "/assets/" + sum + "/"
	// The address is relative, for a proxy that serves the page under a path.
	a.index = bytes.ReplaceAll(a.files["index.html"], []byte(folderMark), []byte(a.folder[1:len(a.folder)-1]))
	a.etag = `"` + sum + `"`
	delete(a.files, "index.html")
	return a
}

// index serves the page itself, which browsers request each time.
func (h *Handler) index(w http.ResponseWriter, r *http.Request, _ string) error {
	w.Header().Set("Cache-Control", "no-cache")
	h.assets.send(w, r, "index.html", h.assets.index)
	return nil
}

// asset serves a file of the page.
func (h *Handler) asset(w http.ResponseWriter, r *http.Request, _ string) error {
	name, ok := strings.CutPrefix(r.URL.Path, h.assets.folder)
	content, known := h.assets.files[name]
	if !ok || !known {
		return refusef(http.StatusNotFound, "page not found")
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	h.assets.send(w, r, name, content)
	return nil
}

func (a *assets) send(w http.ResponseWriter, r *http.Request, name string, content []byte) {
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("ETag", a.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
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

package page

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones do not depend on the machine

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/storetest"
)

// store has the calls of companies in memory, in order. Nothing else is asked of it.
type store struct {
	callvault.Store
	companies map[string]calls
	entries   directory
	err       error
}

func (s *store) Directory(string) callvault.Directory { return s.entries }

// directory has the users and workspaces of every company.
type directory struct {
	callvault.Directory
	entries map[callvault.Kind][]callvault.Entry
	err     error
	reads   *int
}

func (d directory) Get(_ context.Context, kind callvault.Kind, ids []callvault.ID, visit func(callvault.Entry) error) error {
	if d.reads != nil {
		*d.reads++
	}
	for _, e := range d.entries[kind] {
		if slices.Contains(ids, e.ID) {
			if err := visit(e); err != nil {
				return err
			}
		}
	}
	return d.err
}

func (d directory) Scan(ctx context.Context, kind callvault.Kind, _ callvault.ID, _ int, visit func(callvault.Entry) error) error {
	var ids []callvault.ID
	for _, e := range d.entries[kind] {
		ids = append(ids, e.ID)
	}
	return d.Get(ctx, kind, ids, visit)
}

func (s *store) Calls(company string) callvault.Calls {
	c := s.companies[company]
	c.err = s.err
	return c
}

func (s *store) Companies(context.Context) ([]string, error) {
	names := []string{}
	for name := range s.companies {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, s.err
}

type calls struct {
	callvault.Calls
	rows []callvault.Call
	err  error
}

func (c calls) of(q callvault.Query) (found []callvault.Call) {
	for _, call := range c.rows {
		if q.From <= call.Time && call.Time < q.To && (q.Workspace.IsZero() || q.Workspace == call.Workspace) {
			found = append(found, call)
		}
	}
	return found
}

func (c calls) Names(_ context.Context, field callvault.Field, visit func(callvault.Name) error) error {
	t := callvault.NewNameTally()
	for i := range c.rows {
		t.Add(&c.rows[i])
	}
	for _, key := range t.Keys() {
		if key.Field == field {
			if err := visit(callvault.Name{Name: key.Value(), Calls: t.Of(key).Calls}); err != nil {
				return err
			}
		}
	}
	return c.err
}

func (c calls) View(ctx context.Context, q callvault.ViewQuery) (callvault.View, error) {
	return storetest.ObviousView(ctx, c, q)
}

// Latest is one number for each call.
func (c calls) Latest(context.Context) (int64, error) { return int64(len(c.rows)), c.err }

func (c calls) Count(_ context.Context, q callvault.Query) (int, error) { return len(c.of(q)), c.err }

func (c calls) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	if after.Compare(q.Start()) < 0 {
		return errors.New("after stands before the range's start")
	}
	return c.visit(ctx, slices.DeleteFunc(c.of(q), func(call callvault.Call) bool { return call.Position().Compare(after) <= 0 }), limit, visit)
}

func (c calls) ScanBack(ctx context.Context, q callvault.Query, before callvault.Position, limit int, visit func(callvault.Record) error) error {
	if before.Compare(callvault.Position{Time: q.To}) > 0 {
		return errors.New("before stands after the range's end")
	}
	found := slices.DeleteFunc(c.of(q), func(call callvault.Call) bool { return call.Position().Compare(before) >= 0 })
	slices.Reverse(found)
	return c.visit(ctx, found, limit, visit)
}

func (c calls) Get(ctx context.Context, ids []callvault.ID, visit func(callvault.Record) error) error {
	found := slices.DeleteFunc(slices.Clone(c.rows), func(call callvault.Call) bool { return !slices.Contains(ids, call.ID) })
	return c.visit(ctx, found, -1, visit)
}

func (c calls) visit(ctx context.Context, found []callvault.Call, limit int, visit func(callvault.Record) error) error {
	for i, call := range found {
		if i == limit {
			break
		}
		call.Document = slices.Clone(call.Document)
		if err := visit(callvault.Record{Call: call}); err != nil {
			return err
		}
		clear(call.Document) // which is valid no longer
	}
	return cmp.Or(c.err, ctx.Err())
}

// at makes calls with ascending ids at times in RFC 3339.
func at(times ...string) (made calls) {
	for i, text := range times {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			panic(err)
		}
		made.rows = append(made.rows, call(i+1, t, ""))
	}
	slices.SortFunc(made.rows, func(a, b callvault.Call) int { return a.Position().Compare(b.Position()) })
	return made
}

func call(id int, t time.Time, workspace string) callvault.Call {
	c := callvault.Call{Time: callvault.FloorTime(t), Document: fmt.Appendf(nil, `{"id":"%d","title":"Call %[1]d","started":%q}`, id, t.Format(time.RFC3339Nano))}
	c.ID, _ = callvault.ParseID(fmt.Sprint(id))
	if workspace != "" {
		c.Workspace, _ = callvault.ParseID(workspace)
		c.Document = fmt.Appendf(c.Document[:len(c.Document)-1], `,"workspaceId":%q}`, workspace)
	}
	return c
}

// lines is the format of one document to the line.
type lines struct{ io.Writer }

func (l lines) Write(document []byte) error {
	_, err := fmt.Fprintf(l.Writer, "%s\n", document)
	return err
}
func (lines) Close() error { return nil }

// start is a page of the default company's calls, at noon of Wednesday 2026-03-04.
func start(t *testing.T, config Config, made calls) *Handler {
	t.Helper()
	if config.Store == nil {
		config.Store = &store{companies: map[string]calls{callvault.DefaultCompany: made}}
	}
	if config.Now == nil {
		config.Now = func() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) }
	}
	config.Formats = append(config.Formats, Format{Name: "Lines", Extension: "ndjson", ContentType: "application/x-ndjson", New: func(w io.Writer, _ callvault.EntryNames) (Writer, error) { return lines{w}, nil }})
	h, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// get asks as who may see every company.
func get(h *Handler, target string) *httptest.ResponseRecorder { return getAs(h, "", target) }

func getAs(h *Handler, company, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.Serve(w, httptest.NewRequest(http.MethodGet, target, nil), company)
	return w
}

// read asks for JSON that must be there.
func read[T any](t *testing.T, h *Handler, target string) (v T) {
	t.Helper()
	w := get(h, target)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v in %s", target, err, w.Body)
	}
	return v
}

// with is a query.
func with(pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return "?" + q.Encode()
}

// Whatever is answered, a browser loads nothing from elsewhere for it, frames it
// nowhere and guesses no type.
func TestHeaders(t *testing.T) {
	h := start(t, Config{}, at())
	for _, path := range []string{"/", "/assets/main.js", "/api/site", "/api/view?tz=X", "/nothing"} {
		header := get(h, path).Header()
		if policy := header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") ||
			strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") || strings.Contains(policy, "data:") || !strings.Contains(policy, "require-trusted-types-for 'script'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: %s", path, policy)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" || header.Get("Content-Type") == "" {
			t.Errorf("%s: %v", path, header)
		}
	}
}

// Every file that the page and its scripts name is there. Browsers ask each time whether it
// is another.
func TestAssets(t *testing.T) {
	h := start(t, Config{}, at())
	w := get(h, "/")
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-cache" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	named := 0
	for _, part := range strings.Split(w.Body.String(), `"`) {
		if !strings.HasPrefix(part, "assets/") {
			continue
		}
		named++
		asset := get(h, "/"+part)
		if asset.Code != http.StatusOK || asset.Header().Get("Cache-Control") != "no-cache" || asset.Header().Get("ETag") == "" {
			t.Errorf("%s: %d %v", part, asset.Code, asset.Header())
		}
		if strings.HasSuffix(part, ".js") {
			for _, line := range strings.Split(asset.Body.String(), "\n") {
				_, imported, ok := strings.Cut(line, "from './")
				if ok && get(h, "/assets/"+strings.TrimSuffix(imported, "';")).Code != http.StatusOK {
					t.Errorf("%s: %s", part, line)
				}
			}
		}
	}
	if want := len(h.assets) - 1; named != want {
		t.Errorf("the page names %d files of %d", named, want)
	}
	again := httptest.NewRequest(http.MethodGet, "/", nil)
	again.Header.Set("If-None-Match", w.Header().Get("ETag"))
	w = httptest.NewRecorder()
	h.Serve(w, again, "")
	if w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("the same again: %d, %d bytes", w.Code, w.Body.Len())
	}
	for _, path := range []string{"/assets/0000000000000000/main.js", "/assets/index.html", "/assets/../page.go", "/assets/", "/favicon.ico"} {
		if w := get(h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// What is not there is said in a page to people, from which a link leads to the calls.
func TestNotFound(t *testing.T) {
	h := start(t, Config{}, at())
	for path, want := range map[string]string{"/nope": `href="./"`, "/nope/a/b": `href="./../../"`} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		w := httptest.NewRecorder()
		h.Serve(w, r, "")
		if w.Code != http.StatusNotFound || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
		if body := get(h, path).Body.String(); body != `{"error":"Page not found.","final":true}`+"\n" {
			t.Errorf("%s: a program gets %s", path, body)
		}
	}
}

// The page stays small, loads nothing from elsewhere, and makes no HTML of strings.
func TestScripts(t *testing.T) {
	h := start(t, Config{}, at())
	size := 0
	for name := range h.assets {
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		content := get(h, name).Body.String()
		size += len(content)
		text := strings.ReplaceAll(content, "'http://www.w3.org/2000/svg'", "") // a name, which nobody loads
		for _, word := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "https://", "http://"} {
			if strings.Contains(text, word) {
				t.Errorf("%s has %s", name, word)
			}
		}
	}
	if size > 60<<10 { // more than a screen of figures, facets, a list and a search takes
		t.Errorf("the scripts have %d bytes", size)
	}
}

func TestNewWithoutStore(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("no error")
	}
}

package api

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/callvault/callvault"
)

// TestLargePages: a page far beyond the usual is served whole, and its buffer
// is not kept.
func TestLargePages(t *testing.T) {
	s := newServer(t, Config{})
	document := `{"title":"` + strings.Repeat("x", callvault.MaxDocument-12) + `"}`
	for i := range 40 {
		c := call(t, strings.Repeat("1", i%20+1), i, "")
		c.Document = []byte(document)
		s.put(t, "acme", c)
	}
	w := s.get(everything)
	wantStatus(t, w, http.StatusOK)
	if got := decode(t, w); len(got.Calls) != 20 || string(got.Calls[19]) != document {
		t.Errorf("got %d calls", len(got.Calls))
	}
	for range 20 {
		if b := pageBodies.Get().(*pageBody); cap(b.calls) > maxKept {
			t.Errorf("a buffer of %d bytes was kept", cap(b.calls))
		}
	}
}

// TestPagesAtOnce: pages made at one time do not mix.
func TestPagesAtOnce(t *testing.T) {
	s := newServer(t, Config{PageSize: 3, Log: discard})
	companies := []string{"acme", "b", "c"}
	for i, company := range companies {
		if i > 0 {
			s.store.AddKey(t.Context(), testKey(callvault.BasicKey, company, "KEY"+company, "hush"))
		}
		for j := range 9 {
			c := call(t, strings.Repeat("1", j+1), j, "")
			c.Document = []byte(`{"company":"` + company + `"}`)
			s.put(t, company, c)
		}
	}
	var group sync.WaitGroup
	for _, company := range companies {
		group.Go(func() {
			id := "KEY" + strings.TrimPrefix(company, "acme")
			for range 200 {
				target := everything
				for pages := 0; target != ""; pages++ {
					w := s.getAs(basicAuth(id, "hush"), target)
					if n := bytes.Count(w.Body.Bytes(), []byte(`{"company":"`+company+`"}`)); n != 3 || w.Code != http.StatusOK {
						t.Errorf("%s got %d: %s", company, w.Code, w.Body)
						return
					}
					found := cursorClaim.FindSubmatch(w.Body.Bytes())
					if found == nil {
						if pages != 2 {
							t.Errorf("%s got %d pages", company, pages+1)
						}
						break
					}
					target = "/v2/calls?cursor=" + string(found[1])
				}
			}
		})
	}
	group.Wait()
}

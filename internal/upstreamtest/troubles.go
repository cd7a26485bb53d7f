package upstreamtest

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/callvault/callvault/gong"
)

// Trouble is something that a network, or the account's other integrations, do to a request.
type Trouble int

// The troubles.
const (
	Reset        Trouble = iota // the connection breaks before an answer
	Cut                         // status 200, and the body ends before its end
	Failed                      // 500
	Gateway                     // 502 with a page of HTML
	Strange                     // status 200 with an error object
	TooMany                     // 429 with Retry-After, because others use the quota
	Empty                       // the 404 of a list without calls
	Unauthorized                // 401
	Forbidden                   // 403
	troubleCount
)

// Troubles stand before a server and spoil some of the requests, as their seed says.
type Troubles struct {
	Handler http.Handler
	Seed    uint64

	// Shares are the shares of requests that each trouble has.
	Shares map[Trouble]float64

	// Now is one trouble that every request has, until it is taken away; nil for none.
	Now func() (Trouble, bool)

	// RetryAfter is what TooMany asks for; zero means 5 seconds.
	RetryAfter time.Duration

	mu     sync.Mutex
	chance *rand.Rand
	count  [troubleCount]int
}

// Usual are shares of every trouble that passes by itself.
func Usual() map[Trouble]float64 {
	return map[Trouble]float64{Reset: 0.01, Cut: 0.01, Failed: 0.01, Gateway: 0.01, Strange: 0.005, TooMany: 0.005}
}

// Count is how many requests had a trouble.
func (t *Troubles) Count(trouble Trouble) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count[trouble]
}

// draw draws the trouble of a request.
func (t *Troubles) draw() (trouble Trouble, has bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Now != nil {
		trouble, has = t.Now()
	}
	if !has {
		if t.chance == nil {
			t.chance = rand.New(rand.NewPCG(t.Seed, 0))
		}
		lot := t.chance.Float64()
		for trouble = 0; trouble < troubleCount; trouble++ {
			if lot -= t.Shares[trouble]; lot < 0 {
				has = true
				break
			}
		}
	}
	if has {
		t.count[trouble]++
	}
	return trouble, has
}

// ServeHTTP answers a request with its trouble, or lets the server answer. Troubles that do
// not come from the server leave the server's clock and records as they are.
func (t *Troubles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	trouble, has := t.draw()
	if !has {
		t.Handler.ServeHTTP(w, r)
		return
	}
	switch trouble {
	case Reset:
		panic(http.ErrAbortHandler)
	case Cut:
		t.cut(w, r)
	case Gateway:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>"))
	case Failed:
		refuse(w, http.StatusInternalServerError, gong.InternalError)
	case Strange:
		refuse(w, http.StatusOK, gong.InternalError)
	case TooMany:
		wait := t.RetryAfter
		if wait == 0 {
			wait = 5 * time.Second
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
		refuse(w, http.StatusTooManyRequests, gong.LimitExceeded)
	case Empty:
		refuse(w, http.StatusNotFound, gong.NoCallsFound)
	case Unauthorized:
		refuse(w, http.StatusUnauthorized, "Access key, secret or token is not valid")
	case Forbidden:
		refuse(w, http.StatusForbidden, "Forbidden")
	}
}

// cut sends half of the server's answer.
func (t *Troubles) cut(w http.ResponseWriter, r *http.Request) {
	whole := &answer{header: w.Header(), spoiled: true}
	if whole.serve(t.Handler, r) {
		panic(http.ErrAbortHandler)
	}
	body := whole.body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(bytes.Clone(body[:len(body)/2]))
	panic(http.ErrAbortHandler)
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"requestId":"7eey0z6mf3elkp1n5b6","errors":["` + text + `"]}`))
}

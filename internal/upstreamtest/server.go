// Package upstreamtest is an upstream for tests: a server of the API over a scripted world, on
// a clock that the test moves. It records what it listed to whom and how many requests came.
// It answers through internal/api, so that its answers are those of the contract.
package upstreamtest

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/limit"
)

// URL is an address that a Server answers when it is reached by Client.
const URL = "https://us-12345.api.example.com"

// Config says what a Server is.
type Config struct {
	Script demo.Script
	Now    func() time.Time // the upstream's clock, which is also that of the script

	// Machine is the clock that requests are counted by; nil means Now.
	Machine func() time.Time

	// Limit is how many requests all clients together may make; zero is no limit. The live
	// service allows 3 a second and 10,000 a day.
	Limit limit.Limit

	// CursorLife is how long a cursor lives from its walk's first page; 0 means an hour, as
	// with the live service.
	CursorLife time.Duration
}

// Server is an upstream. It answers one request after the other, and is safe for concurrent
// use. Its World is not: where requests come from other goroutines, Do is the way to it.
type Server struct {
	World *demo.World

	// Directory has the users and workspaces. A test may change it between requests.
	Directory map[callvault.Kind][]callvault.Entry

	config  Config
	handler http.Handler
	record

	mu      sync.Mutex
	keys    []callvault.Key
	clients map[string]string // names by access key
}

// New opens a Server.
func New(t testing.TB, c Config) *Server {
	t.Helper()
	if c.Machine == nil {
		c.Machine = c.Now
	}
	s := &Server{
		World: demo.NewWorld(c.Script), Directory: make(map[callvault.Kind][]callvault.Entry),
		config: c, clients: make(map[string]string), record: record{shown: make(map[string]map[callvault.ID]time.Time)},
	}
	for _, kind := range callvault.Kinds() {
		s.Directory[kind] = s.World.Entries(kind)
	}
	handler, err := api.New(context.Background(), api.Config{
		Store:         limit.NewLocal(&store{server: s}, c.Now),
		Limit:         c.Limit,
		CursorLife:    cmp.Or(c.CursorLife, time.Hour),
		OptionalDates: true,
		ReadOnly:      true,
		Now:           c.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.handler = handler
	return s
}

// Key makes a key for a client. The name is that under which the Server records what it lists
// to the client. Without scopes the key may read everything.
func (s *Server) Key(client string, scopes ...callvault.Scope) gong.Credential {
	key, secret := callvault.NewKey(callvault.BasicKey)
	key.Company, key.Scopes = callvault.DefaultCompany, scopes
	if len(scopes) == 0 {
		key.Scopes = api.ReadScopes()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys, s.clients[key.ID] = append(s.keys, key), client
	return gong.Credential{AccessKey: key.ID, AccessKeySecret: secret}
}

// ServeHTTP answers a request at the upstream's time.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.serving.Lock()
	defer s.serving.Unlock()
	now := s.config.Now()
	s.World.Advance(now)
	s.requests = append(s.requests, s.config.Machine())
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	s.listing = s.listing[:0]
	s.handler.ServeHTTP(w, r)
	if whole, ok := w.(*answer); !ok || !whole.spoiled {
		key, _, _ := r.BasicAuth()
		s.mu.Lock()
		client := s.clients[key]
		s.mu.Unlock()
		s.show(client, now)
	}
}

// Do does something with the World at the upstream's time, while no request is answered.
func (s *Server) Do(f func(*demo.World)) {
	s.serving.Lock()
	defer s.serving.Unlock()
	s.World.Advance(s.config.Now())
	f(s.World)
}

// Client reaches the Server without sockets, whatever the host of the address.
func (s *Server) Client() *http.Client { return &http.Client{Transport: Transport{s}} }

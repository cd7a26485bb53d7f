package doctor

import (
	"context"
	"errors"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/web"
)

const (
	answerWithin = 5 * time.Second  // what a server on this machine may take to answer
	openWithin   = 15 * time.Second // what a database server may take to let doctor in
)

// Doctor is what serve would be started with.
type Doctor struct {
	Program string // its version
	Listen  string
	Manage  string // empty if there is no operator's listener
	TLS     web.CertFiles
	Create  string    // the command that makes a key in the store
	Mirror  *Upstream // nil if no upstream is to be looked at

	// Open opens the store, and tells why if it can't.
	Open func(ctx context.Context) Store
}

// Store is what opening a store has shown.
type Store struct {
	Opened   callvault.Store // nil if it can't be opened
	Outdated bool            // its schema is older than this program
	Written  time.Time       // when its file was; zero if it has none
	Findings []Finding
}

// Examine looks at everything, and calls tell with each finding.
func (d Doctor) Examine(ctx context.Context, tell func(...Finding)) {
	tell(Finding{"program", OK, d.Program, ""})
	client := web.OwnClient(answerWithin)
	listen := Address{Flag: "listen", At: d.Listen, Path: gong.Path, TLS: d.TLS.Cert != "", IsOurs: IsAPI}
	if listen.TLS {
		var findings []Finding
		findings, listen.Leaf = Certificate(d.TLS, time.Now())
		tell(findings...)
	}
	f, _ := listen.Look(ctx, client)
	tell(f)
	var server *Answer
	if d.Manage != "" {
		f, server = Address{Flag: "manage", At: d.Manage, Path: "/readyz", TLS: listen.TLS, IsOurs: IsReadyz}.Look(ctx, client)
		tell(f)
	}
	all := ctx
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	store := d.Open(ctx)
	tell(store.Findings...)
	identity := ""
	if store.Opened != nil {
		defer store.Opened.Close()
		identity, _ = store.Opened.Identity(ctx) // without it the stores can't be compared
	}
	if server != nil {
		tell(Server(d.Manage, *server, identity))
	}
	tell(d.keys(ctx, store, time.Now())...)
	if d.Mirror != nil {
		tell(d.Mirror.Look(all, store, time.Now())...)
	}
}

// keys looks at the keys, and at the clock by what it has written.
func (d Doctor) keys(ctx context.Context, store Store, now time.Time) []Finding {
	if store.Opened == nil || store.Outdated {
		return []Finding{Clock(now, nil, store.Written)}
	}
	keys, _, err := store.Opened.Keys(ctx, callvault.KeysVersion{})
	clock := Clock(now, keys, store.Written)
	companies, err2 := store.Opened.Companies(ctx)
	if err = errors.Join(err, err2); err != nil {
		return []Finding{clock, {"keys", Wrong, err.Error(), "read the whole store: callvault check"}}
	}
	return append([]Finding{clock}, Keyring{companies, keys, d.Create}.Look(now)...)
}

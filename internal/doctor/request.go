package doctor

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// Visitor is a store with one key, which is in memory alone and may read the calls
// of one company. Nothing is written for it.
type Visitor struct {
	callvault.Store
	key    callvault.Key
	secret string
}

// NewVisitor makes a key to a store.
func NewVisitor(store callvault.Store, company string) *Visitor {
	key, secret := callvault.NewKey(callvault.BasicKey)
	key.Company = company
	key.Scopes = []callvault.Scope{gong.ScopeCallsRead}
	return &Visitor{store, key, secret}
}

// Keys is the one key, in a store that never changes.
func (v *Visitor) Keys(_ context.Context, known callvault.KeysVersion) (keys []callvault.Key, latest callvault.KeysVersion, err error) {
	latest = callvault.KeysVersion{1}
	if known == latest {
		return nil, latest, nil
	}
	return []callvault.Key{v.key}, latest, nil
}

// Ask sends one request for calls to a server of the visitor, as a client does.
func (v *Visitor) Ask(ctx context.Context, base string, client *http.Client) Finding {
	asking := gong.Client{
		BaseURL:    base,
		Credential: gong.Credential{AccessKey: v.key.ID, AccessKeySecret: v.secret},
		Retries:    -1,
		Patience:   -1,
		HTTP:       client,
	}
	begun := time.Now()
	answer, err := asking.ListCalls(ctx, gong.ListCallsQuery{From: time.Unix(0, 0).UTC(), To: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)}, "")
	if err != nil {
		return Finding{"request", Wrong, fmt.Sprintf("a test request for calls of company %q failed: %v", v.key.Company, err), "the other lines may say why"}
	}
	return Finding{"request", OK, fmt.Sprintf("a test request found %d calls of company %q in %v", answer.Records.TotalRecords, v.key.Company, time.Since(begun).Round(time.Millisecond)), ""}
}

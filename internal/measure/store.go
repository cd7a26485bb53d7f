package measure

import (
	"context"
	"time"

	"github.com/callvault/callvault"
)

// op is a method of callvault.Store or callvault.Calls that is measured.
type op int

const (
	opCompanies op = iota
	opKeys
	opIdentity
	opCursorSecret
	opTakeQuota
	opReturnQuota
	opTakeSecond
	opCount
	opScan
	opFirst
	opLatest
)

// names are the operations as metrics name them.
var names = [...]string{
	opCompanies:    "companies",
	opKeys:         "keys",
	opIdentity:     "identity",
	opCursorSecret: "cursor_secret",
	opTakeQuota:    "take_quota",
	opReturnQuota:  "return_quota",
	opTakeSecond:   "take_second",
	opCount:        "count",
	opScan:         "scan",
	opFirst:        "first",
	opLatest:       "latest",
}

// measured is a store whose operations are measured. Those that it does not name ask no
// engine, or are of commands that end before anybody could scrape them.
type measured struct {
	callvault.Store
	meter *meter
}

func (m measured) Calls(company string) callvault.Calls {
	return measuredCalls{m.Store.Calls(company), m.meter}
}

func (m measured) Companies(ctx context.Context) (names []string, err error) {
	defer m.meter.end(ctx, opCompanies, time.Now(), &err)
	return m.Store.Companies(ctx)
}

func (m measured) Keys(ctx context.Context, known callvault.KeysVersion) (keys []callvault.Key, latest callvault.KeysVersion, err error) {
	defer m.meter.end(ctx, opKeys, time.Now(), &err)
	return m.Store.Keys(ctx, known)
}

func (m measured) Identity(ctx context.Context) (text string, err error) {
	defer m.meter.end(ctx, opIdentity, time.Now(), &err)
	return m.Store.Identity(ctx)
}

func (m measured) CursorSecret(ctx context.Context) (secret []byte, err error) {
	defer m.meter.end(ctx, opCursorSecret, time.Now(), &err)
	return m.Store.CursorSecret(ctx)
}

func (m measured) TakeQuota(ctx context.Context, day callvault.QuotaDay, n int) (taken int, err error) {
	defer m.meter.end(ctx, opTakeQuota, time.Now(), &err)
	return m.Store.TakeQuota(ctx, day, n)
}

func (m measured) ReturnQuota(ctx context.Context, day callvault.QuotaDay, n int) (err error) {
	defer m.meter.end(ctx, opReturnQuota, time.Now(), &err)
	return m.Store.ReturnQuota(ctx, day, n)
}

func (m measured) TakeSecond(ctx context.Context, second callvault.QuotaSecond, n int) (taken int, wait time.Duration, err error) {
	defer m.meter.end(ctx, opTakeSecond, time.Now(), &err)
	return m.Store.TakeSecond(ctx, second, n)
}

// measuredCalls are calls whose operations are measured. The time of a visitor counts:
// while it visits, the engine's connection is held.
type measuredCalls struct {
	callvault.Calls
	meter *meter
}

func (m measuredCalls) Count(ctx context.Context, q callvault.Query) (total int, err error) {
	defer m.meter.end(ctx, opCount, time.Now(), &err)
	return m.Calls.Count(ctx, q)
}

func (m measuredCalls) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) (err error) {
	defer m.meter.end(ctx, opScan, time.Now(), &err)
	return m.Calls.Scan(ctx, q, after, limit, visit)
}

func (m measuredCalls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (total int, err error) {
	defer m.meter.end(ctx, opFirst, time.Now(), &err)
	return m.Calls.First(ctx, q, limit, visit)
}

func (m measuredCalls) Latest(ctx context.Context) (number int64, err error) {
	defer m.meter.end(ctx, opLatest, time.Now(), &err)
	return m.Calls.Latest(ctx)
}

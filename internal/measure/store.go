package measure

import (
	"context"
	"time"

	"github.com/callvault/callvault"
)

// operations are the methods that are measured, as metrics name them.
var operations = []string{
	"companies", "keys", "use_key", "take_quota", "take_second",
	"count", "get", "scan", "first", "names", "view", "latest", "changes", "put", "snapshot",
	"directory_get", "directory_scan",
}

// measured measures the operations of a store that requests and scrapes wait for. Most others belong to commands, which nobody can scrape.
type measured struct {
	callvault.Store
	meter *meter
}

func (m measured) Calls(company string) callvault.Calls {
	return measuredCalls{m.Store.Calls(company), m.meter}
}

func (m measured) Directory(company string) callvault.Directory {
	return measuredDirectory{m.Store.Directory(company), m.meter}
}

func (m measured) Companies(ctx context.Context) (names []string, err error) {
	defer m.meter.end(ctx, "companies", time.Now(), &err)
	return m.Store.Companies(ctx)
}

func (m measured) Keys(ctx context.Context, known callvault.KeysVersion) (keys []callvault.Key, latest callvault.KeysVersion, err error) {
	defer m.meter.end(ctx, "keys", time.Now(), &err)
	return m.Store.Keys(ctx, known)
}

func (m measured) UseKey(ctx context.Context, company, id string, at time.Time) (err error) {
	defer m.meter.end(ctx, "use_key", time.Now(), &err)
	return m.Store.UseKey(ctx, company, id, at)
}

func (m measured) TakeQuota(ctx context.Context, day callvault.QuotaDay, n int) (taken int, err error) {
	defer m.meter.end(ctx, "take_quota", time.Now(), &err)
	return m.Store.TakeQuota(ctx, day, n)
}

func (m measured) TakeSecond(ctx context.Context, second callvault.QuotaSecond, n int) (taken int, wait time.Duration, err error) {
	defer m.meter.end(ctx, "take_second", time.Now(), &err)
	return m.Store.TakeSecond(ctx, second, n)
}

func (m measured) Snapshot(ctx context.Context, f func(callvault.Snapshot) error) (err error) {
	defer m.meter.end(ctx, "snapshot", time.Now(), &err)
	return m.Store.Snapshot(ctx, f)
}

// measuredCalls are calls whose operations are measured. The time of a visitor counts:
// while it visits, the engine's connection is held.
type measuredCalls struct {
	callvault.Calls
	meter *meter
}

func (m measuredCalls) Count(ctx context.Context, q callvault.Query) (total int, err error) {
	defer m.meter.end(ctx, "count", time.Now(), &err)
	return m.Calls.Count(ctx, q)
}

func (m measuredCalls) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) (err error) {
	defer m.meter.end(ctx, "scan", time.Now(), &err)
	return m.Calls.Scan(ctx, q, after, limit, visit)
}

func (m measuredCalls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (total int, err error) {
	defer m.meter.end(ctx, "first", time.Now(), &err)
	return m.Calls.First(ctx, q, limit, visit)
}

func (m measuredCalls) View(ctx context.Context, q callvault.ViewQuery) (v callvault.View, err error) {
	defer m.meter.end(ctx, "view", time.Now(), &err)
	return m.Calls.View(ctx, q)
}

func (m measuredCalls) Latest(ctx context.Context) (number int64, err error) {
	defer m.meter.end(ctx, "latest", time.Now(), &err)
	return m.Calls.Latest(ctx)
}

func (m measuredCalls) Get(ctx context.Context, ids []callvault.ID, visit func(callvault.Record) error) (err error) {
	defer m.meter.end(ctx, "get", time.Now(), &err)
	return m.Calls.Get(ctx, ids, visit)
}

func (m measuredCalls) Names(ctx context.Context, field callvault.Field, visit func(callvault.Name) error) (err error) {
	defer m.meter.end(ctx, "names", time.Now(), &err)
	return m.Calls.Names(ctx, field, visit)
}

func (m measuredCalls) Changes(ctx context.Context, after int64, limit int, visit func(callvault.Record) error) (err error) {
	defer m.meter.end(ctx, "changes", time.Now(), &err)
	return m.Calls.Changes(ctx, after, limit, visit)
}

func (m measuredCalls) Put(ctx context.Context, batch callvault.Batch) (result callvault.PutResult, err error) {
	defer m.meter.end(ctx, "put", time.Now(), &err)
	return m.Calls.Put(ctx, batch)
}

// measuredDirectory is users and workspaces whose reads are measured.
type measuredDirectory struct {
	callvault.Directory
	meter *meter
}

func (m measuredDirectory) Get(ctx context.Context, kind callvault.Kind, ids []callvault.ID, visit func(callvault.Entry) error) (err error) {
	defer m.meter.end(ctx, "directory_get", time.Now(), &err)
	return m.Directory.Get(ctx, kind, ids, visit)
}

func (m measuredDirectory) Scan(ctx context.Context, kind callvault.Kind, after callvault.ID, limit int, visit func(callvault.Entry) error) (err error) {
	defer m.meter.end(ctx, "directory_scan", time.Now(), &err)
	return m.Directory.Scan(ctx, kind, after, limit, visit)
}

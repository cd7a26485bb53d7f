package measure

import (
	"context"

	"github.com/callvault/callvault"
)

// measuredCalls are calls whose operations are measured. The time of a visitor counts:
// while it visits, the engine's connection is held.
type measuredCalls struct {
	calls callvault.Calls
	meter *meter
}

func (m measuredCalls) Put(ctx context.Context, batch callvault.Batch) (result callvault.PutResult, err error) {
	ctx, o := m.meter.begin(ctx, opPut)
	defer o.end(ctx, &err)
	return m.calls.Put(ctx, batch)
}

func (m measuredCalls) Delete(ctx context.Context, ids []callvault.ID) (deleted int, err error) {
	ctx, o := m.meter.begin(ctx, opDelete)
	defer o.end(ctx, &err)
	return m.calls.Delete(ctx, ids)
}

func (m measuredCalls) DeleteFirst(ctx context.Context, q callvault.Query, limit int) (deleted int, err error) {
	ctx, o := m.meter.begin(ctx, opDeleteFirst)
	defer o.end(ctx, &err)
	return m.calls.DeleteFirst(ctx, q, limit)
}

func (m measuredCalls) Count(ctx context.Context, q callvault.Query) (total int, err error) {
	ctx, o := m.meter.begin(ctx, opCount)
	defer o.end(ctx, &err)
	return m.calls.Count(ctx, q)
}

func (m measuredCalls) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Row) error) (err error) {
	ctx, o := m.meter.begin(ctx, opScan)
	defer o.end(ctx, &err)
	return m.calls.Scan(ctx, q, after, limit, visit)
}

func (m measuredCalls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Row) error) (total int, err error) {
	ctx, o := m.meter.begin(ctx, opFirst)
	defer o.end(ctx, &err)
	return m.calls.First(ctx, q, limit, visit)
}

func (m measuredCalls) Latest(ctx context.Context) (number int64, err error) {
	ctx, o := m.meter.begin(ctx, opLatest)
	defer o.end(ctx, &err)
	return m.calls.Latest(ctx)
}

func (m measuredCalls) Changes(ctx context.Context, visit func(callvault.Change) error) (err error) {
	ctx, o := m.meter.begin(ctx, opChanges)
	defer o.end(ctx, &err)
	return m.calls.Changes(ctx, visit)
}

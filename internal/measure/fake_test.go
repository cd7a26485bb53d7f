package measure

import (
	"context"
	"time"

	"github.com/callvault/callvault"
)

// fake is a store that answers every question with the same and notes what it was
// asked.
type fake struct {
	err   error
	asked []any           // the name of the last method, and its arguments
	stall func() error    // called by each method, unless nil
	names []string        // of the companies
	given context.Context // that the last method was given
}

func (f *fake) ask(ctx context.Context, asked ...any) error {
	f.asked, f.given = asked, ctx
	if f.stall != nil {
		return f.stall()
	}
	return f.err
}

func (f *fake) Calls(company string) callvault.Calls         { return fakeCalls{f, company} }
func (f *fake) Directory(company string) callvault.Directory { return fakeDirectory{f, company} }
func (f *fake) Mirror(string) callvault.MirrorState          { return fakeMirror{} }
func (f *fake) Pool() callvault.Pool {
	return callvault.Pool{InUse: 3, Idle: 2, Max: 9, Waits: 4, Waited: 1500 * time.Millisecond}
}
func (f *fake) Close() error { f.asked = []any{"Close"}; return f.err }

func (f *fake) Companies(ctx context.Context) ([]string, error) {
	return f.names, f.ask(ctx, "Companies")
}
func (f *fake) MakeCompany(ctx context.Context, name string) (bool, error) {
	return true, f.ask(ctx, "MakeCompany", name)
}
func (f *fake) AddKey(ctx context.Context, key callvault.Key) error { return f.ask(ctx, "AddKey", key) }
func (f *fake) RevokeKey(ctx context.Context, company, id string, at time.Time) error {
	return f.ask(ctx, "RevokeKey", company, id, at)
}
func (f *fake) Keys(ctx context.Context, known callvault.KeysVersion) ([]callvault.Key, callvault.KeysVersion, error) {
	return []callvault.Key{{ID: "K"}}, callvault.KeysVersion{12}, f.ask(ctx, "Keys", known)
}
func (f *fake) Size(ctx context.Context) (int64, error) { return 1, f.ask(ctx, "Size") }

func (f *fake) Identity(ctx context.Context) (string, error) {
	return "this one", f.ask(ctx, "Identity")
}
func (f *fake) UseKey(ctx context.Context, company, id string, at time.Time) error {
	return f.ask(ctx, "UseKey", company, id, at)
}
func (f *fake) Adopt(ctx context.Context, company string, timelines []callvault.Timeline) error {
	return f.ask(ctx, "Adopt", company, timelines)
}
func (f *fake) AdoptMirror(ctx context.Context, company string, from callvault.MirrorReads) error {
	return f.ask(ctx, "AdoptMirror", company, from)
}
func (f *fake) Fork(ctx context.Context) error { return f.ask(ctx, "Fork") }
func (f *fake) Salvage(ctx context.Context, company string, q callvault.Query, visit func(callvault.Record) error, damaged func(*callvault.DamageError)) error {
	return f.ask(ctx, "Salvage", company, q, visit != nil, damaged != nil)
}
func (f *fake) CursorSecret(ctx context.Context) ([]byte, error) {
	return []byte("secret"), f.ask(ctx, "CursorSecret")
}
func (f *fake) TakeQuota(ctx context.Context, day callvault.QuotaDay, n int) (int, error) {
	return 5, f.ask(ctx, "TakeQuota", day, n)
}
func (f *fake) ReturnQuota(ctx context.Context, day callvault.QuotaDay, n int) error {
	return f.ask(ctx, "ReturnQuota", day, n)
}
func (f *fake) TakeSecond(ctx context.Context, second callvault.QuotaSecond, n int) (int, time.Duration, error) {
	return 6, time.Minute, f.ask(ctx, "TakeSecond", second, n)
}
func (f *fake) Purge(ctx context.Context) error { return f.ask(ctx, "Purge") }
func (f *fake) Snapshot(ctx context.Context, _ func(callvault.Snapshot) error) error {
	return f.ask(ctx, "Snapshot")
}
func (f *fake) Load(ctx context.Context, company string, records []callvault.Record) error {
	return f.ask(ctx, "Load", company, records)
}
func (f *fake) Inherit(ctx context.Context, secret []byte, keys []callvault.Key) error {
	return f.ask(ctx, "Inherit", secret, keys)
}
func (f *fake) Empty(ctx context.Context) error                 { return f.ask(ctx, "Empty") }
func (f *fake) Check(ctx context.Context, _ func(string)) error { return f.ask(ctx, "Check") }
func (f *fake) Repair(ctx context.Context, accept callvault.Loss, _ func(string)) error {
	return f.ask(ctx, "Repair", accept)
}

type fakeMirror struct{ callvault.MirrorState }

type fakeCalls struct {
	*fake
	company string
}

func (f fakeCalls) Put(ctx context.Context, batch callvault.Batch) (callvault.PutResult, error) {
	return callvault.PutResult{Created: 1, Changed: 2, Unchanged: 3}, f.ask(ctx, "Put", f.company, batch)
}
func (f fakeCalls) Delete(ctx context.Context, ids []callvault.ID) (int, error) {
	return 7, f.ask(ctx, "Delete", f.company, ids)
}
func (f fakeCalls) DeleteFirst(ctx context.Context, q callvault.Query, limit int) (int, error) {
	return 8, f.ask(ctx, "DeleteFirst", f.company, q, limit)
}
func (f fakeCalls) Count(ctx context.Context, q callvault.Query) (int, error) {
	return 9, f.ask(ctx, "Count", f.company, q)
}
func (f fakeCalls) Scan(ctx context.Context, q callvault.Query, after callvault.Position, limit int, visit func(callvault.Record) error) error {
	return f.ask(ctx, "Scan", f.company, q, after, limit, visit != nil)
}
func (f fakeCalls) First(ctx context.Context, q callvault.Query, limit int, visit func(callvault.Record) error) (int, error) {
	return 10, f.ask(ctx, "First", f.company, q, limit, visit != nil)
}
func (f fakeCalls) View(ctx context.Context, q callvault.ViewQuery) (callvault.View, error) {
	return callvault.View{Number: 12}, f.ask(ctx, "View", f.company, q)
}
func (f fakeCalls) Latest(ctx context.Context) (int64, error) {
	return 11, f.ask(ctx, "Latest", f.company)
}
func (f fakeCalls) Changes(ctx context.Context, after int64, limit int, visit func(callvault.Record) error) error {
	return f.ask(ctx, "Changes", f.company, after, limit, visit != nil)
}
func (f fakeCalls) Get(ctx context.Context, ids []callvault.ID, visit func(callvault.Record) error) error {
	return f.ask(ctx, "Get", f.company, ids, visit != nil)
}
func (f fakeCalls) ScanBack(ctx context.Context, q callvault.Query, before callvault.Position, limit int, visit func(callvault.Record) error) error {
	return f.ask(ctx, "ScanBack", f.company, q, before, limit, visit != nil)
}
func (f fakeCalls) Names(ctx context.Context, field callvault.Field, visit func(callvault.Name) error) error {
	return f.ask(ctx, "Names", f.company, field, visit != nil)
}
func (f fakeCalls) Workspaces(ctx context.Context) ([]callvault.ID, error) {
	return nil, f.ask(ctx, "Workspaces", f.company)
}
func (f fakeCalls) Timelines(ctx context.Context) ([]callvault.Timeline, error) {
	return nil, f.ask(ctx, "Timelines", f.company)
}
func (f fakeCalls) CountRecords(ctx context.Context) (int, error) {
	return 0, f.ask(ctx, "CountRecords", f.company)
}

// fakeDirectory is users and workspaces of a fake.
type fakeDirectory struct {
	*fake
	company string
}

func (f fakeDirectory) Count(ctx context.Context, kind callvault.Kind) (int, error) {
	return 31, f.ask(ctx, "Directory.Count", f.company, kind)
}
func (f fakeDirectory) Get(ctx context.Context, kind callvault.Kind, ids []callvault.ID, visit func(callvault.Entry) error) error {
	return f.ask(ctx, "Directory.Get", f.company, kind, ids, visit != nil)
}
func (f fakeDirectory) Scan(ctx context.Context, kind callvault.Kind, after callvault.ID, limit int, visit func(callvault.Entry) error) error {
	return f.ask(ctx, "Directory.Scan", f.company, kind, after, limit, visit != nil)
}
func (f fakeDirectory) Put(ctx context.Context, kind callvault.Kind, entries []callvault.Entry) (callvault.PutResult, error) {
	return callvault.PutResult{Created: 32}, f.ask(ctx, "Directory.Put", f.company, kind, entries)
}
func (f fakeDirectory) Delete(ctx context.Context, kind callvault.Kind, ids []callvault.ID) (int, error) {
	return 33, f.ask(ctx, "Directory.Delete", f.company, kind, ids)
}

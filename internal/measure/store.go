package measure

import (
	"context"
	"time"

	"github.com/callvault/callvault"
)

// op is a method of callvault.Store or callvault.Calls that asks the engine for
// something.
type op int

const (
	opCompanies op = iota
	opMakeCompany
	opAddKey
	opRevokeKey
	opKeys
	opIdentity
	opCursorSecret
	opTakeQuota
	opReturnQuota
	opTakeSecond
	opPurge
	opSnapshot
	opLoad
	opSetCursorSecret
	opCheck
	opRepair
	opPut
	opDelete
	opDeleteFirst
	opCount
	opScan
	opFirst
	opLatest
	opChanges
)

// names are the operations as metrics and spans name them.
var names = [...]string{
	opCompanies:       "companies",
	opMakeCompany:     "make_company",
	opAddKey:          "add_key",
	opRevokeKey:       "revoke_key",
	opKeys:            "keys",
	opIdentity:        "identity",
	opCursorSecret:    "cursor_secret",
	opTakeQuota:       "take_quota",
	opReturnQuota:     "return_quota",
	opTakeSecond:      "take_second",
	opPurge:           "purge",
	opSnapshot:        "snapshot",
	opLoad:            "load",
	opSetCursorSecret: "set_cursor_secret",
	opCheck:           "check",
	opRepair:          "repair",
	opPut:             "put",
	opDelete:          "delete",
	opDeleteFirst:     "delete_first",
	opCount:           "count",
	opScan:            "scan",
	opFirst:           "first",
	opLatest:          "latest",
	opChanges:         "changes",
}

// measured is a store whose operations are measured. Those that it does not name ask
// no engine.
type measured struct {
	callvault.Store
	meter *meter
}

func (m measured) Calls(company string) callvault.Calls {
	return measuredCalls{m.Store.Calls(company), m.meter}
}

func (m measured) Companies(ctx context.Context) (names []string, err error) {
	ctx, o := m.meter.begin(ctx, opCompanies)
	defer o.end(ctx, &err)
	return m.Store.Companies(ctx)
}

func (m measured) MakeCompany(ctx context.Context, name string) (made bool, err error) {
	ctx, o := m.meter.begin(ctx, opMakeCompany)
	defer o.end(ctx, &err)
	return m.Store.MakeCompany(ctx, name)
}

func (m measured) AddKey(ctx context.Context, key callvault.Key) (err error) {
	ctx, o := m.meter.begin(ctx, opAddKey)
	defer o.end(ctx, &err)
	return m.Store.AddKey(ctx, key)
}

func (m measured) RevokeKey(ctx context.Context, company, id string, at time.Time) (err error) {
	ctx, o := m.meter.begin(ctx, opRevokeKey)
	defer o.end(ctx, &err)
	return m.Store.RevokeKey(ctx, company, id, at)
}

func (m measured) Keys(ctx context.Context, known callvault.KeysVersion) (keys []callvault.Key, latest callvault.KeysVersion, err error) {
	ctx, o := m.meter.begin(ctx, opKeys)
	defer o.end(ctx, &err)
	return m.Store.Keys(ctx, known)
}

func (m measured) Identity(ctx context.Context) (text string, err error) {
	ctx, o := m.meter.begin(ctx, opIdentity)
	defer o.end(ctx, &err)
	return m.Store.Identity(ctx)
}

func (m measured) CursorSecret(ctx context.Context) (secret []byte, err error) {
	ctx, o := m.meter.begin(ctx, opCursorSecret)
	defer o.end(ctx, &err)
	return m.Store.CursorSecret(ctx)
}

func (m measured) TakeQuota(ctx context.Context, day callvault.QuotaDay, n int) (taken int, err error) {
	ctx, o := m.meter.begin(ctx, opTakeQuota)
	defer o.end(ctx, &err)
	return m.Store.TakeQuota(ctx, day, n)
}

func (m measured) ReturnQuota(ctx context.Context, day callvault.QuotaDay, n int) (err error) {
	ctx, o := m.meter.begin(ctx, opReturnQuota)
	defer o.end(ctx, &err)
	return m.Store.ReturnQuota(ctx, day, n)
}

func (m measured) TakeSecond(ctx context.Context, second callvault.QuotaSecond, n int) (taken int, wait time.Duration, err error) {
	ctx, o := m.meter.begin(ctx, opTakeSecond)
	defer o.end(ctx, &err)
	return m.Store.TakeSecond(ctx, second, n)
}

func (m measured) Purge(ctx context.Context) (err error) {
	ctx, o := m.meter.begin(ctx, opPurge)
	defer o.end(ctx, &err)
	return m.Store.Purge(ctx)
}

func (m measured) Snapshot(ctx context.Context, f func(callvault.Snapshot) error) (err error) {
	ctx, o := m.meter.begin(ctx, opSnapshot)
	defer o.end(ctx, &err)
	return m.Store.Snapshot(ctx, f)
}

func (m measured) Load(ctx context.Context, company string, records []callvault.Record) (err error) {
	ctx, o := m.meter.begin(ctx, opLoad)
	defer o.end(ctx, &err)
	return m.Store.Load(ctx, company, records)
}

func (m measured) SetCursorSecret(ctx context.Context, secret []byte) (err error) {
	ctx, o := m.meter.begin(ctx, opSetCursorSecret)
	defer o.end(ctx, &err)
	return m.Store.SetCursorSecret(ctx, secret)
}

func (m measured) Check(ctx context.Context, report func(difference string)) (err error) {
	ctx, o := m.meter.begin(ctx, opCheck)
	defer o.end(ctx, &err)
	return m.Store.Check(ctx, report)
}

func (m measured) Repair(ctx context.Context, report func(done string)) (err error) {
	ctx, o := m.meter.begin(ctx, opRepair)
	defer o.end(ctx, &err)
	return m.Store.Repair(ctx, report)
}

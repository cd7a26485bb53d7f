package storetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func companyLaws() []law {
	return []law{
		{"companies never mix", companiesNeverMix},
		{"companies are listed by name", companiesAreListedByName},
		{"a company is made on first use", companyIsMadeOnFirstUse},
		{"names that are none are refused", namesThatAreNoneAreRefused},
	}
}

// The calls of a company are out of reach for every other, though their ids,
// times and workspaces are the same.
func companiesNeverMix(t *testing.T, open Open) {
	store := open(t)
	of := map[string][]callvault.Call{}
	companies := []string{acme, other, "Acme", "acme-2"}
	for _, company := range companies {
		for i := range 20 {
			at := day + callvault.Time(i/2)*hour
			of[company] = append(of[company], Sample{ID: numbers()[i], Time: at, Workspace: "7", Title: company}.Call(t))
		}
		put(t, store.Calls(company), of[company]...)
	}
	check := func() {
		t.Helper()
		for _, company := range companies {
			calls := store.Calls(company)
			holds(t, calls, of[company]...)
			for _, q := range []callvault.Query{in(t, "7"), between(day, day+3*hour), {Range: callvault.Range{From: day - 100*hour, To: day + 3*hour}, Workspace: ID(t, "7")}} {
				var got []row
				want := rows(of[company], q)
				total, err := calls.First(t.Context(), q, -1, keep(&got))
				if err != nil || total != len(want) {
					t.Errorf("%s: %s counts %d calls, %v, want %d", company, describe(q), total, err, len(want))
				}
				same(t, company, got, want)
			}
			for _, c := range changes(t, calls) {
				there := slices.ContainsFunc(of[company], func(w callvault.Call) bool { return w.ID == c.ID })
				if c.Deleted == there {
					t.Errorf("%s: call %s is there: %t, its change says otherwise", company, c.ID, there)
				}
			}
		}
	}
	check()
	remove(t, store.Calls(acme), numbers()[3], numbers()[4])
	of[acme] = slices.Delete(of[acme], 3, 5)
	check()
	if n, err := store.Calls(other).DeleteFirst(t.Context(), in(t, "7"), 6); n != 6 || err != nil {
		t.Errorf("deleted %d calls, %v, want 6", n, err)
	}
	of[other] = matching(of[other], all())[6:]
	check()
	of["Acme"][0] = Sample{ID: numbers()[0], Time: day - 50*hour, Workspace: "8"}.Call(t)
	put(t, store.Calls("Acme"), of["Acme"]...)
	check()
	if n, err := store.Calls("acme-2").DeleteFirst(t.Context(), all(), -1); n != 20 || err != nil {
		t.Errorf("deleted %d calls, %v, want 20", n, err)
	}
	of["acme-2"] = nil
	check()
}

// names are the companies of a store.
func names(t testing.TB, store callvault.Store) []string {
	t.Helper()
	names, err := store.Companies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Companies are listed by name, byte by byte; case counts. MakeCompany tells
// whether it made one.
func companiesAreListedByName(t *testing.T, open Open) {
	store := open(t)
	same(t, "companies", names(t, store), nil)
	want := []string{"b", "B", "a", "a.b", "a-b", "a_b", "ab", "0", "10", "9", "Zebra", "zebra", strings.Repeat("n", 64)}
	for _, name := range want {
		for _, wantMade := range []bool{true, false} {
			if made, err := store.MakeCompany(t.Context(), name); made != wantMade || err != nil {
				t.Errorf("MakeCompany(%q): made is %t, %v, want %t", name, made, err, wantMade)
			}
		}
	}
	slices.Sort(want)
	same(t, "companies", names(t, store), want)
	same(t, "companies", names(t, open(t)), want)
}

// A put and a new key make their company; a question, or a change of what is
// not there, does not.
func companyIsMadeOnFirstUse(t *testing.T, open Open) {
	store := open(t)
	calls := store.Calls("asked")
	holds(t, calls)
	remove(t, calls, "1")
	same(t, "changes", changes(t, calls), nil)
	for _, ask := range []func(ctx context.Context) error{
		func(ctx context.Context) error { _, err := calls.DeleteFirst(ctx, all(), -1); return err },
		func(ctx context.Context) error { _, err := calls.First(ctx, all(), -1, keep(new([]row))); return err },
		func(ctx context.Context) error {
			return store.ReturnQuota(ctx, callvault.QuotaDay{Company: "asked", Day: 20_000, Limit: 10}, 1)
		},
	} {
		if err := ask(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := store.RevokeKey(t.Context(), "asked", "K", time.Unix(0, 0)); err == nil {
		t.Error("a key of no company was revoked")
	}
	same(t, "companies", names(t, store), nil)

	put(t, store.Calls("put"), Sample{ID: "1", Time: day}.Call(t))
	addKeys(t, store, callvault.Key{ID: "K", Kind: callvault.BasicKey, Company: "key", Created: day.UTC()})
	same(t, "companies", names(t, store), []string{"key", "put"})
	if made, err := store.MakeCompany(t.Context(), "put"); made || err != nil {
		t.Errorf("a company that has calls was made: %t, %v", made, err)
	}
	holds(t, calls)
	put(t, calls, Sample{ID: "1", Time: day}.Call(t))
	holds(t, calls, Sample{ID: "1", Time: day}.Call(t))
	same(t, "companies", names(t, open(t)), []string{"asked", "key", "put"})
}

// Nothing is made under a name that CheckCompany refuses.
func namesThatAreNoneAreRefused(t *testing.T, open Open) {
	store := open(t)
	for _, name := range []string{"", " ", "a b", "-a", ".a", "_a", "a/b", "a\x00b", "a\n", "é", "a;b", "a'b", strings.Repeat("n", 65)} {
		if callvault.CheckCompany(name) == nil {
			t.Fatalf("CheckCompany accepts %q", name)
		}
		if made, err := store.MakeCompany(t.Context(), name); made || err == nil {
			t.Errorf("MakeCompany(%q): made is %t, %v", name, made, err)
		}
		if _, err := store.Calls(name).Put(t.Context(), callvault.NewBatch(fifty(t))); err == nil {
			t.Errorf("company %q took calls", name)
		}
		if err := store.AddKey(t.Context(), callvault.Key{ID: "K", Kind: callvault.BasicKey, Company: name, Created: day.UTC()}); err == nil {
			t.Errorf("company %q took a key", name)
		}
	}
	same(t, "companies", names(t, store), nil)
	keys, version, err := store.Keys(t.Context(), callvault.KeysVersion{})
	if err != nil || len(keys) > 0 {
		t.Errorf("%d keys at version %x, %v, want none", len(keys), version, err)
	}
}

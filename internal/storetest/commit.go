package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

// A commit takes the numbers, and leaves the counts and names, of a put and a delete of the
// same.
func commitIsPutAndDelete(t *testing.T, open Open) {
	store := open(t)
	m, random := store.Mirror(acme), rand.New(rand.NewPCG(13, 14))
	lease := takeLease(t, m)
	for range 25 {
		var batch []callvault.Call
		for range random.IntN(30) {
			batch = append(batch, Sample{
				ID: fmt.Sprint(random.IntN(60)), Time: day + callvault.Time(random.IntN(9))*hour, Title: fmt.Sprint(random.IntN(3)),
				Workspace: []string{"", "7", "70"}[random.IntN(3)], Host: fmt.Sprint(random.IntN(4)),
			}.Call(t))
		}
		var gone []callvault.ID
		for range random.IntN(6) {
			gone = append(gone, ID(t, fmt.Sprint(random.IntN(60))))
		}
		got := commit(t, m, lease, callvault.MirrorChange{Calls: callvault.NewBatch(slices.Clone(batch)), Delete: gone})
		same(t, "result", got, put(t, store.Calls(other), batch...))
		if _, err := store.Calls(other).Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		same(t, "records", records(t, store, acme, 0), records(t, store, other, 0))
		var there []callvault.Call
		for _, r := range records(t, store, other, 0) {
			if !r.Deleted {
				there = append(there, r.Call)
			}
		}
		wantNames(t, store.Calls(acme), there)
		if t.Failed() {
			return
		}
	}
	same(t, "apart", apart(t, m), nil)
	wantSound(t, store)
}

// A commit whose context ends while it writes is there whole or not at all, and whole when
// Commit said so.
func commitIsAllOrNone(t *testing.T, open Open) {
	store := open(t)
	m := store.Mirror(acme)
	lease := takeLease(t, m)
	before, after := beforeAndAfter(t)
	ids := make([]callvault.ID, len(after))
	for i := range after {
		ids[i] = after[i].ID
	}
	users := map[callvault.Kind][]callvault.Entry{callvault.Users: {entry(t, callvault.Users, "1", "Ada")}}
	back := callvault.MirrorChange{
		Calls: callvault.NewBatch(slices.Clone(before)), Delete: ids[len(before):], Entries: users,
		Values: map[string][]byte{"a": []byte("1"), "b": nil},
	}
	forth := callvault.MirrorChange{
		Calls: callvault.NewBatch(slices.Clone(after)), Delete: ids[:20], Keep: ids[20:40], Strange: map[callvault.ID]callvault.Time{ids[90]: day},
		Entries: map[callvault.Kind][]callvault.Entry{callvault.Users: nil}, Values: map[string][]byte{"a": nil, "b": []byte("2")},
	}
	commit(t, m, lease, forth)
	whole := state(t, store)
	commit(t, m, lease, back)
	none := state(t, store)
	const cuts = 16
	var took time.Duration
	for i := range cuts {
		ctx, cancel := context.WithTimeout(t.Context(), took*time.Duration(i)/(cuts-2))
		if i == 0 {
			ctx = t.Context()
		}
		begun := time.Now()
		_, err := m.Commit(ctx, lease, forth)
		if i == 0 {
			took = time.Since(begun)
		}
		cancel()
		got := state(t, store)
		if err == nil || len(got.Calls) == len(whole.Calls) {
			same(t, fmt.Sprintf("after %v", err), got, whole)
		} else {
			same(t, fmt.Sprintf("after %v", err), got, none)
		}
		if t.Failed() {
			return
		}
		commit(t, m, lease, back)
	}
	wantSound(t, store)
}

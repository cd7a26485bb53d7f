package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/callvault/callvault"
)

// Rows that are read in parts are those of one read, until a visit has enough, which stops no
// read. Another error of a visit does.
func TestInParts(t *testing.T) {
	boo := errors.New("boo")
	for _, tt := range []struct {
		rows, last         int // the row whose visit returns an error
		err                error
		visits, readAtMost int
	}{
		{0, -1, nil, 0, 0}, {127, -1, nil, 127, 127}, {128, -1, nil, 128, 128}, {1000, -1, nil, 1000, 1000},
		{1000, 0, errEnough, 1, 128}, {1000, 127, errEnough, 128, 128}, {1000, 128, errEnough, 129, 384}, {300, 299, errEnough, 300, 300},
		{1000, 5, boo, 6, 6}, {1000, 500, boo, 501, 501},
	} {
		visits, next, read := 0, 0, 0
		var stopped error
		err := inParts(func(row int) error {
			if row != visits {
				t.Fatalf("%+v: row %d is visited after %d", tt, row, visits)
			}
			if visits++; row == tt.last {
				return tt.err
			}
			return nil
		}, func(limit int, visit func(int) error) error {
			for ; limit > 0 && next < tt.rows; limit-- {
				read++
				next++
				if stopped = visit(next - 1); stopped != nil {
					return stopped
				}
			}
			return nil
		})
		if err != tt.err || visits != tt.visits || read > tt.readAtMost || stopped == errEnough {
			t.Errorf("%+v: %v after %d visits of %d rows; stopped by %v", tt, err, visits, read, stopped)
		}
	}
}

// TestUsersAreComplete: the pages of a walk through users put together are the imported ones
// and the distinct hosts of calls that are numbers, in the order of the numbers, each once, and
// each page says how many there are. Each is found by its id too.
func TestUsersAreComplete(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := newServer(t, Config{PageSize: 1 + random.IntN(5)})
		want := make(map[string]bool)
		for i := range random.IntN(30) {
			user := fmt.Sprint(random.IntN(40))
			if random.IntN(5) == 0 {
				user = []string{"", "x", "12a", "123456789012345678901"}[random.IntN(4)]
			} else {
				want[user] = true
				user = strings.Repeat("0", random.IntN(3)) + user
			}
			input{id: fmt.Sprint(i), at: randomInstant(random), user: user}.put(t, s)
		}
		for range random.IntN(15) {
			user := fmt.Sprint(random.IntN(40))
			want[user] = true
			of := directoryOf{"acme", callvault.Users}
			s.store.entries[of] = slices.DeleteFunc(s.store.entries[of], func(e callvault.Entry) bool { return e.ID.String() == user })
			s.store.entries[of] = append(s.store.entries[of], callvault.Entry{ID: mustID(t, user), Document: []byte(`{"id":"` + user + `","imported":true}`)})
		}
		var got []string
		for cursor := ""; ; {
			w := s.get("/v2/users?cursor=" + url.QueryEscape(cursor))
			wantStatus(t, w, http.StatusOK)
			var page struct {
				Records struct {
					TotalRecords, CurrentPageSize int
					Cursor                        string
				}
				Users []struct {
					ID       string
					Imported bool
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
				t.Fatal(err)
			}
			if page.Records.TotalRecords != len(want) || page.Records.CurrentPageSize != len(page.Users) {
				t.Fatalf("seed %d: %s of %d users", seed, w.Body, len(want))
			}
			for _, user := range page.Users {
				got = append(got, user.ID)
				isImported := slices.ContainsFunc(s.store.entries[directoryOf{"acme", callvault.Users}], func(e callvault.Entry) bool { return e.ID.String() == user.ID })
				if user.Imported != isImported {
					t.Fatalf("seed %d: %s", seed, w.Body)
				}
				wantStatus(t, s.get("/v2/users/"+user.ID), http.StatusOK)
			}
			if cursor = page.Records.Cursor; cursor == "" {
				break
			}
		}
		ids := inOrder(t, want)
		if diff := cmp.Diff(ids, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
		if s.store.stopped > 0 {
			t.Fatalf("seed %d: %d reads were stopped", seed, s.store.stopped)
		}
		s.log.Reset()
	}
}

// inOrder are ids as numbers.
func inOrder(t *testing.T, ids map[string]bool) []string {
	return slices.SortedFunc(maps.Keys(ids), func(a, b string) int { return mustID(t, a).Compare(mustID(t, b)) })
}

// TestWorkspacesAreComplete: the workspaces are the distinct ones of the calls and those that
// were imported, in the order of the numbers.
func TestWorkspacesAreComplete(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 2))
		s := newServer(t, Config{})
		want := make(map[string]bool)
		for i := range random.IntN(30) {
			in := input{id: fmt.Sprint(i), at: randomInstant(random), workspace: []string{"", fmt.Sprint(random.IntN(2000))}[random.IntN(2)]}
			if in.put(t, s); in.workspace != "" {
				want[in.workspace] = true
			}
		}
		for i := range random.IntN(5) {
			id := fmt.Sprint(500 * i)
			want[id] = true
			of := directoryOf{"acme", callvault.Workspaces}
			s.store.entries[of] = append(s.store.entries[of], callvault.Entry{ID: mustID(t, id), Document: []byte(`{"id":"` + id + `"}`)})
		}
		var got struct{ Workspaces []struct{ ID string } }
		if err := json.Unmarshal(s.get("/v2/workspaces").Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, w := range got.Workspaces {
			ids = append(ids, w.ID)
		}
		if diff := cmp.Diff(inOrder(t, want), ids, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

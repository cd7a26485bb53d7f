package api

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault"
)

// TestWalksAreComplete: whatever is stored and asked for, the pages of a walk
// put together are what a slow, obvious filter over the input gives, in order,
// each call once, and every page says how many there are.
func TestWalksAreComplete(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		s := newServer(t, Config{PageSize: 1 + random.IntN(12), OptionalDates: true})
		inputs := randomInputs(random)
		for _, in := range inputs {
			in.put(t, s)
		}
		s.put(t, "other", call(t, "5", 0, "7"), call(t, "6", 1, ""))
		for range 5 {
			q := randomQuery(random)
			want := q.filter(inputs)
			got := walkAll(t, s, q, random)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, %+v, page size %d (-want +got):\n%s", seed, q, s.config.PageSize, diff)
			}
			s.log.Reset()
		}
	}
}

// input is a call as the test knows it: nothing of it is a type of ours.
type input struct {
	id        string // may have leading zeros
	at        time.Time
	workspace string
	user      string
}

func (in input) document() string {
	return fmt.Sprintf(`{"id":"%s","primaryUserId":%q}`, in.number(), in.user)
}

func (in input) number() *big.Int {
	n, _ := new(big.Int).SetString(in.id, 10)
	return n
}

func (in input) put(t *testing.T, s *server) {
	c := callvault.Call{ID: mustID(t, in.id), Time: callvault.FloorTime(in.at), Document: []byte(in.document())}
	if in.workspace != "" {
		c.Workspace = mustID(t, in.workspace)
	}
	s.put(t, "acme", c)
}

// randomInputs are few, close together in time and full of ties.
func randomInputs(random *rand.Rand) []input {
	var inputs []input
	seen := make(map[string]bool)
	for range random.IntN(60) {
		in := input{
			id:        fmt.Sprint(random.Uint64() >> random.IntN(64)),
			at:        randomInstant(random),
			workspace: []string{"", "7", "8", "77777777777777777777"}[random.IntN(4)],
			user:      []string{"1", "2", `a"b`}[random.IntN(3)],
		}
		if random.IntN(10) == 0 {
			in.id = fmt.Sprint(1+random.IntN(9)) + strings.Repeat(fmt.Sprint(random.IntN(10)), 19)
		}
		if !seen[in.id] {
			seen[in.id] = true
			inputs = append(inputs, in)
		}
	}
	return inputs
}

// randomInstant is one of a few nanoseconds about a few seconds.
func randomInstant(random *rand.Rand) time.Time {
	return noon.Add(time.Duration(random.IntN(4))*time.Second + time.Duration(random.IntN(3))*time.Microsecond).Add(time.Duration(random.IntN(3)-1) * time.Nanosecond)
}

type query struct {
	from, to  time.Time // zero: not sent
	workspace string
	ids       []string // nil: not sent; may have leading zeros, repeat, and be unknown
	users     []string // nil: not sent
}

func randomQuery(random *rand.Rand) query {
	q := query{workspace: []string{"", "", "7", "8", "9"}[random.IntN(5)]}
	if random.IntN(4) > 0 {
		q.from = randomInstant(random)
	}
	if random.IntN(4) > 0 {
		q.to = randomInstant(random)
		if !q.from.IsZero() && !q.from.Before(q.to) {
			q.to = q.from.Add(time.Duration(random.IntN(5000)+1) * time.Nanosecond)
		}
	}
	return q
}

// filter is the slow, obvious one. A call is placed at its whole microsecond.
func (q query) filter(inputs []input) []string {
	var match []input
	for _, in := range inputs {
		at := in.at.Truncate(time.Microsecond)
		if !q.from.IsZero() && at.Before(q.from) || !q.to.IsZero() && !at.Before(q.to) {
			continue
		}
		if q.workspace != "" && q.workspace != in.workspace {
			continue
		}
		if q.ids != nil && !slices.ContainsFunc(q.ids, func(id string) bool { return input{id: id}.number().Cmp(in.number()) == 0 }) {
			continue
		}
		if q.users != nil && !slices.Contains(q.users, in.user) {
			continue
		}
		match = append(match, in)
	}
	slices.SortFunc(match, func(a, b input) int {
		if c := a.at.Truncate(time.Microsecond).Compare(b.at.Truncate(time.Microsecond)); c != 0 {
			return c
		}
		return a.number().Cmp(b.number())
	})
	documents := []string{}
	for _, in := range match {
		documents = append(documents, in.document())
	}
	return documents
}

func (q query) values() url.Values {
	values := make(url.Values)
	zones := []*time.Location{time.UTC, time.FixedZone("", -7*3600), time.FixedZone("", 2*3600)}
	if !q.from.IsZero() {
		values.Set("fromDateTime", q.from.In(zones[q.from.Nanosecond()%3]).Format(time.RFC3339Nano))
	}
	if !q.to.IsZero() {
		values.Set("toDateTime", q.to.In(zones[q.to.Nanosecond()%3]).Format(time.RFC3339Nano))
	}
	if q.workspace != "" {
		values.Set("workspaceId", q.workspace)
	}
	return values
}

// walkAll follows the cursors to the end, repeating some of the parameters or
// none, and checks what each page says of itself.
func walkAll(t *testing.T, s *server, q query, random *rand.Rand) []string {
	t.Helper()
	documents := []string{}
	values := q.values()
	for number := 0; ; number++ {
		w := s.get("/v2/calls?" + values.Encode())
		if number == 0 && w.Code == http.StatusNotFound {
			return documents
		}
		wantStatus(t, w, http.StatusOK)
		a := decode(t, w)
		for _, c := range a.Calls {
			documents = append(documents, string(c))
		}
		r := a.Records
		last := len(documents) == r.TotalRecords
		if r.CurrentPageNumber != number || r.CurrentPageSize != len(a.Calls) || len(a.Calls) == 0 ||
			last != (r.Cursor == "") || !last && len(a.Calls) != s.config.PageSize {
			t.Fatalf("page %d after %d calls: %+v", number, len(documents), r)
		}
		if last {
			return documents
		}
		values = q.values()
		for name := range values {
			if random.IntN(2) == 0 {
				values.Del(name)
			}
		}
		values.Set("cursor", r.Cursor)
	}
}

// By a body or by its id, a call is what the list has, and a body's walk is what a slow,
// obvious filter gives.
func TestRoutesAgree(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := newServer(t, Config{PageSize: 1 + random.IntN(12), OptionalDates: true, Log: discard})
		inputs := randomInputs(random)
		for _, in := range inputs {
			in.put(t, s)
		}
		s.put(t, "other", call(t, "5", 0, "7"), call(t, "6", 1, ""))
		for _, listed := range walkAll(t, s, query{}, random) {
			id := regexp.MustCompile(`^{"id":"(\d+)"`).FindStringSubmatch(listed)[1]
			if _, body, _ := strings.Cut(s.get("/v2/calls/"+id).Body.String(), `"call":`); body != listed+"}" {
				t.Errorf("seed %d: by its id %s is %s, in the list %s", seed, id, body, listed)
			}
		}
		for range 5 {
			q := randomQuery(random)
			if random.IntN(2) == 0 {
				q.ids = []string{"5", "123456"}
				for _, in := range inputs[:random.IntN(len(inputs)+1)] {
					q.ids = append(q.ids, "0"+in.id, in.id)
				}
				q.ids = slices.DeleteFunc(q.ids, func(id string) bool { return len(id) > 20 })
				random.Shuffle(len(q.ids), func(i, j int) { q.ids[i], q.ids[j] = q.ids[j], q.ids[i] })
			}
			if random.IntN(2) == 0 {
				q.users = [][]string{{"1"}, {`a"b`, "3"}, {"2", "1", "2"}}[random.IntN(3)]
			}
			want := q.filter(inputs)
			if diff := cmp.Diff(want, walkBodies(t, s, q, random)); diff != "" {
				t.Fatalf("seed %d, %+v, page size %d (-want +got):\n%s", seed, q, s.config.PageSize, diff)
			}
		}
		if s.store.stopped > 0 {
			t.Fatalf("seed %d: %d reads were stopped", seed, s.store.stopped)
		}
	}
}

// walkBodies follows the cursors of extensive and of transcript to the end, one or the
// other at random. A transcript stands for the document of its call.
func walkBodies(t *testing.T, s *server, q query, random *rand.Rand) []string {
	t.Helper()
	documents := []string{}
	filter := map[string]any{"callIds": q.ids, "primaryUserIds": q.users, "unknown": 1}
	for name, values := range q.values() {
		filter[name] = values[0]
	}
	body := map[string]any{"filter": filter, "cursor": nil}
	for number := 0; ; number++ {
		sent, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		w := s.do(post([]string{details, transcripts}[random.IntN(2)], string(sent)))
		if number == 0 && w.Code == http.StatusNotFound {
			return documents
		}
		wantStatus(t, w, http.StatusOK)
		var page struct {
			Records struct {
				TotalRecords, CurrentPageSize, CurrentPageNumber int
				Cursor                                           string
			}
			Calls           []struct{ MetaData json.RawMessage }
			CallTranscripts []struct{ CallID string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Calls {
			documents = append(documents, string(c.MetaData))
		}
		for _, c := range page.CallTranscripts {
			_, body, _ := strings.Cut(s.get("/v2/calls/"+c.CallID).Body.String(), `"call":`)
			documents = append(documents, strings.TrimSuffix(body, "}"))
		}
		r := page.Records
		if r.CurrentPageNumber != number || r.CurrentPageSize != len(page.Calls)+len(page.CallTranscripts) || (len(documents) == r.TotalRecords) != (r.Cursor == "") {
			t.Fatalf("page %d after %d calls: %+v", number, len(documents), r)
		}
		if r.Cursor == "" {
			return documents
		}
		for name := range q.values() {
			if random.IntN(2) == 0 {
				delete(filter, name)
			}
		}
		body["cursor"] = r.Cursor
	}
}

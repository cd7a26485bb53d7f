package program_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// record is a call as the contract describes it, as far as finding it goes.
// Times are texts, empty when unset.
type record struct {
	id, title, direction, scheduled, started, workspace string
}

// date is what the contract means by the date of a call: for web conferences
// the scheduled time, otherwise the start. It is kept to the microsecond.
func (r record) date() time.Time {
	text := r.started
	if r.direction == "Conference" && r.scheduled != "" || text == "" {
		text = r.scheduled
	}
	date, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err) // the tests made it
	}
	return date.Truncate(time.Microsecond)
}

// number is the id as it is ordered.
func (r record) number() *big.Int {
	n, ok := new(big.Int).SetString(r.id, 10)
	if !ok {
		panic(r.id)
	}
	return n
}

// value is a field as the wire has it.
func (r record) value(field string) string {
	text := map[string]string{
		"id": r.id, "title": r.title, "direction": r.direction,
		"scheduled": r.scheduled, "started": r.started, "workspaceId": r.workspace,
	}[field]
	if text == "" {
		return "null"
	}
	return strconv.Quote(text)
}

// document is the call as it is served.
func (r record) document() string {
	var members []string
	for _, field := range fields() {
		members = append(members, strconv.Quote(field)+":"+r.value(field))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// line is the call as a source may send it: keys in any order, unset ones
// missing or null, ids perhaps as JSON integers.
func (r record) line(random *rand.Rand) string {
	var members []string
	for _, field := range fields() {
		value := r.value(field)
		if value == "null" && random.IntN(2) == 0 {
			continue
		}
		if field == "id" && random.IntN(4) == 0 {
			value = r.id
		}
		members = append(members, fmt.Sprintf("%q: %s", field, value))
	}
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + strings.Join(members, " , ") + "}"
}

// spring is about when all random calls took place.
func spring() time.Time { return time.Date(2026, 3, 29, 0, 59, 59, 0, time.UTC) }

// randomRecords are calls with many ties in time, around midnights and
// offsets, with ids of every length.
func randomRecords(random *rand.Rand, count int) []record {
	var records []record
	seen := make(map[string]bool)
	for len(records) < count {
		r := record{
			id:        randomID(random),
			title:     fmt.Sprintf("call %d", len(records)),
			direction: []string{"Inbound", "Outbound", "Conference", "Conference", "Unknown", ""}[random.IntN(6)],
			workspace: []string{"", "7", "70", "99999999999999999999"}[random.IntN(4)],
		}
		switch random.IntN(4) {
		case 0:
			r.scheduled = randomTime(random)
		case 1:
			r.scheduled, r.started = randomTime(random), randomTime(random)
		default:
			r.started = randomTime(random)
		}
		if !seen[r.id] {
			seen[r.id] = true
			records = append(records, r)
		}
	}
	return records
}

// randomID has 1 to 20 digits, each length as often as any other.
func randomID(random *rand.Rand) string {
	digits := []byte{byte('1' + random.IntN(9))}
	for range random.IntN(20) {
		digits = append(digits, byte('0'+random.IntN(10)))
	}
	return string(digits)
}

// randomInstant is one of few, so that there are ties: some a nanosecond, some
// a microsecond, some a second, some a day apart.
func randomInstant(random *rand.Rand) time.Time {
	return spring().AddDate(0, 0, random.IntN(3)).Add(time.Duration(random.IntN(4))*time.Second +
		time.Duration(random.IntN(3))*time.Microsecond + time.Duration(random.IntN(3)-1)*time.Nanosecond)
}

func randomTime(random *rand.Rand) string {
	zones := []*time.Location{time.UTC, time.FixedZone("", -7*3600), time.FixedZone("", 5*3600+45*60), time.FixedZone("", 14*3600)}
	return randomInstant(random).In(zones[random.IntN(len(zones))]).Format(time.RFC3339Nano)
}

// question is what a client asks for; an empty text is not sent.
type question struct {
	from, to, workspace string
}

func randomQuestion(random *rand.Rand) question {
	q := question{workspace: []string{"", "", "", "7", "70", "99999999999999999999", "5"}[random.IntN(7)]}
	from, to := randomTime(random), randomTime(random)
	if random.IntN(5) > 0 {
		q.from = from
	}
	if random.IntN(5) > 0 {
		q.to = to
	}
	if q.from != "" && q.to != "" && !instant(q.from).Before(instant(q.to)) {
		q.to = instant(q.from).Add(time.Duration(1 + random.IntN(2e9))).Format(time.RFC3339Nano)
	}
	return q
}

func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func (q question) parameters() url.Values {
	parameters := make(url.Values)
	for name, value := range map[string]string{"fromDateTime": q.from, "toDateTime": q.to, "workspaceId": q.workspace} {
		if value != "" {
			parameters.Set(name, value)
		}
	}
	return parameters
}

// answer is the slow, obvious one: every call that matches, by date, then by
// the number that its id is.
func (q question) answer(records []record) (documents []string) {
	var match []record
	for _, r := range records {
		date := r.date()
		if q.from != "" && date.Before(instant(q.from)) || q.to != "" && !date.Before(instant(q.to)) {
			continue
		}
		if q.workspace == "" || q.workspace == r.workspace {
			match = append(match, r)
		}
	}
	slices.SortFunc(match, func(a, b record) int {
		if c := a.date().Compare(b.date()); c != 0 {
			return c
		}
		return a.number().Cmp(b.number())
	})
	for _, r := range match {
		documents = append(documents, r.document())
	}
	return documents
}

// idOf is the id of a document.
func idOf(document string) string {
	var call struct{ ID string }
	if err := json.Unmarshal([]byte(document), &call); err != nil {
		panic(err)
	}
	return call.ID
}

package callvault

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"github.com/callvault/callvault/gong"
)

// Facts are what is asked of many calls at once. Engines keep those of some sixty neighbours
// in one row: a record of 32 bytes for each, in the one order, and a line of its folded texts.
//
// A record is big-endian: 8 bytes of the time, 1 of the first two digits of the id and 8 of the
// others, 3 of the duration, 1 of direction, scope and privacy, 2 of the minutes that the call
// was late, and 3 for the numbers of host, workspace and system each, or 0. The line has the
// title and, behind a tab that no phrase passes, the clientUniqueId, unless nothing is left of
// it. These layouts and Fold are part of what stores keep: to change them is a migration.
const (
	recordSize = 32
	placeSize  = 17 // of time and id, whose bytes have the order of positions
	idAt       = 8

	durationAt = placeSize
	flagsAt    = durationAt + 3
	lateAt     = flagsAt + 1
	namesAt    = lateAt + 2
)

const (
	noDuration  = 1<<24 - 1
	tailed      = 1<<24 - 2 // duration and lateness stand behind the texts
	maxNumber   = 1<<24 - 1
	scopeShift  = 3
	privateFlag = 1 << 5
)

// tailForm is that of duration and lateness behind the texts and a zero byte. No word begins there.
const tailForm = "%d\x00%d"

// FactRow is a row of facts as engines keep it. Titles has a line for each record.
type FactRow struct {
	Start           Position // of the first call
	Records, Titles []byte
}

// place is a position as records begin with it.
type place [placeSize]byte

func placeOf(p Position) (b place) {
	binary.BigEndian.PutUint64(b[:], uint64(p.Time)^1<<63)
	if p.ID.IsZero() {
		return b
	}
	number := uint64(0)
	for _, digit := range p.ID[2:] {
		number = 10*number + uint64(digit-'0')
	}
	b[8] = 10*(p.ID[0]-'0') + p.ID[1] - '0'
	binary.BigEndian.PutUint64(b[9:], number)
	return b
}

func timeIn(record []byte) Time { return Time(binary.BigEndian.Uint64(record) ^ 1<<63) }

func positionIn(record []byte) Position {
	p := Position{Time: timeIn(record)}
	p.ID[0], p.ID[1] = '0'+record[8]/10, '0'+record[8]%10
	number := binary.BigEndian.Uint64(record[9:])
	for i := len(p.ID) - 1; i >= 2; i-- {
		p.ID[i] = '0' + byte(number%10)
		number /= 10
	}
	return p
}

func put24(b []byte, n int64) { b[0], b[1], b[2] = byte(n>>16), byte(n>>8), byte(n) }

func get24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// lengths are the duration of a record in seconds, or -1, and how many minutes late the call
// was. They are read in the record's line where they are too large for the record.
func lengths(record []byte, line func() []byte) (duration, late int64) {
	switch n := get24(record[durationAt:]); n {
	case noDuration:
		duration = -1
	case tailed:
		_, tail, _ := bytes.Cut(line(), []byte{0})
		_, _ = fmt.Sscanf(string(tail), tailForm, &duration, &late)
		return duration, late
	default:
		duration = int64(n)
	}
	return duration, int64(binary.BigEndian.Uint16(record[lateAt:]))
}

// members reads the values of a document in the order of its members, which is that of the
// contract. A member that is not where it should be is looked for.
type members struct {
	rest []byte
	next int
}

// The members of a document, as they stand before their values. Only texts and numbers stand
// before the last one that is read, and quotes in texts are escaped.
var memberNames = func() (names [][]byte) {
	for _, name := range gong.FieldNames() {
		names = append(names, []byte(`,"`+name+`":`))
	}
	return names
}()

// The members that facts are read from.
const (
	titleMember     = 2
	scheduledMember = 3
	startedMember   = 4
	durationMember  = 5
	hostsMember     = 6
	directionMember = 7
	systemsMember   = 8
	scopeMember     = 9
	clientIDMember  = 14
	privateMember   = 18
)

// value is the value of a member, or nil. Callers ask for members in their order.
func (m *members) value(member int) (value []byte) {
	for ; m.next <= member; m.next++ {
		name := memberNames[m.next]
		if !bytes.HasPrefix(m.rest, name) {
			_, rest, found := bytes.Cut(m.rest, name)
			if value = nil; !found {
				continue
			}
			m.rest = rest
		} else {
			m.rest = m.rest[len(name):]
		}
		end := len(textIn(m.rest)) + len(`""`)
		if len(m.rest) == 0 || m.rest[0] != '"' {
			end = max(0, bytes.IndexByte(m.rest, ','))
		}
		end = min(end, len(m.rest))
		value, m.rest = m.rest[:end], m.rest[end:]
	}
	return value
}

// appendFacts appends the line of a call to titles, and makes its record but for the names,
// which it returns. It never fails: malformed members count as null.
func appendFacts(titles []byte, c *Call) (record [recordSize]byte, names rawNames, _ []byte) {
	at := placeOf(c.Position())
	copy(record[:], at[:])
	in := members{c.Document, 1}
	if end := bytes.IndexByte(in.rest, ','); end >= 0 {
		in.rest = in.rest[end:] // the id has none
	}
	titles = AppendFold(titles, unquoted(textIn(in.value(titleMember))))
	scheduled, started := textIn(in.value(scheduledMember)), textIn(in.value(startedMember))
	duration, late := wholeIn(in.value(durationMember)), latenessIn(scheduled, started)
	names[Hosts] = cutName(textIn(in.value(hostsMember)))
	flags := codeOf(directionNames, textIn(in.value(directionMember)))
	names[Systems] = cutName(textIn(in.value(systemsMember)))
	flags |= codeOf(scopeNames, textIn(in.value(scopeMember))) << scopeShift
	if !c.Workspace.IsZero() {
		names[WorkspaceNames] = c.Workspace[:]
	}
	titles = appendClient(titles, textIn(in.value(clientIDMember)))
	if bytes.HasPrefix(in.value(privateMember), []byte("true")) {
		flags |= privateFlag
	}
	record[flagsAt] = flags
	if duration >= tailed || late > math.MaxUint16 {
		put24(record[durationAt:], tailed)
		titles = fmt.Appendf(append(titles, 0), tailForm, duration, late)
	} else {
		put24(record[durationAt:], duration&noDuration)
		binary.BigEndian.PutUint16(record[lateAt:], uint16(late))
	}
	return record, names, append(titles, '\n')
}

// The values of directions and scopes, by their codes; 0 is null.
var directionNames, scopeNames = codes(gong.Directions()), codes(gong.CallScopes())

func codes[T ~string](values []T) []string {
	names := []string{""}
	for _, value := range values {
		names = append(names, string(value))
	}
	return names
}

func codeOf(names []string, value []byte) byte {
	for code, name := range names {
		if name == string(value) {
			return byte(code)
		}
	}
	return 0
}

// wholeIn is the number that begins a part of a document, or -1.
func wholeIn(value []byte) int64 {
	end := 0
	for end < len(value) && '0' <= value[end] && value[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(string(value[:end]), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// latenessIn is how many whole minutes after a scheduled time another one is.
func latenessIn(scheduled, started []byte) int64 {
	if scheduled == nil || started == nil || bytes.Equal(scheduled, started) {
		return 0
	}
	const date, second = len("2006-01-02"), len("2006-01-02T15:04:05")
	if len(scheduled) == len(started) && len(started) > second && bytes.Equal(scheduled[:date], started[:date]) && bytes.Equal(scheduled[second:], started[second:]) {
		return max(0, (clockIn(started[date+1:])-clockIn(scheduled[date+1:]))/60) // of one day and one offset, as most are
	}
	from, err := gong.ParseTime(string(scheduled))
	if err != nil {
		return 0
	}
	to, err := gong.ParseTime(string(started))
	if err != nil {
		return 0
	}
	return max(0, int64(to.Instant().Sub(from.Instant())/time.Minute))
}

// clockIn is the second of the day that a time of day begins with.
func clockIn(clock []byte) (second int64) {
	for i := 0; i < len("15:04:05"); i += 3 {
		second = 60*second + int64(clock[i]-'0')*10 + int64(clock[i+1]-'0')
	}
	return second
}

// clientTab stands between the folded title and the folded clientUniqueId.
const clientTab = '\t'

// appendClient appends a tab and the folded clientUniqueId, as it stands in a document, to the
// title in front of it.
func appendClient(to, quoted []byte) []byte {
	if len(quoted) == 0 {
		return to
	}
	title := len(to)
	to = AppendFold(append(to, clientTab), cutClient(unquoted(quoted)))
	if len(to) == title+1 {
		return to[:title]
	}
	return to
}

// maxClient is how many bytes of a clientUniqueId are looked at, since some have 2,048 characters.
const maxClient = 200

// cutClient is the beginning of a clientUniqueId that words are looked for in.
func cutClient(client string) string {
	if len(client) <= maxClient {
		return client
	}
	end := maxClient
	for !utf8.RuneStart(client[end]) {
		end--
	}
	return client[:end]
}

// unquoted is the text that stands between quotes in a document.
func unquoted(text []byte) (s string) {
	if bytes.IndexByte(text, '\\') < 0 {
		return string(text)
	}
	if err := json.Unmarshal(slices.Concat([]byte{'"'}, text, []byte{'"'}), &s); err != nil {
		return string(text)
	}
	return s
}

// factExamination compares facts with the calls: by sums of digests in buckets of time, so that
// the two are read one after the other.
type factExamination struct {
	names  map[int64]NameKey
	calls  int
	last   []byte // the place of the last record
	sums   map[int64]uint64
	wrong  []string
	digest xxhash.Digest
	room   []byte
}

func newFactExamination() *factExamination {
	return &factExamination{names: make(map[int64]NameKey), sums: make(map[int64]uint64)}
}

// call takes a call.
func (e *factExamination) call(c *Call) {
	record, names, title := appendFacts(e.room[:0], c)
	e.room, e.calls = title, e.calls+1
	e.sums[bucketOf(c.Time)] += e.sum(record[:namesAt], title, names)
}

// row takes a row of facts that is not damaged, after the names.
func (e *factExamination) row(r *FactRow) {
	if len(r.Records) > recordSize && len(r.Records)+len(r.Titles) > maxFactRow {
		e.wrong = append(e.wrong, fmt.Sprintf("the row of facts from %s is too large", r.Start.Time))
	}
	records, titles := r.Records, r.Titles
	for len(records) > 0 {
		record := records[:recordSize]
		end := bytes.IndexByte(titles, '\n') + 1
		if bytes.Compare(e.last, record[:placeSize]) >= 0 {
			e.wrong = append(e.wrong, fmt.Sprintf("the facts of call %s are out of order", positionIn(record).ID))
		}
		e.last = append(e.last[:0], record[:placeSize]...)
		var names rawNames
		for field := range names {
			number := int64(get24(record[namesAt+3*field:]))
			key, known := e.names[number]
			if number > 0 && (!known || key.Field != Field(field)) {
				names[field] = []byte{0} // no name
			} else {
				names[field] = []byte(key.Name)
			}
		}
		e.sums[bucketOf(timeIn(record))] -= e.sum(record[:namesAt], titles[:end], names)
		records, titles = records[recordSize:], titles[end:]
	}
}

func bucketOf(t Time) int64 { return t.Buckets()[BucketLevels-1].Number }

// sum is a digest of what is kept of a call.
func (e *factExamination) sum(record, title []byte, names rawNames) uint64 {
	e.digest.Reset()
	e.digest.Write(record)
	for _, name := range names {
		writeNumber(&e.digest, int64(len(name)))
		e.digest.Write(name)
	}
	e.digest.Write(title)
	return e.digest.Sum64()
}

// compare reports where facts and calls differ.
func (e *factExamination) compare(report func(difference string)) {
	for _, wrong := range e.wrong {
		report(wrong)
	}
	for _, number := range slices.Sorted(maps.Keys(e.sums)) {
		if e.sums[number] != 0 {
			b := Bucket{BucketLevels - 1, number}
			report(fmt.Sprintf("the facts from %s to %s are not those of the calls", b.Start(), b.Start()+BucketWidth(b.Level)))
		}
	}
}

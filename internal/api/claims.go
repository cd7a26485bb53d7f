package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault"
)

// parseClaims reads what appendClaims wrote, to the byte, and nothing else.
func parseClaims(claims string) (cursor, bool) {
	c := cursor{query: callvault.Query{Range: callvault.AllTime}}
	r := claimReader{rest: claims, ok: true}
	r.expect(`{"callId":`)
	c.last.ID = r.id()
	r.expect(`,"total":`)
	c.total = int(r.integer())
	r.expect(`,"pageNumber":`)
	c.number = int(r.integer())
	r.expect(`,"pageSize":`)
	c.size = int(r.integer())
	r.expect(`,"time":"`)
	c.last.Time = r.time()
	r.expect(`","exp":`)
	c.expires = r.integer()
	r.expect(`,"company":"`)
	c.company = r.until('"')
	r.expect(`"`)
	if r.has(`,"from":`) {
		c.query.From = callvault.Time(r.integer())
	}
	if r.has(`,"to":`) {
		c.query.To = callvault.Time(r.integer())
	}
	if r.has(`,"workspaceId":"`) {
		c.query.Workspace = r.id()
		r.expect(`"`)
	}
	r.expect(`}`)
	if !r.ok || r.rest != "" || c.total < 0 || c.number < 0 || c.size < 1 || c.size > MaxPageSize {
		return cursor{}, false
	}
	// Numbers and times can be written in several ways; ours is one of them.
	var buf [maxCursor]byte
	return c, string(c.appendClaims(buf[:0])) == claims
}

// claimReader reads a text from its beginning. After the first thing that is
// not as it should be it is no longer ok, and what it returns means nothing.
type claimReader struct {
	rest string
	ok   bool
}

// has takes the text if it comes next.
func (r *claimReader) has(text string) bool {
	rest, found := strings.CutPrefix(r.rest, text)
	r.rest = rest
	return found
}

func (r *claimReader) expect(text string) { r.ok = r.has(text) && r.ok }

// until takes everything before the next stop, which must come.
func (r *claimReader) until(stop byte) string {
	i := strings.IndexByte(r.rest, stop)
	if i < 0 {
		r.ok = false
		return ""
	}
	text := r.rest[:i]
	r.rest = r.rest[i:]
	return text
}

// number takes digits, and a sign before them.
func (r *claimReader) number() string {
	end := 0
	for end < len(r.rest) && ('0' <= r.rest[end] && r.rest[end] <= '9' || r.rest[end] == '-' && end == 0) {
		end++
	}
	text := r.rest[:end]
	r.rest = r.rest[end:]
	return text
}

func (r *claimReader) integer() int64 {
	n, err := strconv.ParseInt(r.number(), 10, 64)
	r.ok = r.ok && err == nil
	return n
}

func (r *claimReader) id() callvault.ID {
	id, err := callvault.ParseID(r.number())
	r.ok = r.ok && err == nil
	return id
}

func (r *claimReader) time() callvault.Time {
	t, err := time.Parse(time.RFC3339Nano, r.until('"'))
	r.ok = r.ok && err == nil
	return callvault.FloorTime(t)
}

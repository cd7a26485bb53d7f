package api

import (
	"strconv"
	"time"

	"github.com/callvault/callvault"
)

// walk is a page that a client may ask for in its walk through the calls of a query. Its
// cursor names the page before.
type walk struct {
	callvault.PageQuery
	chosen  digest // of the calls that the query chooses among
	expires int64  // seconds since 1970
	company string
}

// appendCursor appends the cursor of the walk.
func (w *walk) appendCursor(dst []byte, cursors *sealer) []byte {
	var claims [maxCursor]byte
	return cursors.append(dst, w.appendClaims(claims[:0]))
}

// openWalk opens the cursor of a walk.
func openWalk(cursors *sealer, text string) (walk, error) {
	opened, err := cursors.open(text)
	if err != nil {
		return walk{}, err
	}
	w := parseWalk(claims(opened))
	// Claims that this server would write differently are not its own.
	var own [maxCursor]byte
	if string(w.appendClaims(own[:0])) != opened || !w.isSound() {
		return walk{}, errCursorUnread
	}
	return w, nil
}

// isSound reports whether the claims can belong to a page that was served.
func (w *walk) isSound() bool {
	return !w.After.ID.IsZero() && w.Total >= 0 && w.Number >= 1 && w.Size >= 1 && w.Size <= MaxPageSize
}

// appendClaims appends the claims: those of the wire in its order, then ours.
// Nothing needs escaping: see callvault.CheckCompany.
func (w *walk) appendClaims(dst []byte) []byte {
	dst = append(dst, `{"callId":`...)
	dst = w.After.ID.AppendTo(dst)
	dst = append(dst, `,"total":`...)
	dst = strconv.AppendInt(dst, int64(w.Total), 10)
	dst = append(dst, `,"pageNumber":`...)
	dst = strconv.AppendInt(dst, int64(w.Number-1), 10)
	dst = append(dst, `,"pageSize":`...)
	dst = strconv.AppendInt(dst, int64(w.Size), 10)
	dst = append(dst, `,"time":"`...)
	dst = w.After.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","exp":`...)
	dst = strconv.AppendInt(dst, w.expires, 10)
	dst = append(dst, `,"company":"`...)
	dst = append(dst, w.company...)
	dst = append(dst, '"')
	dst = appendRange(dst, w.Range)
	if !w.Workspace.IsZero() {
		dst = append(dst, `,"workspaceId":"`...)
		dst = w.Workspace.AppendTo(dst)
		dst = append(dst, '"')
	}
	if w.chosen != "" {
		dst = append(dst, `,"chosen":"`...)
		dst = append(dst, w.chosen...)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// parseWalk reads what appendClaims wrote.
func parseWalk(c claims) (w walk) {
	w.After.ID, _ = callvault.ParseID(c.text(`{"callId":`))
	w.Total = int(c.number(`,"total":`, 0))
	w.Number = int(c.number(`,"pageNumber":`, 0)) + 1
	w.Size = int(c.number(`,"pageSize":`, 0))
	last, _ := time.Parse(time.RFC3339Nano, c.text(`,"time":"`))
	w.After.Time = callvault.FloorTime(last)
	w.expires = c.number(`,"exp":`, 0)
	w.company = c.text(`,"company":"`)
	w.Range = c.readRange()
	w.Workspace, _ = callvault.ParseID(c.text(`,"workspaceId":"`))
	w.chosen = digest(c.text(`,"chosen":"`))
	return w
}

// appendRange appends the claims of the bounds that a range has.
func appendRange(dst []byte, r callvault.Range) []byte {
	if r.From != callvault.MinTime {
		dst = append(dst, `,"from":`...)
		dst = strconv.AppendInt(dst, int64(r.From), 10)
	}
	if r.To != callvault.MaxTime {
		dst = append(dst, `,"to":`...)
		dst = strconv.AppendInt(dst, int64(r.To), 10)
	}
	return dst
}

// readRange reads what appendRange wrote.
func (c *claims) readRange() (r callvault.Range) {
	r.From = callvault.Time(c.number(`,"from":`, int64(callvault.MinTime)))
	r.To = callvault.Time(c.number(`,"to":`, int64(callvault.MaxTime)))
	return r
}

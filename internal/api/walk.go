package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault"
)

// walk is a page that a client may ask for in its walk through the calls of a query, or
// through users who were created in its range. Its cursor names the page before.
type walk struct {
	callvault.PageQuery
	isOfUsers bool   // then After has no time
	chosen    digest // of what the query chooses among
	expires   int64  // seconds since 1970
	company   string
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
	if w.isOfUsers {
		dst = appendNumber(dst, `{"pageSize":`, int64(w.Size))
		dst = appendNumber(dst, `,"total":`, int64(w.Total))
		dst = appendNumber(dst, `,"pageNumber":`, int64(w.Number-1))
		dst = appendNumber(dst, `,"exp":`, w.expires)
		dst = w.After.ID.AppendTo(append(dst, `,"userId":`...))
	} else {
		dst = w.After.ID.AppendTo(append(dst, `{"callId":`...))
		dst = appendNumber(dst, `,"total":`, int64(w.Total))
		dst = appendNumber(dst, `,"pageNumber":`, int64(w.Number-1))
		dst = appendNumber(dst, `,"pageSize":`, int64(w.Size))
		dst = w.After.Time.UTC().AppendFormat(append(dst, `,"time":"`...), time.RFC3339Nano)
		dst = appendNumber(dst, `","exp":`, w.expires)
	}
	dst = append(dst, `,"company":"`...)
	dst = append(append(dst, w.company...), '"')
	if w.From != callvault.MinTime {
		dst = appendNumber(dst, `,"from":`, int64(w.From))
	}
	if w.To != callvault.MaxTime {
		dst = appendNumber(dst, `,"to":`, int64(w.To))
	}
	if !w.Workspace.IsZero() {
		dst = append(w.Workspace.AppendTo(append(dst, `,"workspaceId":"`...)), '"')
	}
	if w.chosen != "" {
		dst = append(dst, `,"chosen":"`...)
		dst = append(append(dst, w.chosen...), '"')
	}
	return append(dst, '}')
}

func appendNumber(dst []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(dst, name...), n, 10)
}

// parseWalk reads what appendClaims wrote.
func parseWalk(c claims) (w walk) {
	if w.isOfUsers = strings.HasPrefix(string(c), `{"pageSize":`); w.isOfUsers {
		w.Size = int(c.number(`{"pageSize":`, 0))
		w.Total = int(c.number(`,"total":`, 0))
		w.Number = int(c.number(`,"pageNumber":`, 0)) + 1
		w.expires = c.number(`,"exp":`, 0)
		w.After.ID, _ = callvault.ParseID(c.text(`,"userId":`))
	} else {
		w.After.ID, _ = callvault.ParseID(c.text(`{"callId":`))
		w.Total = int(c.number(`,"total":`, 0))
		w.Number = int(c.number(`,"pageNumber":`, 0)) + 1
		w.Size = int(c.number(`,"pageSize":`, 0))
		last, _ := time.Parse(time.RFC3339Nano, c.text(`,"time":"`))
		w.After.Time = callvault.FloorTime(last)
		w.expires = c.number(`,"exp":`, 0)
	}
	w.company = c.text(`,"company":"`)
	w.From = callvault.Time(c.number(`,"from":`, int64(callvault.MinTime)))
	w.To = callvault.Time(c.number(`,"to":`, int64(callvault.MaxTime)))
	w.Workspace, _ = callvault.ParseID(c.text(`,"workspaceId":"`))
	w.chosen = digest(c.text(`,"chosen":"`))
	return w
}

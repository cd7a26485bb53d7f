package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// userWalk is a page that a client may ask for in its walk through users. Its cursor names
// the page before.
type userWalk struct {
	callvault.Range // that users were created in
	callvault.Page  // whose Number is that of the page, and whose Size is the largest
	after           callvault.ID
	chosen          digest // of the ids that the users are chosen by
	expires         int64  // seconds since 1970
	company         string
}

// readUserWalk reads the parameters of a page of users.
func (h *Handler) readUserWalk(x *exchange, p *parameters, among digest) (userWalk, error) {
	w := userWalk{
		Range:   callvault.AllTime,
		Page:    callvault.Page{Size: h.config.PageSize},
		chosen:  among,
		expires: x.start.Add(h.config.CursorLife).Unix(),
		company: x.key.Company,
	}
	if text := p.values[cursorParameter]; text != "" && p.problems[cursorParameter] == "" {
		opened, err := h.openUserWalk(text)
		if err == nil {
			err = x.mayContinue(opened.company, opened.chosen, among, opened.expires)
		}
		if err != nil {
			p.refuseCursor(err)
		} else {
			w = opened
		}
	}
	readRange(p, &w.Range)
	return w, p.err()
}

// sendUsers answers with a page of users: all, or those with certain ids. Without any it is
// 200 and not 404, which fails syncs of clients (docs/wire.md).
func (h *Handler) sendUsers(ctx context.Context, x *exchange, p *parameters, ids []callvault.ID) error {
	var among *chosen
	if ids != nil {
		among = &chosen{ids: ids}
	}
	w, err := h.readUserWalk(x, p, among.digest())
	if err != nil {
		return err
	}
	place, err := h.bodies.Enter(ctx, x.key.Company)
	if err != nil {
		return fmt.Errorf("wait for the company's turn: %w", err)
	}
	defer place.Leave()
	body := newPageBody(appendDocument)
	defer body.release()
	page := callvault.Page{Total: w.Total, Number: w.Number}
	err = users.each(ctx, h.config.Store, x.key.Company, w.after, func(e *entry) error {
		if _, has := slices.BinarySearchFunc(ids, e.ID, callvault.ID.Compare); ids != nil && !has || !w.has(e) {
			return nil
		}
		if w.Number == 0 { // later pages have the total of the first
			page.Total++
		}
		if page.Size < w.Size {
			page.Size, w.after = page.Size+1, e.ID
			return body.add(e.Document)
		}
		page.More = true
		if w.Number > 0 {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return fmt.Errorf("list users: %w", err)
	}
	body.head = appendRecords(body.head, x.id, page)
	if page.More {
		w.Number, w.Total = page.Number+1, page.Total
		body.head = append(body.head, `,"cursor":"`...)
		var claims [maxCursor]byte
		body.head = h.cursors.append(body.head, w.appendClaims(claims[:0]))
		body.head = append(body.head, '"')
	}
	body.head = append(body.head, `},"users":[`...)
	body.calls = append(body.calls, "]}"...)
	place.Weigh(len(body.head)+len(body.calls), x.cutOff)
	return x.send(http.StatusOK, body.head, body.calls)
}

// has tells whether a user was created in the walk's range.
func (w *userWalk) has(e *entry) bool {
	if w.Range == callvault.AllTime {
		return true
	}
	created := e.first
	if !e.named {
		u, err := gong.ParseUser(e.Document)
		if err != nil || u.Created == nil {
			return false
		}
		created = callvault.FloorTime(u.Created.Instant())
	}
	return created >= w.From && created < w.To
}

// openUserWalk opens the cursor of a walk.
func (h *Handler) openUserWalk(text string) (userWalk, error) {
	opened, err := h.cursors.open(text)
	if err != nil {
		return userWalk{}, err
	}
	w := parseUserWalk(claims(opened))
	// Claims that this server would write differently are not its own.
	var own [maxCursor]byte
	if string(w.appendClaims(own[:0])) != opened || w.after.IsZero() || w.Total < 0 || w.Number < 1 || w.Size < 1 || w.Size > MaxPageSize {
		return userWalk{}, errCursorUnread
	}
	return w, nil
}

// appendClaims appends the claims: those of the wire in its order, then ours.
func (w *userWalk) appendClaims(dst []byte) []byte {
	dst = append(dst, `{"pageSize":`...)
	dst = strconv.AppendInt(dst, int64(w.Size), 10)
	dst = append(dst, `,"total":`...)
	dst = strconv.AppendInt(dst, int64(w.Total), 10)
	dst = append(dst, `,"pageNumber":`...)
	dst = strconv.AppendInt(dst, int64(w.Number-1), 10)
	dst = append(dst, `,"exp":`...)
	dst = strconv.AppendInt(dst, w.expires, 10)
	dst = append(dst, `,"userId":`...)
	dst = w.after.AppendTo(dst)
	dst = append(dst, `,"company":"`...)
	dst = append(dst, w.company...)
	dst = append(dst, '"')
	dst = appendRange(dst, w.Range)
	if w.chosen != "" {
		dst = append(dst, `,"chosen":"`...)
		dst = append(dst, w.chosen...)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// parseUserWalk reads what appendClaims wrote.
func parseUserWalk(c claims) (w userWalk) {
	w.Size = int(c.number(`{"pageSize":`, 0))
	w.Total = int(c.number(`,"total":`, 0))
	w.Number = int(c.number(`,"pageNumber":`, 0)) + 1
	w.expires = c.number(`,"exp":`, 0)
	w.after, _ = callvault.ParseID(c.text(`,"userId":`))
	w.company = c.text(`,"company":"`)
	w.Range = c.readRange()
	w.chosen = digest(c.text(`,"chosen":"`))
	return w
}

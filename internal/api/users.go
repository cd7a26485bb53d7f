package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

var users = entries{callvault.Users, callvault.Hosts, appendNamedUser}

// appendNamedUser appends the document of a user who is known as the host of calls. Texts that
// clients demand are empty and not null (docs/wire.md).
func appendNamedUser(dst []byte, id callvault.ID, first callvault.Time) []byte {
	none := []byte("[]")
	u := gong.User{
		ID: id.String(), EmailAddress: new(""), Created: new(gong.TimeOf(first.UTC())), Active: new(true), EmailAliases: none,
		FirstName: new(""), LastName: new(""), PersonalMeetingURLs: none, SpokenLanguages: none,
	}
	return u.AppendJSON(dst)
}

// The names of the parameters of a page of users, in a query and in a body. Those of a query
// that are empty are not sent.
var (
	userQueryNames = [parameterCount]string{cursorParameter: "cursor"}
	userBodyNames  = [parameterCount]string{"filter.createdFromDateTime", "filter.createdToDateTime", "", "cursor"}
)

// listUsers is GET /v2/users: one page of the users.
func (h *Handler) listUsers(ctx context.Context, x *exchange) error {
	p := parameters{names: &userQueryNames}
	p.parse(x.request.URL.RawQuery)
	return h.sendUsers(ctx, x, &p, nil)
}

// usersRequest is the body of POST /v2/users/extensive.
type usersRequest struct {
	Cursor string       `json:"cursor"`
	Filter *usersFilter `json:"filter"`
}

// usersFilter says which users are meant. What it names must all hold.
type usersFilter struct {
	CreatedFromDateTime string   `json:"createdFromDateTime"`
	CreatedToDateTime   string   `json:"createdToDateTime"`
	UserIDs             []string `json:"userIds"`
}

// listChosenUsers is POST /v2/users/extensive: one page of the users that a filter names.
func (h *Handler) listChosenUsers(ctx context.Context, x *exchange, body *usersRequest) error {
	if body.Filter == nil {
		return refuse(http.StatusBadRequest, "filter: "+gong.MustNotBeNull, "bad body: filter")
	}
	p := parameters{names: &userBodyNames}
	p.values = [parameterCount]string{body.Filter.CreatedFromDateTime, body.Filter.CreatedToDateTime, "", body.Cursor}
	return h.sendUsers(ctx, x, &p, p.ids("filter.userIds", body.Filter.UserIDs, maxUserIDs))
}

// getUser is GET /v2/users/{id}: one user.
func (h *Handler) getUser(ctx context.Context, x *exchange) error {
	body, err := h.newPageBody(ctx, x, appendDocument)
	if err != nil {
		return err
	}
	defer body.release()
	one := chosenEntries{ids: []callvault.ID{x.object}}
	err = users.each(ctx, h.config.Store, x.key.Company, one, func(e entry) error { return body.add(e.document()) })
	if err != nil {
		return fmt.Errorf("get a user: %w", err)
	}
	if len(body.calls) == 0 {
		return refuse(http.StatusNotFound, gong.UserNotFound(x.object.String()), "no such user")
	}
	return body.send(x, `","user":`, "}")
}

// sendUsers answers with a page of users: all, or those with certain ids. Without any it is
// 200 and not 404, which fails syncs of clients (docs/wire.md).
func (h *Handler) sendUsers(ctx context.Context, x *exchange, p *parameters, ids []callvault.ID) error {
	begun := walk{isOfUsers: true}
	if ids != nil {
		begun.chosen = (&chosen{ids: ids}).digest()
	}
	w := h.beginWalk(x, p, begun)
	readRange(p, &w.Range)
	if err := p.err(); err != nil {
		return err
	}
	body, err := h.newPageBody(ctx, x, appendDocument)
	if err != nil {
		return err
	}
	defer body.release()
	page := callvault.Page{Total: w.Total, Number: w.Number}
	err = users.each(ctx, h.config.Store, x.key.Company, chosenEntries{w.After.ID, ids}, func(e entry) error {
		if !e.wasCreatedIn(w.Range) {
			return nil
		}
		if w.Number == 0 { // later pages have the total of the first
			page.Total++
		}
		if page.Size < w.Size {
			page.Size, page.Last.ID = page.Size+1, e.ID
			return body.add(e.document())
		}
		page.More = true
		if w.Number > 0 {
			return errEnough
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list users: %w", err)
	}
	return h.finishPage(x, body, &w, page, "users")
}

// wasCreatedIn tells whether a user was created in a range.
func (e entry) wasCreatedIn(r callvault.Range) bool {
	if r == callvault.AllTime {
		return true
	}
	created := e.first
	if e.isImported {
		u, err := gong.ParseUser(e.Document)
		if err != nil || u.Created == nil {
			return false
		}
		created = callvault.FloorTime(u.Created.Instant())
	}
	return created >= r.From && created < r.To
}

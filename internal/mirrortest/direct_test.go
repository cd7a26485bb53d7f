package mirrortest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/mirror"
	"github.com/callvault/callvault/internal/upstream"
)

// direct lists the calls of a rig's world without HTTP and JSON, which halves the time of a long
// simulation. TestDirect holds that it answers as the server does.
type direct struct {
	mirror.Requests
	rig *rig
}

// listDirectly lets a rig's mirror list calls directly.
func (r *rig) listDirectly() { r.config.Requests = &direct{r.config.Requests, r} }

func (d *direct) List(_ context.Context, ask upstream.Ask) (page upstream.Page, err error) {
	d.rig.sends()
	d.rig.server.Do(func(w *demo.World) { page, err = d.list(w, ask) })
	return page, err
}

// list is a page of a world's calls. Its cursor has the total of the first page and the place
// of the last call.
func (d *direct) list(w *demo.World, ask upstream.Ask) (page upstream.Page, err error) {
	q := callvault.Query{Range: callvault.Range{From: callvault.FloorTime(ask.From), To: callvault.FloorTime(ask.To)}, Workspace: ask.Workspace}
	after := q.Start()
	page.Date = w.Now().Truncate(time.Second)
	if ask.Cursor == "" {
		page.Total = w.Total(q)
	} else {
		var id string
		if _, err := fmt.Sscan(ask.Cursor, &page.Total, &after.Time, &id); err != nil {
			return page, err
		}
		if after.ID, err = callvault.ParseID(id); err != nil {
			return page, err
		}
	}
	err = w.Scan(q, after, gong.PageSize+1, func(call callvault.Call) error {
		if len(page.Calls) == gong.PageSize {
			last := page.Calls[gong.PageSize-1]
			page.Cursor = fmt.Sprintf("%d %d %s", page.Total, last.Time, last.ID)
			return nil
		}
		page.Calls = append(page.Calls, call)
		return nil
	})
	return page, err
}

// Directly listed pages are those of the server.
func TestDirect(t *testing.T) {
	script := small(14)
	script.Workspaces, script.Tied, script.Rests = 2, 150, opens.Add(time.Minute)
	r := newRig(t, options{script: script, closed: true})
	wire := r.config.Requests
	r.listDirectly()
	workspace := r.workspace(r.someCalls(1)[0])
	for _, ask := range []upstream.Ask{
		{From: time.Unix(0, 0), To: opens.Add(day)},
		{From: opens.Add(-9 * day), To: opens.Add(-2*day + time.Millisecond)},
		{From: opens.Add(-9 * day), To: opens, Workspace: workspace},
		{From: opens.Add(90 * day), To: opens.Add(91 * day)},
	} {
		one, other := ask, ask
		for page, more := 0, true; more; page++ {
			got, err := r.config.Requests.List(t.Context(), one)
			if err != nil {
				t.Fatal(err)
			}
			want, err := wire.List(t.Context(), other)
			if err != nil {
				t.Fatal(err)
			}
			same := func(a, b callvault.Call) bool {
				return a.Time == b.Time && a.ID == b.ID && bytes.Equal(a.Document, b.Document)
			}
			late := want.Date.Sub(got.Date) > time.Second || want.Date.Before(got.Date)
			if got.Total != want.Total || (got.Cursor == "") != (want.Cursor == "") || late || !slices.EqualFunc(got.Calls, want.Calls, same) {
				t.Fatalf("page %d of %+v: %d calls of %d at %v, cursor %q\nwant %d of %d at %v, cursor %q", page, ask,
					len(got.Calls), got.Total, got.Date, got.Cursor, len(want.Calls), want.Total, want.Date, want.Cursor)
			}
			one.Cursor, other.Cursor, more = got.Cursor, want.Cursor, want.Cursor != ""
		}
	}
}

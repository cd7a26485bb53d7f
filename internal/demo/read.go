package demo

import (
	"iter"
	"strconv"

	"github.com/callvault/callvault"
)

// Total is what the upstream counts for a query: the calls that it lists, and those that it
// does not list yet.
func (w *World) Total(q callvault.Query) int {
	if n, ok := w.workspace(q.Workspace); ok {
		return w.listed.count(q.From, q.To, n) + w.counted.count(q.From, q.To, n)
	}
	return 0
}

// Unlisted is the part of Total that is not listed.
func (w *World) Unlisted(q callvault.Query) int {
	if n, ok := w.workspace(q.Workspace); ok {
		return w.counted.count(q.From, q.To, n)
	}
	return 0
}

// Scan visits the calls of a query that are listed after a position, up to limit of them (all
// if limit is negative). An error of visit ends it and is returned.
func (w *World) Scan(q callvault.Query, after callvault.Position, limit int, visit func(callvault.Call) error) (err error) {
	workspace, ok := w.workspace(q.Workspace)
	if !ok || limit == 0 {
		return nil
	}
	id, _ := strconv.ParseUint(after.ID.String(), 10, 64) // beyond its range the largest, which is right
	w.listed.from(after.Time, id, func(p place) bool {
		if p.at >= q.To {
			return false
		}
		if workspace != everyWorkspace && int(p.workspace) != workspace {
			return true
		}
		err = visit(w.document(p.call))
		limit--
		return err == nil && limit != 0
	})
	return err
}

// Call is the call with an id, if the key can see it.
func (w *World) Call(id callvault.ID) (callvault.Call, bool) {
	if n, ok := w.number(id); ok && w.calls[n].state == listing && !w.isHidden(n) {
		return w.document(n), true
	}
	return callvault.Call{}, false
}

// Has tells whether a call was listed and is not purged, even if the key can't see it now.
func (w *World) Has(id callvault.ID) bool {
	n, ok := w.number(id)
	return ok && w.calls[n].state == listing
}

// Calls are all calls that the key can see, in order.
func (w *World) Calls() iter.Seq[callvault.Call] {
	return func(yield func(callvault.Call) bool) {
		w.listed.from(callvault.MinTime, 0, func(p place) bool { return yield(w.document(p.call)) })
	}
}

// Entries are the users, who are the hosts of calls, or the workspaces.
func (w *World) Entries(kind callvault.Kind) []callvault.Entry {
	if kind == callvault.Users {
		return entries(kind, w.writer.generator.users, w.script.Opens)
	}
	return entries(kind, w.writer.workspaces, w.script.Opens)
}

// document is a call as it is listed now.
func (w *World) document(n uint32) callvault.Call {
	c := w.writer.call(n, &w.calls[n])
	call, err := callvault.AppendCall(nil, &c)
	if err != nil {
		panic(err) // the generator's own
	}
	return call
}

// workspace is the number of a workspace, everyWorkspace for the zero ID.
func (w *World) workspace(id callvault.ID) (n int, ok bool) {
	if id.IsZero() {
		return everyWorkspace, true
	}
	for n, digits := range w.writer.workspaces {
		if id.String() == digits {
			return n, true
		}
	}
	return 0, false
}

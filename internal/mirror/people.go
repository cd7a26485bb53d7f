package mirror

import (
	"context"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/budget"
	"github.com/callvault/callvault/internal/upstream"
)

// Users and workspaces are read at the first run and daily, where the key may read them.
const (
	peoplePeriod = 24 * time.Hour
	maxPages     = 1000 // of a list, which is more than any account has
)

// peopleState is what is kept of users and workspaces.
type peopleState struct {
	Read time.Time         `json:"read"` // by the upstream's clock; zero before the first
	Note map[string]string `json:"note"` // why a kind can't be read
}

func (m *Mirror) peopleDue() time.Time {
	if m.people.Read.IsZero() || m.whole.wants(budget.People) {
		return time.Time{}
	}
	return m.nextAfter(m.people.Read, peoplePeriod)
}

// readPeople reads both kinds. One that is refused or does not end is a note, and what is here of
// it stays.
func (t *thread) readPeople() error {
	now := t.up()
	note := make(map[string]string)
	for _, kind := range callvault.Kinds() {
		entries, err := t.entries(kind)
		if err != nil && err != errEndless && kindOf(err) != refusedOne && kindOf(err) != refusedAll {
			t.rest("people", time.Hour) // calls matter more
			return err
		}
		if err != nil {
			note[string(kind)] = upstream.Text(err)
			t.log.Info("the upstream does not show its "+string(kind), "error", upstream.Text(err))
			continue
		}
		if t.draft.entries == nil {
			t.draft.entries = make(map[callvault.Kind][]callvault.Entry)
		}
		t.draft.entries[kind] = entries
	}
	t.people = peopleState{now, note}
	t.keep("people", t.people)
	t.whole.done(budget.People)
	return nil
}

// errEndless is the error of a list that does not end.
var errEndless error = &gong.AnswerError{Host: "the upstream", Problem: "it has a cursor, and the list does not end", Wanted: "a list of users or workspaces"}

// entries are all entries of a kind.
func (t *thread) entries(kind callvault.Kind) (all []callvault.Entry, err error) {
	known := make(map[callvault.ID]bool)
	cursor := ""
	for range maxPages {
		var page upstream.Entries
		failed := t.ask(budget.People, func(ctx context.Context) (time.Time, error) {
			if kind == callvault.Users {
				page, err = t.config.Requests.Users(ctx, cursor)
			} else {
				page, err = t.config.Requests.Workspaces(ctx)
			}
			return page.Date, err
		})
		if failed != nil {
			return nil, failed
		}
		before := len(known)
		for _, entry := range page.Entries {
			known[entry.ID] = true
		}
		t.cannotKeep(page.Skipped)
		all = append(all, page.Entries...)
		if cursor = page.Cursor; cursor == "" {
			return all, nil
		}
		if len(known) == before {
			break
		}
	}
	return nil, errEndless
}

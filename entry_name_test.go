package callvault_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault"
)

// entries are the users and workspaces of a company. It counts its reads.
type entries struct {
	callvault.Entries
	kept  map[callvault.Kind][]callvault.Entry
	err   error
	reads int
}

func (e *entries) Get(_ context.Context, kind callvault.Kind, ids []callvault.ID, visit func(callvault.Entry) error) error {
	e.reads++
	for _, entry := range e.kept[kind] {
		if slices.Contains(ids, entry.ID) {
			if err := visit(entry); err != nil {
				return err
			}
		}
	}
	return e.err
}

func (e *entries) Scan(_ context.Context, kind callvault.Kind, _ callvault.ID, _ int, visit func(callvault.Entry) error) error {
	e.reads++
	for _, entry := range e.kept[kind] {
		if err := visit(entry); err != nil {
			return err
		}
	}
	return e.err
}

func someEntries(t *testing.T) *entries {
	t.Helper()
	e := &entries{kept: make(map[callvault.Kind][]callvault.Entry)}
	for kind, documents := range map[callvault.Kind][]string{
		callvault.Users: {
			`{"id":"1","firstName":"Ada","lastName":"Lovelace","emailAddress":"ada@example.com"}`, `{"id":"2","lastName":" Hopper\t"}`, `{"id":"3","firstName":"Grace","lastName":null}`,
			`{"id":"4","firstName":" ","lastName":"","emailAddress":" x@example.com "}`, `{"id":"5"}`, `{"id":"6","firstName":"","emailAddress":""}`,
		},
		callvault.Workspaces: {`{"id":"1","name":" Sales "}`, `{"id":"2","name":null,"description":"no name"}`, `{"id":"3","name":"Support"}`},
	} {
		for _, document := range documents {
			entry, err := callvault.ParseEntry(kind, []byte(document))
			if err != nil {
				t.Fatal(err)
			}
			e.kept[kind] = append(e.kept[kind], entry)
		}
	}
	return e
}

// A user is called by first and last name, or else by the address; a workspace by its name.
func TestEntryNames(t *testing.T) {
	e := someEntries(t)
	got, err := callvault.ReadEntryNames(t.Context(), e)
	want := map[callvault.Kind]map[string]string{
		callvault.Users:      {"1": "Ada Lovelace", "2": "Hopper", "3": "Grace", "4": "x@example.com"},
		callvault.Workspaces: {"1": "Sales", "3": "Support"},
	}
	if diff := cmp.Diff(want, got.All()); err != nil || diff != "" || e.reads != 2 {
		t.Errorf("%v, %d reads, %s", err, e.reads, diff)
	}
	if !got.Has(callvault.Users) || got.Of(callvault.Workspaces, "3") != "Support" || got.Of(callvault.Workspaces, "2") != "" || got.Of(callvault.Users, "01") != "Ada Lovelace" || got.Of(callvault.Users, "x") != "" {
		t.Errorf("%v", got)
	}
	if none := callvault.EntryNames(nil); none.Has(callvault.Users) || none.Of(callvault.Users, "1") != "" {
		t.Errorf("%v", none)
	}
	e.err = errors.New("disk on fire")
	if _, err := callvault.ReadEntryNames(t.Context(), e); !errors.Is(err, e.err) {
		t.Errorf("error %v", err)
	}
}

// Of calls only their own hosts and workspaces are read, each kind once, if there is any.
func TestNamesOfCalls(t *testing.T) {
	e := someEntries(t)
	got, err := callvault.ReadNamesOf(t.Context(), e,
		[]byte(`{"id":"1","primaryUserId":"1","workspaceId":null}`), []byte(`{"id":"2","primaryUserId":"1"}`), []byte(`{"id":"3","primaryUserId":"nobody"}`), []byte(`{"id":"4","primaryUserId":"5"}`))
	if diff := cmp.Diff(map[callvault.Kind]map[string]string{callvault.Users: {"1": "Ada Lovelace"}, callvault.Workspaces: {}}, got.All()); err != nil || diff != "" || e.reads != 1 {
		t.Errorf("%v, %d reads, %s", err, e.reads, diff)
	}
	if _, err := callvault.ReadNamesOf(t.Context(), e); err != nil || e.reads != 1 {
		t.Errorf("of no calls: %v, %d reads", err, e.reads)
	}
	e.err = errors.New("disk on fire")
	if _, err := callvault.ReadNamesOf(t.Context(), e, []byte(`{"id":"1","workspaceId":"3"}`)); !errors.Is(err, e.err) {
		t.Errorf("error %v", err)
	}
}

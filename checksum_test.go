package callvault_test

import (
	"errors"
	"testing"

	"github.com/callvault/callvault"
)

// The checksum is part of what a store keeps: to change it is a migration.
func TestChecksumIsKept(t *testing.T) {
	r := record(t)
	if got := r.Call.Checksum("acme"); got != 0x75f7e8af73ae1c32 {
		t.Errorf("the checksum is %#x", got)
	}
	if got, want := r.Checksum("acme"), int64(r.Call.Checksum("acme"))^7; got != want {
		t.Errorf("what is kept is %#x, want %#x", got, want)
	}
}

// No field of a row can change without the checksum telling.
func TestChecksumCoversEverything(t *testing.T) {
	whole := record(t)
	kept := whole.Checksum("acme")
	if err := whole.Verify("acme", kept); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*callvault.Record){
		"number":    func(r *callvault.Record) { r.Number++ },
		"id":        func(r *callvault.Record) { r.ID[19]++ },
		"time":      func(r *callvault.Record) { r.Time++ },
		"workspace": func(r *callvault.Record) { r.Workspace[0]++ },
		"document":  func(r *callvault.Record) { r.Document = []byte(`{"id":"13"}`) },
	} {
		r := record(t)
		change(&r)
		var damage *callvault.DamageError
		if err := r.Verify("acme", kept); !errors.As(err, &damage) || damage.ID != r.ID || damage.Company != "acme" {
			t.Errorf("after a change of the %s: %v", name, err)
		}
	}
	if err := whole.Verify("acm", kept); err == nil {
		t.Error("a row of another company is taken")
	}
}

func record(t *testing.T) callvault.Record {
	t.Helper()
	id, err := callvault.ParseID("12")
	if err != nil {
		t.Fatal(err)
	}
	return callvault.Record{Number: 7, Call: callvault.Call{ID: id, Time: -1, Workspace: id, Document: []byte(`{"id":"12"}`)}}
}

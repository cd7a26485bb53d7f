package bulk

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// Fields by which records of a kind are known, where they came as another kind.
var (
	ofCalls = []string{"started", "scheduled", "duration", "primaryUserId"}
	ofUsers = []string{"emailAddress", "firstName", "lastName"}
)

// ofOtherKind tells whether an entry is plainly a record of another kind, which would overwrite
// the entry with its id. It is nil if it is not.
func ofOtherKind(kind callvault.Kind, e callvault.Entry) error {
	if name := firstOf(ofCalls, kind, e); name != "" {
		return wholly(fmt.Sprintf("it looks like a call, because it has %q; to import calls, leave out --kind", name))
	}
	if kind != callvault.Workspaces {
		return nil
	}
	if name := firstOf(ofUsers, kind, e); name != "" {
		return wholly(fmt.Sprintf("it looks like a user, because it has %q; to import users, pass --kind users", name))
	}
	return nil
}

// firstOf is the first of some names that is a further field of an entry, or empty. Further
// fields stand behind the others, and few entries have any.
func firstOf(names []string, kind callvault.Kind, e callvault.Entry) string {
	last := `"spokenLanguages":`
	if kind == callvault.Workspaces {
		last = `"description":`
	}
	_, rest, _ := bytes.Cut(e.Document, []byte(last))
	if bytes.IndexByte(rest, ':') < 0 {
		return ""
	}
	for _, name := range names {
		if bytes.Contains(rest, []byte(`"`+name+`"`)) && hasField(furtherOf(kind, e.Document), name) {
			return name
		}
	}
	return ""
}

// furtherOf are the further fields of an entry's document.
func furtherOf(kind callvault.Kind, document []byte) []gong.Field {
	if kind == callvault.Users {
		u, _ := gong.ParseUser(document) // it was read before
		return u.Further
	}
	w, _ := gong.ParseWorkspace(document)
	return w.Further
}

// otherKind is the kind of a record that was read as a call and has no date: what it looks
// like, or empty.
func otherKind(c *gong.Call) callvault.Kind {
	hasOne := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return hasField(c.Further, name) })
	}
	switch {
	case !c.Date().IsZero() || c.Duration != nil || c.PrimaryUserID != nil:
		return ""
	case hasOne(ofUsers...):
		return callvault.Users
	case hasOne("name"):
		return callvault.Workspaces
	}
	return ""
}

func hasField(fields []gong.Field, name string) bool {
	return slices.ContainsFunc(fields, func(f gong.Field) bool { return f.Name == name })
}

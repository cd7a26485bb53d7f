package demo

import (
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// entries are the users with some ids, who are the hosts of calls, or the workspaces.
func entries(kind callvault.Kind, ids []string, created time.Time) (entries []callvault.Entry) {
	for i, id := range ids {
		var document []byte
		switch kind {
		case callvault.Users:
			first, last, _ := strings.Cut(hosts[i%len(hosts)], " ")
			u := gong.User{
				ID: id, FirstName: &first, LastName: &last, EmailAddress: new(callvault.Fold(first) + "@example.com"),
				Title: &hostTitles[i%len(hostTitles)], Active: new(true), Created: new(gong.TimeOf(created.UTC())),
			}
			document = u.AppendJSON(nil)
		case callvault.Workspaces:
			name := "Workspace " + id
			if i < len(workspaceNames) {
				name = workspaceNames[i]
			}
			w := gong.Workspace{ID: id, Name: &name}
			document = w.AppendJSON(nil)
		}
		entry, err := callvault.ParseEntry(kind, document)
		if err != nil {
			panic(err) // the generator's own
		}
		entries = append(entries, entry)
	}
	return entries
}

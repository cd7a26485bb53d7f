package screen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/callvault/callvault/gong"
)

// Facts are the names and values of a document's fields that are set, in its order, and what
// people call the host and the workspace behind their ids.
func Facts(document []byte, zone *time.Location, names Names) (facts [][]string) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.Token() // the brace; a document was checked when it was written
	for d.More() {
		name, _ := d.Token()
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return facts
		}
		text := string(raw)
		json.Unmarshal(raw, &text) // only texts change
		switch name {
		case "scheduled", "started":
			if at, err := gong.ParseTime(text); err == nil {
				text = at.Instant().In(zone).Format("Mon 2006-01-02 15:04:05 -07:00")
			}
		case "duration":
			if seconds, err := time.ParseDuration(text + "s"); err == nil {
				text = seconds.String()
			}
		}
		if string(raw) != "null" {
			facts = append(facts, []string{fmt.Sprint(name), Clean(text)})
		}
		switch {
		case name == "primaryUserId" && names.Host != nil && names.Host(text) != "":
			facts = append(facts, []string{"primaryUserName", Clean(names.Host(text))})
		case name == "workspaceId" && names.Workspace != nil && names.Workspace(text) != "":
			facts = append(facts, []string{"workspaceName", Clean(names.Workspace(text))})
		}
	}
	return facts
}

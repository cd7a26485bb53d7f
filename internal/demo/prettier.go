package demo

import (
	"os/exec"
	"strings"
)

// Prettier pipes JSON through a program of this machine that makes it readable, if there
// is one. The API writes it in one line, as Gong's does.
func Prettier() string {
	for _, command := range []string{"jq .", "python3 -m json.tool", "json_pp"} {
		name, _, _ := strings.Cut(command, " ")
		if _, err := exec.LookPath(name); err == nil {
			return " | " + command
		}
	}
	return ""
}

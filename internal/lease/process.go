package lease

import (
	"fmt"
	"os"
)

// stranger is a process of which others can't tell whether it is gone: they wait.
type stranger struct{}

func (stranger) holder() string { return fmt.Sprintf("%s: process %d", hostname(), os.Getpid()) }

func (stranger) isGone(string) bool { return false }

// hostname is the name of this machine, for people.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "a machine"
	}
	return name
}

// Package program drives the built program as a person does by its command line
// and as a client does over HTTP, for its own tests and for those of other rooms.
// It imports nothing of what it tests: what tests know of calls, times, order and
// pages they know from the contract, so that a mistake in the program's own
// vocabulary can't hide itself.
//
// Its tests hold the contract, and they break things while the program works: the
// program, its database, its disk, its clients. go test runs a short form of
// those; "make faults" runs the long forms and prints the figures of
// docs/reliability.md.
package program

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// path is where Main has built the program.
var path string

// Main builds the program, runs the tests of a package, removes the program and
// returns the exit code of the tests.
func Main(m *testing.M) int {
	folder, err := os.MkdirTemp("", "callvault-program-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	path = filepath.Join(folder, "callvault")
	// The same flags as make build, so that the two share what is compiled.
	build := exec.Command("go", "build", "-o", path, "github.com/callvault/callvault/cmd/callvault")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

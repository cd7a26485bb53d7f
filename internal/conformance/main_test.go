package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the path of the built binary.
var program string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

// testMain builds the program, runs the tests and removes the program.
func testMain(m *testing.M) int {
	folder, err := os.MkdirTemp("", "callvault-conformance-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	program = filepath.Join(folder, "callvault")
	// The same flags as make build, so that the two share what is compiled.
	build := exec.Command("go", "build", "-trimpath", "-o", program, "./cmd/callvault")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

//go:build race

package mirrortest

import (
	"fmt"
	"os"
	"testing"
)

// A simulation is one goroutine, in which the race detector can find nothing; and the rules are
// coroutines, for which it takes gigabytes. tools/test.sh runs these tests without it.
func TestMain(*testing.M) {
	fmt.Println("the simulations run without the race detector: go test ./internal/mirrortest")
	os.Exit(0)
}

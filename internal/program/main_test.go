//go:build unix

package program_test

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/postgrestest"
	"github.com/callvault/callvault/internal/program"
)

// full asks for every test at length.
var full = flag.Bool("full", false, "run at length, for figures")

// seed begins what chance chooses; the time of a kill is up to the machine too.
var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "the seed of what chance chooses, to choose the same again")

// database is the server that databases of tests are made on; nil when there is none.
var database *postgrestest.Server

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	fmt.Fprintf(os.Stderr, "chance has -seed %d\n", *seed)
	var err error
	if database, err = postgrestest.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := program.Main(m)
	if err := database.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// times is how often something is done: few times, or many where figures are
// asked for.
func times(short, long int) int {
	if *full {
		return long
	}
	return short
}

// chance is what the seed chooses for one of the parts of a test.
func chance(t testing.TB, part int) *rand.Rand {
	name := fnv.New64a()
	fmt.Fprint(name, t.Name(), part)
	return rand.New(rand.NewPCG(*seed, name.Sum64()))
}

//go:build unix

package faults

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/callvault/callvault/internal/postgrestest"
	"github.com/callvault/callvault/internal/program"
)

// full asks for every test at length.
var full = flag.Bool("full", false, "run at length, for figures")

// database is the server that databases of tests are made on; nil when there is none.
var database *postgrestest.Server

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
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

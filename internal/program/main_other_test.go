//go:build !unix

package program_test

import (
	"os"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

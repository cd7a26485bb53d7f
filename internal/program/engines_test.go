//go:build unix

package program_test

import (
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// onEngines runs a test with an empty store of each engine.
func onEngines(t *testing.T, test func(t *testing.T, c *program.CLI)) {
	t.Run("SQLite", func(t *testing.T) { test(t, program.New(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, program.On(t, database.Database(t))) })
}

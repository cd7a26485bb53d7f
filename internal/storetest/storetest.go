// Package storetest is the laws of a store, for every engine, and sample calls.
// callvault.Store and callvault.Calls state the laws; here each is a test.
//
// An engine's test hands Run a function that makes a store, and that is all:
// no law names an engine or asks for one. A bug that was found in one engine
// becomes a law here, and so a law for all.
package storetest

import (
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

// Open opens one store, the same at every call, as another process would: the
// handles share nothing but the store. It stops the test when it fails, and
// sees to it that the handle is closed when the test ends, if it is open still.
type Open func(t testing.TB) callvault.Store

// law is one thing that holds for every store.
type law struct {
	name string
	test func(t *testing.T, open Open)
}

// Run tests that a store keeps the laws. For each law fresh makes a new, empty
// store; laws are tested several at a time.
func Run(t *testing.T, fresh func(t testing.TB) Open) {
	for _, l := range slices.Concat(
		documentLaws(), orderLaws(), momentLaws(), countLaws(), pageLaws(), putLaws(), guardLaws(), deleteLaws(), numberLaws(), nameLaws(), readLaws(), timelineLaws(),
		atomicLaws(), companyLaws(), keyLaws(), quotaLaws(), secondLaws(), lifetimeLaws(), poolLaws(), cancelLaws(), concurrentLaws(), snapshotLaws(), copyLaws(), modelLaws(), directoryLaws(), mirrorLaws(),
	) {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.test(t, fresh(t))
		})
	}
}

// Damage changes the rows of a store behind its back, as a disk does, by one statement of
// SQL: all engines name their tables and columns alike.
type Damage func(t testing.TB, statement string)

// RunDamaged tests laws of damaged stores. Fresh makes a new, empty store, and what damages it.
func RunDamaged(t *testing.T, fresh func(t testing.TB) (Open, Damage)) {
	t.Run("damage is repaired", func(t *testing.T) { damageIsRepaired(t, fresh) })
	for _, l := range []struct {
		name string
		test func(t *testing.T, open Open, damage Damage)
	}{
		{"a repair tells who follows the changes", repairTellsWhoFollows},
		{"a call whose document is lost is there", lostDocumentIsThere},
		{"a damaged entry is an error", damagedEntryIsAnError},
	} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			open, damage := fresh(t)
			l.test(t, open, damage)
		})
	}
}

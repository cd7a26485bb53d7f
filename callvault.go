// Package callvault is the vocabulary of callvault: what a call is, in which
// order calls stand, what can be asked of a store, and the laws a store keeps.
//
// It rests on package gong, the wire, and on xxhash. Every other package of the
// module is one technology or one job; it knows these two and none of its neighbours.
package callvault

import (
	"errors"
	"fmt"
)

// Errors that callers act on. Everything else is wrapped on its way and ends
// in a log.
var (
	// ErrNotFound is returned when the thing that was named is not there.
	ErrNotFound = errors.New("not found")

	// ErrHasKeys is returned when a store that has a key would be emptied.
	ErrHasKeys = errors.New("the store has keys")

	// ErrSchemaNewer is returned when a store was written by a newer program.
	ErrSchemaNewer = errors.New("the store was made by a newer version of callvault")

	// ErrYielded is returned by a Put of a yielding batch that was given up because another
	// writer waits. Nothing of the batch is kept.
	ErrYielded = errors.New("another writer waits")

	// ErrOrder is returned by a Load of records whose numbers do not ascend.
	ErrOrder = errors.New("the numbers of the records do not ascend from the company's latest")

	// ErrLoss is returned by a repair that would have to accept a loss.
	ErrLoss = errors.New("records are damaged or lost, and a repair can't bring them back")

	// ErrReplaced is returned by a store whose files are no longer those that it opened.
	// From then on every method returns it, until the store is opened again. What was
	// acknowledged before is in the old files.
	ErrReplaced = errors.New("the store was replaced while it was open")
)

// Doing adds to an error what was being done, as fmt.Errorf has it. It is for engines.
func Doing(err error, what string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(what, args...), err)
}

// DefaultCompany is the name of the company where nobody names one.
const DefaultCompany = "default"

// maxCompany is the longest company name, in bytes.
const maxCompany = 64

// CheckCompany tells what is wrong with a company's name, or nil. A name has
// 1 to 64 ASCII letters, digits, dots, dashes and underscores and begins with
// a letter or digit; case counts.
func CheckCompany(name string) error {
	if name == "" || len(name) > maxCompany || !isWordByte(name[0]) {
		return errCompany
	}
	for i := range len(name) {
		if c := name[i]; !isWordByte(c) && c != '.' && c != '-' && c != '_' {
			return errCompany
		}
	}
	return nil
}

var errCompany = errors.New("a company's name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit")

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

package callvault

import (
	"bytes"
	"errors"
	"slices"
)

// maxDigits is the width of an id: the contract says "up to 20 digits", more
// than a uint64 holds.
const maxDigits = 20

// ID is the number of a call or a workspace: 1 to 20 decimal digits, kept
// zero-padded to 20 so that the order of its bytes is the order of the
// numbers. The zero ID means that there is none, and comes before every other.
type ID [maxDigits]byte

// ParseID takes 1 to 20 decimal digits; leading zeros do not count.
func ParseID(digits string) (ID, error) {
	if digits == "" || len(digits) > maxDigits {
		return ID{}, errID
	}
	var id ID
	pad := maxDigits - len(digits)
	for i := range pad {
		id[i] = '0'
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return ID{}, errID
		}
		id[pad+i] = digits[i]
	}
	return id, nil
}

var errID = errors.New("must be a number of 1 to 20 digits")

// IsZero tells whether there is no id.
func (id ID) IsZero() bool { return id == ID{} }

// Key is the padded form that engines store and compare bytewise; it is empty
// for the zero ID.
func (id ID) Key() string {
	if id.IsZero() {
		return ""
	}
	return string(id[:])
}

// AppendTo appends the digits without leading zeros, and nothing for the zero ID.
func (id ID) AppendTo(dst []byte) []byte {
	if id.IsZero() {
		return dst
	}
	i := 0
	for i < maxDigits-1 && id[i] == '0' {
		i++
	}
	return append(dst, id[i:]...)
}

// String is the id as the wire writes it.
func (id ID) String() string { return string(id.AppendTo(nil)) }

// Compare is negative, zero or positive as id is less than, equal to or
// greater than other as a number.
func (id ID) Compare(other ID) int {
	return bytes.Compare(id[:], other[:])
}

// SortIDs is a copy of ids in their order, each once. It is for engines.
func SortIDs(ids []ID) []ID {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, ID.Compare)
	return slices.Compact(ids)
}

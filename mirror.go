package callvault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

// Mirrors is the role of a store that keeps the state of mirrors. A mirror keeps one company's
// calls equal to those of an upstream, which is another server of the API.
type Mirrors interface {
	// Mirror hands out the state of a company's mirror, as Calls does its calls.
	Mirror(company string) MirrorState
}

// MirrorState is the state of one company's mirror. While a company has one, whatever would
// write its calls, users or workspaces other than by Commit is a *MirroredError. Only calls
// may be deleted; they become apart, as Withheld.
type MirrorState interface {
	MirrorReads

	// Take takes the lease for a holder if it still stands as seen; otherwise nothing changes
	// and the error is ErrLeaseLost. The number rises. The first one makes the company and its
	// mirror: the calls that are there become apart, as Own. An upstream other than that of the
	// mirror is an *OtherUpstreamError.
	Take(ctx context.Context, seen Lease, upstream, holder string) (Lease, error)

	// Renew shows that the holder is alive: it raises the count of renewals. ErrLeaseLost when
	// the lease's number is another one, or it was given back.
	Renew(ctx context.Context, lease Lease) (Lease, error)

	// Return gives the lease back, so that anyone may take it at once. From then on it is as
	// lost as one that somebody else has taken, which is ErrLeaseLost.
	Return(ctx context.Context, lease Lease) error

	// Commit writes all of a change, or nothing and ErrLeaseLost when the lease's number is
	// another one. It takes numbers as a Put of the calls and then a Delete would. A call that
	// is withheld stays so: it counts as unchanged, and its weight moves to where it was listed.
	Commit(ctx context.Context, lease Lease, change MirrorChange) (PutResult, error)

	// Order keeps a value under a key that begins with OrderPrefix, without the lease: so an
	// operator tells the mirror that runs what to do, and its next Commit may remove it.
	// ErrNotFound where there is no mirror.
	Order(ctx context.Context, key string, value []byte) error

	// End ends the mirror: its lease, its values and what stands apart. The calls stay, and the
	// company can be written again. ErrNotFound where there is no mirror.
	End(ctx context.Context) error
}

// MirrorReads is the part of MirrorState that reads.
type MirrorReads interface {
	// Lease is the lease of the mirror as it stands. It is zero where the company has no mirror.
	Lease(ctx context.Context) (Lease, error)

	// Values visits what Commit kept under the keys that begin with a prefix, in the order of
	// the keys' bytes, as they are at one moment. A value is valid only until visit returns.
	Values(ctx context.Context, prefix string, visit func(key string, value []byte) error) error

	// Apart visits the calls of a kind that stand apart, by id.
	Apart(ctx context.Context, kind Apartness, visit func(Apart) error) error

	// ApartIn visits the calls that stand apart and that are here or counted in a range, by id.
	ApartIn(ctx context.Context, r Range, visit func(Apart) error) error

	// CountApart is how many calls of a kind stand apart.
	CountApart(ctx context.Context, kind Apartness) (int, error)

	// Weight is how many calls more than there are here the upstream should count in a range,
	// or fewer if it is negative: the sum of the weights of what stands apart in it.
	Weight(ctx context.Context, r Range) (int, error)
}

// Lease is the right to write a mirrored company. Whoever has it renews it. It has no time, so
// that no two clocks are compared: whoever sees it stand without a renewal for long enough, by
// their own clock, may take it.
type Lease struct {
	Upstream string
	Holder   string // empty when it was given back
	Number   int64  // rises with each taking, also of a mirror after one that was ended
	Renewed  int64  // rises with each renewal
}

// OrderPrefix begins the keys of an operator's orders to a mirror.
const OrderPrefix = "order/"

// MirrorChange is what a mirror commits at once.
type MirrorChange struct {
	Calls   Batch             // as the upstream listed them; their ids no longer stand apart, but for those withheld
	Delete  []ID              // which the upstream no longer has; they no longer stand apart, and those withheld lose their weight
	Keep    []ID              // which the upstream no longer has, and which are kept: they become apart, as Kept
	Strange map[ID]Time       // where the upstream listed those of Calls that it listed at another time than their own
	Entries map[Kind][]Entry  // users and workspaces, all that there are of each kind that is named
	Values  map[string][]byte // what is kept under each key; nil removes it
}

// Apartness says why a call stands apart when a mirror compares totals.
type Apartness int

// The reasons why a call stands apart. The numbers are part of what a store keeps.
const (
	Own      Apartness = iota + 1 // it was here before the mirror, and the upstream has not listed it: weight -1
	Kept                          // the upstream no longer has it, and it is kept: weight -1
	Withheld                      // an operator deleted it, and it is not fetched again: weight 1 at the time where the upstream lists it, 0 until it has
	Strange                       // the upstream lists it at another time than its own: weight -1 at its own and 1 at the other
)

// Apart is a call that stands apart.
type Apart struct {
	ID      ID
	Kind    Apartness
	Counted bool // whether the upstream counts it: never as Own or Kept, always as Strange
	At      Time // where the upstream counts it, or else where it is here; 0 if it is neither
}

// ErrLeaseLost is the error of a mirror whose lease somebody else has taken.
var ErrLeaseLost = errors.New("another mirror has taken over this company")

// MirroredError is the error of a write to a company that its mirror writes.
type MirroredError struct {
	Company, Upstream string
}

func (e *MirroredError) Error() string {
	return fmt.Sprintf("company %s is a mirror of %s, and only the mirror writes it", e.Company, e.Upstream)
}

// OtherUpstreamError is the error of a mirror whose company is a mirror of another upstream.
type OtherUpstreamError struct {
	Company, Upstream string // that of the company's mirror
}

func (e *OtherUpstreamError) Error() string {
	return fmt.Sprintf("company %s is a mirror of %s, not of this upstream", e.Company, e.Upstream)
}

// ListedAt is where the upstream listed a call of the change. It is for engines.
func (c *MirrorChange) ListedAt(call *Call) Time {
	if at, strange := c.Strange[call.ID]; strange {
		return at
	}
	return call.Time
}

// Check tells what is wrong with a change, or nil. It is for engines.
func (c *MirrorChange) Check() error {
	strange := len(c.Strange)
	for i := range c.Calls.Calls() {
		if _, ok := c.Strange[c.Calls.Calls()[i].ID]; ok {
			strange--
		}
	}
	if strange > 0 {
		return fmt.Errorf("%d calls were listed at another time, but are not in the change", strange)
	}
	for _, key := range slices.Sorted(maps.Keys(c.Values)) {
		if err := checkValue(key, c.Values[key]); err != nil {
			return err
		}
	}
	return nil
}

// CheckOrder tells what is wrong with an operator's order, or nil. It is for engines.
func CheckOrder(key string, value []byte) error {
	if !strings.HasPrefix(key, OrderPrefix) {
		return fmt.Errorf("the key of an order, %q, does not begin with %s", key, OrderPrefix)
	}
	return checkValue(key, value)
}

// checkValue tells what is wrong with a value and its key: a key is printable ASCII, without
// spaces, and a value is JSON, so that people can read both by SQL.
func checkValue(key string, value []byte) error {
	isKey := key != "" && !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > lastInKeys })
	switch {
	case !isKey:
		return fmt.Errorf("the key %q is empty or has other characters than printable ASCII", key)
	case value != nil && !(json.Valid(value) && utf8.Valid(value)):
		return fmt.Errorf("the value of the key %s is not JSON", key)
	}
	return nil
}

const lastInKeys = '~'

// ValueChecksum is what stores keep beside a value of a mirror: eight bytes over its company,
// its key and the value. It is for engines.
func ValueChecksum(company, key string, value []byte) int64 {
	b := append([]byte(company), 0)
	b = append(append(b, key...), 0)
	return int64(xxhash.Sum64(append(b, value...)))
}

// VerifyValue returns a *DamageError unless a value is what was written. It is for engines.
func VerifyValue(company, key string, value []byte, kept int64) error {
	if ValueChecksum(company, key, value) == kept {
		return nil
	}
	return &DamageError{Company: company, Value: key, Problem: "its checksum does not match"}
}

// KeysEnd is behind all keys that begin with a prefix. It is for engines.
func KeysEnd(prefix string) string { return prefix + string(lastInKeys+1) }

// IsHeldBy tells whether the lease that is kept is that of a mirror. It is for engines.
func (l Lease) IsHeldBy(lease Lease) bool { return l.Holder != "" && l.Number == lease.Number }

// Take is the lease that comes after one that is kept, whose upstream is empty if there is no
// mirror, or the error of Take. It is for engines.
func (l Lease) Take(company string, seen Lease, upstream, holder string) (Lease, error) {
	now := l
	if l.Upstream == "" {
		now = Lease{}
	}
	switch {
	case upstream == "" || holder == "":
		return Lease{}, errors.New("a lease has an upstream and a holder")
	case now.Upstream != "" && now.Upstream != upstream:
		return Lease{}, &OtherUpstreamError{Company: company, Upstream: now.Upstream}
	case now != seen:
		return Lease{}, ErrLeaseLost
	}
	return Lease{Upstream: upstream, Holder: holder, Number: l.Number + 1, Renewed: l.Renewed}, nil
}

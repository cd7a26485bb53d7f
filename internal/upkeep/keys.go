package upkeep

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/callvault/callvault"
)

// Key is a company's key as a list of keys has it, in JSON too. Times that are not set are null.
type Key struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Kind     callvault.KeyKind `json:"kind"`
	Company  string            `json:"company"`
	Scopes   []callvault.Scope `json:"scopes"`
	Created  time.Time         `json:"created"`
	LastUsed *time.Time        `json:"lastUsed"` // the day
	Expires  *time.Time        `json:"expires"`
	Revoked  *time.Time        `json:"revoked"`
}

// Keys lists a company's keys.
func Keys(ctx context.Context, store callvault.Store, company string) ([]Key, error) {
	keys, _, err := store.Keys(ctx, callvault.KeysVersion{})
	list := []Key{}
	for _, k := range keys {
		if k.Company == company {
			list = append(list, Key{k.ID, k.Name, k.Kind, k.Company, k.Scopes, k.Created, set(k.Used), set(k.Expires), set(k.Revoked)})
		}
	}
	return list, err
}

// KeyTable is a list of keys as a table, with its head, as the keys stand at a time.
func KeyTable(keys []Key, now time.Time) [][]string {
	rows := [][]string{{"ID", "NAME", "KIND", "CREATED", "LAST USED", "STATUS", "SCOPES"}}
	for _, k := range keys {
		rows = append(rows, []string{k.ID, cmp.Or(k.Name, "-"), string(k.Kind), day(&k.Created), day(k.LastUsed), k.status(now), strings.ReplaceAll(callvault.JoinScopes(k.Scopes), " ", ",")})
	}
	return rows
}

// status is whether a key is valid, and until or since when.
func (k Key) status(now time.Time) string {
	switch {
	case k.Revoked != nil:
		return "revoked " + day(k.Revoked)
	case k.Expires == nil:
		return "valid"
	case now.Before(*k.Expires):
		return "until " + day(k.Expires)
	}
	return "expired " + day(k.Expires)
}

// set is the time, or nil for the zero time.
func set(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// day is the day of a time, UTC.
func day(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(time.DateOnly)
}

// ParseKeyName refuses a name that would break the lines of a list. Its error says what to type.
func ParseKeyName(name string) (string, error) {
	const most = 100
	if utf8.RuneCountInString(name) > most || strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name) {
		return "", fmt.Errorf("%.40q: use at most %d characters, without line ends", name, most)
	}
	return name, nil
}

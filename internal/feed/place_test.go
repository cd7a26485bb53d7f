package feed

import (
	"errors"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

func feedOf(secret string) *Feed { return &Feed{secret: []byte(secret)} }

// A token opens for its company and secret alone, and every byte of it counts.
func TestTokens(t *testing.T) {
	f, at := feedOf("secret"), Place{[8]byte{1, 2, 3}, 7, 1 << 40}
	token := f.Token("acme", at)
	if got, err := f.Open("acme", token); got != at || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := f.Open("acme", ""); got != (Place{}) || err != nil {
		t.Errorf("the empty token is %v, %v", got, err)
	}
	if _, err := feedOf("another").Open("acme", token); !errors.Is(err, ErrToken) {
		t.Errorf("of another store: %v", err)
	}
	changed := []string{token + "A", token[1:], token + "\n", token[:40] + "\n" + token[40:len(token)-1], strings.Repeat("A", len(token)), "x"}
	for i := range token {
		for _, c := range "A_z0=" {
			if byte(c) != token[i] {
				changed = append(changed, token[:i]+string(c)+token[i+1:])
			}
		}
	}
	for _, text := range changed {
		if _, err := f.Open("acme", text); !errors.Is(err, ErrToken) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, company := range []string{"acm", "acme2", "Acme", ""} {
		if _, err := f.Open(company, token); !errors.Is(err, ErrToken) {
			t.Errorf("company %q: %v", company, err)
		}
	}
}

// A reader goes on if nothing that it has seen was taken back.
func TestPlaces(t *testing.T) {
	line := func(id byte, from int64) callvault.Timeline { return callvault.Timeline{ID: [8]byte{id}, From: from} }
	place := func(id byte, seen int64) Place { return Place{[8]byte{id}, 1, seen} }
	lines := []callvault.Timeline{line(1, 0), line(2, 100), line(3, 120)}
	for _, tt := range []struct {
		at     Place
		latest int64
		want   error
	}{
		{place(3, 130), 130, nil},
		{place(3, 130), 129, ErrBehind},
		{place(2, 120), 130, nil},
		{place(2, 121), 130, ErrGone},
		{place(1, 100), 130, nil},
		{place(1, 101), 130, ErrGone},
		{place(1, 120), 130, ErrGone},
		{place(4, 1), 130, ErrGone},
		{place(4, 0), 130, nil},
		{Place{}, 0, nil},
	} {
		if got := tt.at.check(lines, tt.latest); !errors.Is(got, tt.want) || (got == nil) != (tt.want == nil) {
			t.Errorf("%v of %d: %v, want %v", tt.at, tt.latest, got, tt.want)
		}
	}
	if !errors.Is(ErrBehind, ErrGone) || errors.Is(ErrGone, ErrBehind) {
		t.Error("a store that is behind must be a special case of one that is gone")
	}
}

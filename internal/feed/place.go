package feed

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/changes"
)

// Why a token is refused.
var (
	// ErrToken: it is none that this store made for the company.
	ErrToken = errors.New("not a token of this company's changes")

	// ErrGone: the store has taken back what the reader has seen, or nobody knows whether it
	// has. The token can't be continued.
	ErrGone = changes.ErrStartOver

	// ErrBehind: the store has not come to what the reader has seen. A standby will; any other
	// store has gone back in time, so this is ErrGone too.
	ErrBehind = behind{}
)

type behind struct{}

func (behind) Error() string        { return "the store is behind what the token has seen" }
func (behind) Is(target error) bool { return target == ErrGone }

// Place is how far a reader has come. The zero Place is the beginning.
type Place struct {
	timeline [8]byte // the latest one when the last answer was read
	number   int64   // of the last change that the reader has
	seen     int64   // the company's highest number when the last answer was read
}

// A reader has less than number tells: a change that a later one replaced is left out of an
// answer. If the store goes back to before that later one, the replaced change is there
// again, and below number. So what counts is seen.
//
// check tells whether a reader can go on from a place, in a store with these timelines and
// this highest number.
func (p Place) check(timelines []callvault.Timeline, latest int64) error {
	if p.seen == 0 { // the reader has nothing
		return nil
	}
	for i, t := range timelines {
		if t.ID != p.timeline {
			continue
		}
		switch {
		case i+1 < len(timelines) && timelines[i+1].From < p.seen:
			return ErrGone
		case latest < p.seen:
			return ErrBehind
		}
		return nil
	}
	return ErrGone
}

// A token is the numbers of a place and their signature, in base64. It has no header and no
// name of a company, so that it can't be taken for a cursor, which is signed with the same
// secret: what is signed here begins with a purpose of its own.
const (
	purpose    = "callvault changes 1\x00"
	numbers    = 8 + 8 + 8
	tokenBytes = numbers + sha256.Size
)

// sign appends the signature of what precedes it in dst.
func (f *Feed) sign(dst []byte, company string) []byte {
	mac := hmac.New(sha256.New, f.secret)
	mac.Write([]byte(purpose + company + "\x00"))
	mac.Write(dst)
	return mac.Sum(dst)
}

// Token is the text of a place for readers of a company.
func (f *Feed) Token(company string, p Place) string {
	token := append(make([]byte, 0, tokenBytes), p.timeline[:]...)
	token = binary.BigEndian.AppendUint64(token, uint64(p.number))
	token = binary.BigEndian.AppendUint64(token, uint64(p.seen))
	return base64.RawURLEncoding.EncodeToString(f.sign(token, company))
}

// Open is the place of a token, or ErrToken. The empty token is the beginning.
func (f *Feed) Open(company, token string) (p Place, err error) {
	if token == "" {
		return p, nil
	}
	if len(token) != base64.RawURLEncoding.EncodedLen(tokenBytes) {
		return p, ErrToken
	}
	opened, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(opened) != tokenBytes { // line ends are passed over
		return p, ErrToken
	}
	if !hmac.Equal(opened, f.sign(opened[:numbers:numbers], company)) {
		return p, ErrToken
	}
	copy(p.timeline[:], opened)
	p.number = int64(binary.BigEndian.Uint64(opened[8:]))
	p.seen = int64(binary.BigEndian.Uint64(opened[16:]))
	return p, nil
}

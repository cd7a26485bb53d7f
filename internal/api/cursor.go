package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"hash"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/callvault/callvault"
)

const (
	// cursorHeader is {"alg":"HS256"} in base64, as on the wire. It is compared
	// whole and never read, so no other algorithm can be asked for.
	cursorHeader = "eyJhbGciOiJIUzI1NiJ9."

	// maxCursor is more than the longest cursor there can be.
	maxCursor = 1024

	// cursorLife is counted from the first page of a walk, as on the wire.
	cursorLife = time.Hour

	// minSecret is the least that HMAC-SHA-256 wants of a key.
	minSecret = sha256.Size
)

// cursor is where a client is in its walk through the calls of a query: after
// the page that it was just given. On the wire it is a compact JWS.
//
// It is written and read here, and not by a JOSE library, because its bytes
// are the contract (the order of the claims too) and because what is not
// implemented cannot be attacked: one algorithm, one header.
type cursor struct {
	last    callvault.Position // of the page just given
	total   int                // calls in the walk
	number  int                // of the page just given
	size    int                // of the walk's pages
	expires int64              // seconds since 1970
	company string
	query   callvault.Query
}

// What can be wrong with a cursor: for the log. A client is told no more than
// that it does not verify.
var (
	errCursorForged    = errors.New("not signed by this store")
	errCursorUnread    = errors.New("signed, but not in the form of this version")
	errCursorCompany   = errors.New("of another company")
	errCursorWorkspace = errors.New("of another workspace")
	errCursorExpired   = errors.New("expired")
)

// sealer signs cursors and checks them.
type sealer struct {
	signers sync.Pool // of *signer, with the secret in it
}

type signer struct {
	mac hash.Hash
	buf []byte
	sum [sha256.Size]byte
}

func newSealer(secret []byte) *sealer {
	return &sealer{sync.Pool{New: func() any {
		return &signer{mac: hmac.New(sha256.New, secret), buf: make([]byte, 0, maxCursor)}
	}}}
}

// append appends a cursor as the client gets it.
func (s *sealer) append(dst []byte, c *cursor) []byte {
	signer := s.signers.Get().(*signer)
	defer s.signers.Put(signer)
	begin := len(dst)
	dst = append(dst, cursorHeader...)
	signer.buf = c.appendClaims(signer.buf[:0])
	dst = base64.RawURLEncoding.AppendEncode(dst, signer.buf)
	return signer.appendSignature(append(dst, '.'), dst[begin:])
}

// appendSignature appends the signature of a text, in base64.
func (g *signer) appendSignature(dst, text []byte) []byte {
	g.mac.Reset()
	g.mac.Write(text)
	return base64.RawURLEncoding.AppendEncode(dst, g.mac.Sum(g.sum[:0]))
}

// open takes a cursor that a client sent. The signature is checked before
// anything is decoded, and as text: bytes that decode alike are not the same.
func (s *sealer) open(text string) (cursor, error) {
	dot := strings.LastIndexByte(text, '.')
	if len(text) > maxCursor || dot < len(cursorHeader) || !strings.HasPrefix(text, cursorHeader) {
		return cursor{}, errCursorForged
	}
	signer := s.signers.Get().(*signer)
	defer s.signers.Put(signer)
	signer.buf = append(signer.buf[:0], text...)
	signature := signer.appendSignature(signer.buf, signer.buf[:dot])[len(text):]
	if subtle.ConstantTimeCompare(signature, signer.buf[dot+1:]) != 1 {
		return cursor{}, errCursorForged
	}
	claims, err := base64.RawURLEncoding.Strict().DecodeString(text[len(cursorHeader):dot])
	if err != nil {
		return cursor{}, errCursorUnread
	}
	c, ok := parseClaims(string(claims))
	if !ok {
		return cursor{}, errCursorUnread
	}
	return c, nil
}

// appendClaims appends the claims: those of the wire in its order, then ours.
// Nothing needs escaping: see callvault.CheckCompany.
func (c *cursor) appendClaims(dst []byte) []byte {
	dst = append(dst, `{"callId":`...)
	dst = c.last.ID.AppendTo(dst)
	dst = append(dst, `,"total":`...)
	dst = strconv.AppendInt(dst, int64(c.total), 10)
	dst = append(dst, `,"pageNumber":`...)
	dst = strconv.AppendInt(dst, int64(c.number), 10)
	dst = append(dst, `,"pageSize":`...)
	dst = strconv.AppendInt(dst, int64(c.size), 10)
	dst = append(dst, `,"time":"`...)
	dst = c.last.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","exp":`...)
	dst = strconv.AppendInt(dst, c.expires, 10)
	dst = append(dst, `,"company":"`...)
	dst = append(dst, c.company...)
	dst = append(dst, '"')
	if c.query.From != callvault.MinTime {
		dst = append(dst, `,"from":`...)
		dst = strconv.AppendInt(dst, int64(c.query.From), 10)
	}
	if c.query.To != callvault.MaxTime {
		dst = append(dst, `,"to":`...)
		dst = strconv.AppendInt(dst, int64(c.query.To), 10)
	}
	if !c.query.Workspace.IsZero() {
		dst = append(dst, `,"workspaceId":"`...)
		dst = c.query.Workspace.AppendTo(dst)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// parseClaims reads what appendClaims wrote, to the byte, and nothing else: it takes one
// claim after the other, and then writes them again and compares.
func parseClaims(claims string) (c cursor, ok bool) {
	rest := claims
	text := func(name string) string { // "" when the claim does not come next
		value, found := strings.CutPrefix(rest, name)
		end := strings.IndexAny(value, `,"}`)
		if !found || end < 0 {
			return ""
		}
		rest = strings.TrimPrefix(value[end:], `"`)
		return value[:end]
	}
	number := func(name string, otherwise int64) int64 {
		n, err := strconv.ParseInt(text(name), 10, 64)
		if err != nil {
			return otherwise
		}
		return n
	}
	c.last.ID, _ = callvault.ParseID(text(`{"callId":`))
	c.total = int(number(`,"total":`, -1))
	c.number = int(number(`,"pageNumber":`, -1))
	c.size = int(number(`,"pageSize":`, -1))
	last, _ := time.Parse(time.RFC3339Nano, text(`,"time":"`))
	c.last.Time = callvault.FloorTime(last)
	c.expires = number(`,"exp":`, 0)
	c.company = text(`,"company":"`)
	c.query.From = callvault.Time(number(`,"from":`, int64(callvault.MinTime)))
	c.query.To = callvault.Time(number(`,"to":`, int64(callvault.MaxTime)))
	c.query.Workspace, _ = callvault.ParseID(text(`,"workspaceId":"`))
	if c.last.ID.IsZero() || c.total < 0 || c.number < 0 || c.size < 1 || c.size > MaxPageSize {
		return cursor{}, false
	}
	var buf [maxCursor]byte
	return c, string(c.appendClaims(buf[:0])) == claims
}

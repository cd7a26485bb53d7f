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
	// whole and never read, so no client can choose another algorithm.
	cursorHeader = "eyJhbGciOiJIUzI1NiJ9."

	// maxCursor is larger than any valid cursor.
	maxCursor = 1024
)

// cursor is a page that a client may ask for in its walk through the calls of a query. On
// the wire it is a compact JWS, which names the page before.
//
// It is written and read here, and not by a JOSE library, because its bytes
// are the contract (the order of the claims too) and because what is not
// implemented cannot be attacked: one algorithm, one header.
type cursor struct {
	callvault.PageQuery
	expires int64 // seconds since 1970
	company string
}

// Why a cursor is refused, for the log. The client only learns that it does not verify.
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
	c := parseClaims(string(claims))
	// Claims that this server would write differently are not its own.
	signer.buf = c.appendClaims(signer.buf[:0])
	if string(signer.buf) != string(claims) || !c.isSound() {
		return cursor{}, errCursorUnread
	}
	return c, nil
}

// isSound reports whether the claims can belong to a page that was served.
func (c *cursor) isSound() bool {
	return !c.After.ID.IsZero() && c.Total >= 0 && c.Number >= 1 && c.Size >= 1 && c.Size <= MaxPageSize
}

// appendClaims appends the claims: those of the wire in its order, then ours.
// Nothing needs escaping: see callvault.CheckCompany.
func (c *cursor) appendClaims(dst []byte) []byte {
	dst = append(dst, `{"callId":`...)
	dst = c.After.ID.AppendTo(dst)
	dst = append(dst, `,"total":`...)
	dst = strconv.AppendInt(dst, int64(c.Total), 10)
	dst = append(dst, `,"pageNumber":`...)
	dst = strconv.AppendInt(dst, int64(c.Number-1), 10)
	dst = append(dst, `,"pageSize":`...)
	dst = strconv.AppendInt(dst, int64(c.Size), 10)
	dst = append(dst, `,"time":"`...)
	dst = c.After.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","exp":`...)
	dst = strconv.AppendInt(dst, c.expires, 10)
	dst = append(dst, `,"company":"`...)
	dst = append(dst, c.company...)
	dst = append(dst, '"')
	if c.From != callvault.MinTime {
		dst = append(dst, `,"from":`...)
		dst = strconv.AppendInt(dst, int64(c.From), 10)
	}
	if c.To != callvault.MaxTime {
		dst = append(dst, `,"to":`...)
		dst = strconv.AppendInt(dst, int64(c.To), 10)
	}
	if !c.Workspace.IsZero() {
		dst = append(dst, `,"workspaceId":"`...)
		dst = c.Workspace.AppendTo(dst)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

// parseClaims reads what appendClaims wrote, one claim after the other. What it makes of
// anything else, appendClaims writes in another way.
func parseClaims(claims string) (c cursor) {
	text := func(name string) string { // "" when the claim does not come next
		value, found := strings.CutPrefix(claims, name)
		end := strings.IndexAny(value, `,"}`)
		if !found || end < 0 {
			return ""
		}
		claims = strings.TrimPrefix(value[end:], `"`)
		return value[:end]
	}
	number := func(name string, otherwise int64) int64 {
		n, err := strconv.ParseInt(text(name), 10, 64)
		if err != nil {
			return otherwise
		}
		return n
	}
	c.After.ID, _ = callvault.ParseID(text(`{"callId":`))
	c.Total = int(number(`,"total":`, 0))
	c.Number = int(number(`,"pageNumber":`, 0)) + 1
	c.Size = int(number(`,"pageSize":`, 0))
	last, _ := time.Parse(time.RFC3339Nano, text(`,"time":"`))
	c.After.Time = callvault.FloorTime(last)
	c.expires = number(`,"exp":`, 0)
	c.company = text(`,"company":"`)
	c.From = callvault.Time(number(`,"from":`, int64(callvault.MinTime)))
	c.To = callvault.Time(number(`,"to":`, int64(callvault.MaxTime)))
	c.Workspace, _ = callvault.ParseID(text(`,"workspaceId":"`))
	return c
}

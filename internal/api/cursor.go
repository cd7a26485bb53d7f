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
)

// A cursor is a compact JWS. It is written and read here, and not by a JOSE library,
// because its bytes are the contract (the order of the claims too) and because what is not
// implemented cannot be attacked: one algorithm, one header.

const (
	// cursorHeader is {"alg":"HS256"} in base64, as on the wire. It is compared
	// whole and never read, so no client can choose another algorithm.
	cursorHeader = "eyJhbGciOiJIUzI1NiJ9."

	// maxCursor is larger than any valid cursor.
	maxCursor = 1024
)

// Why a cursor is refused, for the log. The client only learns that it does not verify.
var (
	errCursorForged    = errors.New("not signed by this store")
	errCursorUnread    = errors.New("signed, but not in the form of this version")
	errCursorCompany   = errors.New("of another company")
	errCursorRoute     = errors.New("of another route, or of another choice of ids")
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

// append appends a cursor with these claims as the client gets it.
func (s *sealer) append(dst, claims []byte) []byte {
	signer := s.signers.Get().(*signer)
	defer s.signers.Put(signer)
	begin := len(dst)
	dst = append(dst, cursorHeader...)
	dst = base64.RawURLEncoding.AppendEncode(dst, claims)
	return signer.appendSignature(append(dst, '.'), dst[begin:])
}

// appendSignature appends the signature of a text, in base64.
func (g *signer) appendSignature(dst, text []byte) []byte {
	g.mac.Reset()
	g.mac.Write(text)
	return base64.RawURLEncoding.AppendEncode(dst, g.mac.Sum(g.sum[:0]))
}

// open returns the claims of a cursor that a client sent. The signature is checked before
// anything is decoded, and as text: bytes that decode alike are not the same.
func (s *sealer) open(text string) (string, error) {
	dot := strings.LastIndexByte(text, '.')
	if len(text) > maxCursor || dot < len(cursorHeader) || !strings.HasPrefix(text, cursorHeader) {
		return "", errCursorForged
	}
	signer := s.signers.Get().(*signer)
	defer s.signers.Put(signer)
	signer.buf = append(signer.buf[:0], text...)
	signature := signer.appendSignature(signer.buf, signer.buf[:dot])[len(text):]
	if subtle.ConstantTimeCompare(signature, signer.buf[dot+1:]) != 1 {
		return "", errCursorForged
	}
	claims, err := base64.RawURLEncoding.Strict().DecodeString(text[len(cursorHeader):dot])
	if err != nil {
		return "", errCursorUnread
	}
	return string(claims), nil
}

// claims are what is left of the claims of a cursor, which are read one after the other.
// What a reader makes of claims that it did not write, it must write in another way.
type claims string

// text is the next claim if it has this name, otherwise "".
func (c *claims) text(name string) string {
	value, found := strings.CutPrefix(string(*c), name)
	end := strings.IndexAny(value, `,"}`)
	if !found || end < 0 {
		return ""
	}
	*c = claims(strings.TrimPrefix(value[end:], `"`))
	return value[:end]
}

// number is the next claim if it has this name and is a number.
func (c *claims) number(name string, otherwise int64) int64 {
	n, err := strconv.ParseInt(c.text(name), 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}

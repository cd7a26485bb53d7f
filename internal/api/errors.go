package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// clientError is an error that a client can act on. Its texts and header are
// for the client, its cause is for the log. Every other error is answered with
// 500 and a text that tells nothing.
type clientError struct {
	status int
	texts  []string
	header http.Header
	cause  error // nil when the status says it all; never holds the client's input
}

// Error is for the log.
func (e *clientError) Error() string {
	if e.cause != nil {
		return e.cause.Error()
	}
	return http.StatusText(e.status)
}

func (e *clientError) Unwrap() error { return e.cause }

// statusClientGone is what the log says, and nobody is sent, when the client
// went away before its answer.
const statusClientGone = 499

// Causes that stand in the log.
var (
	errUnknownRoute = errors.New("unknown route")
	errUnserved     = errors.New("a route of the API that is not served")
	errNoCalls      = errors.New("no calls in the range")
)

// notAuthorized is the one text for every credential that is refused, whatever
// is wrong with it.
const notAuthorized = "Access key, secret or token is not valid"

// refused is the answer to a credential that does not open the door.
func refused(cause error) error { return unauthorized(notAuthorized, cause) }

// noPermission is the answer to a key without the scope: 401, as on the wire.
func noPermission(scope callvault.Scope) error {
	return unauthorized(gong.NoPermission(string(scope)), errors.New("the key lacks the scope "+string(scope)))
}

func unauthorized(text string, cause error) error {
	return &clientError{
		status: http.StatusUnauthorized,
		texts:  []string{text},
		header: http.Header{"Www-Authenticate": {`Basic realm="callvault", charset="UTF-8"`, `Bearer realm="callvault"`}},
		cause:  cause,
	}
}

// errorBody is the envelope of every error. It never fails: both members are
// text, and text that is not UTF-8 is mended.
func errorBody(requestID string, texts []string) []byte {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false) // clients look for texts in the raw body
	e.Encode(gong.ErrorResponse{RequestID: requestID, Errors: texts})
	return bytes.TrimSuffix(body.Bytes(), []byte("\n"))
}

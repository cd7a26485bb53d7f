package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/auth"
	"github.com/callvault/callvault/internal/limit"
)

// clientError is an error that a client can act on.
type clientError struct {
	status int
	texts  []string // for the client
	header http.Header
	cause  string // for the log; never contains what the client sent
}

func (e *clientError) Error() string { return e.cause }

// refuse is a clientError with one text.
func refuse(status int, text, cause string) *clientError {
	return &clientError{status: status, texts: []string{text}, cause: cause}
}

// notAuthorized is the text for every refused credential; only the log says why.
const notAuthorized = "Access key, secret or token is not valid"

// ofMirror is the text for a write to a company that its mirror writes.
const ofMirror = "This company's calls are a mirror of another server's; post the call to that server"

func unauthorized(text, cause string) *clientError {
	err := refuse(http.StatusUnauthorized, text, cause)
	err.header = http.Header{"Www-Authenticate": {`Basic realm="callvault", charset="UTF-8"`, `Bearer realm="callvault"`}}
	return err
}

// noPermission is the answer to a key without the scope: 401 as on the wire, and 403 for
// users and workspaces as the documentation has it.
func noPermission(scope callvault.Scope) error {
	text, cause := gong.NoPermission(string(scope)), "the key lacks the scope "+string(scope)
	if scope == gong.ScopeUsersRead || scope == gong.ScopeWorkspacesRead {
		return refuse(http.StatusForbidden, text, cause)
	}
	return unauthorized(text, cause)
}

// tooMany is the answer to a request that may be repeated after a wait.
func tooMany(wait time.Duration, cause string) *clientError {
	err := refuse(http.StatusTooManyRequests, gong.LimitExceeded, cause)
	seconds := max(1, int64((wait+time.Second-1)/time.Second))
	err.header = http.Header{"Retry-After": {strconv.FormatInt(seconds, 10)}}
	return err
}

// toClient turns an error into the answer for the client. An error that no client can
// correct becomes a 500 without details.
func toClient(err error) *clientError {
	var (
		told     *clientError
		refused  auth.Refused
		exceeded *limit.Exceeded
		mirrored *callvault.MirroredError
	)
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &refused):
		return unauthorized(notAuthorized, "")
	case errors.As(err, &exceeded):
		return tooMany(exceeded.Wait, "")
	case errors.As(err, &mirrored):
		return refuse(http.StatusConflict, ofMirror, "")
	}
	return refuse(http.StatusInternalServerError, gong.InternalError, "")
}

// errorBody is the body of every error. Encoding can't fail: both members are text, and
// encoding/json repairs invalid UTF-8.
func errorBody(requestID string, texts []string) []byte {
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false) // clients search the raw body for texts
	e.Encode(gong.ErrorResponse{RequestID: requestID, Errors: texts})
	return bytes.TrimSuffix(body.Bytes(), []byte("\n"))
}

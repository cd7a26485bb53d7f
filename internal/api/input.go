package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/callvault/callvault/internal/web"
)

const (
	// maxInput is the largest body of a request: a hundred ids have three kilobytes.
	maxInput = 1 << 20

	// inputCost is how many bytes a byte of a body may take in memory: short texts.
	inputCost = 8

	// maxObjects is how many objects a body may have, of which each takes a hundred bytes.
	maxObjects = 10_000

	// maxNesting is how deep a body may be nested: the decoder has this bound.
	maxNesting = 10_000

	// maxInputs is how many bytes bodies may take until they are read, and inputsPart the
	// part of a small memory.
	maxInputs  = 32 << 20
	inputsPart = 16
)

// newInputs makes the turns in which bodies are read. One at a time is weighed, which takes
// no time, so that the next one sees the room that is left.
func newInputs(memory int64) *web.Turns {
	return web.NewTurns(1, int(min(maxInputs, memory/inputsPart)))
}

// withBody is the handler of a route whose requests have a JSON object, which is read into
// a T. The wait for a slow client does not count as a wait for the store.
func withBody[T any](h *Handler, handle func(ctx context.Context, x *exchange, body *T) error) func(context.Context, *exchange) error {
	return func(ctx context.Context, x *exchange) error {
		deadline, _ := ctx.Deadline()
		left := time.Until(deadline)
		var body T
		if err := h.readBody(ctx, x, &body); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(x.request.Context(), left)
		defer cancel()
		return handle(ctx, x, &body)
	}
}

// readBody reads the body of a request. Bodies wait for a part of the memory, in turns by
// company; while others wait, a client that takes too long to send one is refused.
func (h *Handler) readBody(ctx context.Context, x *exchange, into any) error {
	size := x.request.ContentLength
	if size < 0 {
		size = maxInput
	}
	if size > maxInput {
		return tooLarge()
	}
	place, err := h.inputs.Enter(ctx, x.key.Company)
	if err != nil { // no store is slow here, but clients of the company
		return tooMany(time.Second, "too many bodies at once")
	}
	defer place.Leave()
	place.Weigh(inputCost*int(size), x.hurry)
	data, err := io.ReadAll(io.LimitReader(x.request.Body, maxInput+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(http.StatusRequestTimeout, "body: did not arrive in time; send it at once", "the body did not arrive in time")
	case err != nil:
		return badBody("ended too early", "incomplete")
	case len(data) > maxInput:
		return tooLarge()
	}
	return parseBody(data, into)
}

func tooLarge() error {
	return refuse(http.StatusRequestEntityTooLarge, "body: is larger than 1 MiB; send less", "the body is too large")
}

func badBody(problem, cause string) error {
	return refuse(http.StatusBadRequest, "body: "+problem, "bad body: "+cause)
}

// parseBody reads JSON into a pointer to a struct. Members that it does not have are
// ignored. encoding/json would take names in any case, the last of two equal ones, and half
// of a surrogate pair as another character, and an upload keeps what it reads.
func parseBody(data []byte, into any) error {
	if !utf8.Valid(data) {
		return badBody("must be UTF-8", "not UTF-8")
	}
	if len(data) == 0 {
		return badBody("must be a JSON object", "empty")
	}
	if bytes.Count(data, []byte("{")) > maxObjects {
		return badBody(fmt.Sprintf("has more than %d objects; send fewer", maxObjects), "too many objects")
	}
	err := json.Unmarshal(data, into)
	var syntax *jsontext.SyntacticError
	var mistyped *json.SemanticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		errors.As(err, &syntax)
		return badField(syntax.JSONPointer, "is sent twice; send it once", "a member twice")
	case errors.As(err, &syntax) && strings.Count(string(syntax.JSONPointer), "/") >= maxNesting:
		return badBody(fmt.Sprintf("is nested more than %d deep; send less nesting", maxNesting), "nested too deeply")
	case errors.As(err, &syntax):
		return badBody(fmt.Sprintf("is not JSON at byte %d; send one JSON object", syntax.ByteOffset+1), "not JSON")
	case errors.As(err, &mistyped) && mistyped.GoType != nil:
		text := fmt.Sprintf("send %s instead of %s", kindName(mistyped.GoType), valueNames[mistyped.JSONKind])
		if mistyped.JSONKind == '0' && kindName(mistyped.GoType) == valueNames['0'] {
			text = "the number is too large"
		}
		return badField(mistyped.JSONPointer, text, "a value of the wrong type")
	}
	return err
}

// badField is the refusal of a member of a body, by its path. It may be of the client's naming,
// and so is not the log's.
func badField(pointer jsontext.Pointer, problem, cause string) error {
	path := "body"
	for i, token := range slices.Collect(pointer.Tokens()) {
		switch _, err := strconv.Atoi(token); {
		case i == 0:
			path = token
		case err == nil:
			path += "[" + token + "]"
		default:
			path += "." + token
		}
	}
	return refuse(http.StatusBadRequest, fmt.Sprintf("%.*s: %s", 2*maxEcho, path, problem), "bad body: "+cause)
}

// valueNames are what kinds of JSON are called.
var valueNames = map[jsontext.Kind]string{
	'[': "an array", '{': "an object", '"': "a string", '0': "a number", 't': "true or false", 'f': "true or false", 'n': "null",
}

// kindName is the JSON that is read into a type of Go's.
func kindName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return valueNames['{']
	case reflect.Slice:
		return valueNames['[']
	case reflect.Bool:
		return valueNames['t']
	case reflect.String:
		return valueNames['"']
	}
	return valueNames['0']
}

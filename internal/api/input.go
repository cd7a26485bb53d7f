package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callvault/callvault/internal/web"
)

const (
	// maxInput is the largest body of a request: a hundred ids have three kilobytes.
	maxInput = 1 << 20

	// inputCost is how many bytes a byte of a body may take in memory: short texts.
	inputCost = 8

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
// ignored.
func parseBody(data []byte, into any) error {
	if !utf8.Valid(data) {
		return badBody("must be UTF-8", "not UTF-8")
	}
	if len(data) == 0 {
		return badBody("must be a JSON object", "empty")
	}
	err := json.Unmarshal(data, into)
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return badBody(fmt.Sprintf("is not JSON at byte %d; send one JSON object", syntax.Offset), "not JSON")
	case errors.As(err, &mistyped):
		path := mistyped.Field
		if path == "" {
			path = "body"
		}
		value, _, _ := strings.Cut(mistyped.Value, " ") // from a number
		wanted, got := kindName(mistyped.Type.Kind()), valueNames[value]
		text := fmt.Sprintf("%s: send %s instead of %s", path, wanted, got)
		if wanted == got {
			text = path + ": the number is too large"
		}
		return refuse(http.StatusBadRequest, text, "bad body: "+path)
	}
	return err
}

// valueNames are what encoding/json calls the types of JSON.
var valueNames = map[string]string{"array": "an array", "bool": "true or false", "number": "a number", "object": "an object", "string": "a string"}

// kindName is the type of JSON that is read into a kind of Go's.
func kindName(kind reflect.Kind) string {
	switch kind {
	case reflect.Struct, reflect.Map:
		return valueNames["object"]
	case reflect.Slice:
		return valueNames["array"]
	case reflect.Bool:
		return valueNames["bool"]
	case reflect.String:
		return valueNames["string"]
	}
	return valueNames["number"]
}

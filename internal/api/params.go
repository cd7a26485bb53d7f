package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// parameter is one of those that GET /v2/calls knows, in the order in which
// their problems are told.
type parameter int

const (
	fromParameter parameter = iota
	toParameter
	workspaceParameter
	cursorParameter
	parameterCount

	unknownParameter parameter = -1
)

var parameterNames = [parameterCount]string{"fromDateTime", "toDateTime", "workspaceId", "cursor"}

func (p parameter) String() string { return parameterNames[p] }

// maxEcho is as much of what was sent as an error repeats.
const maxEcho = 40

// maxOthers is how many parameters that we do not know are complained of.
const maxOthers = 8

// parameters is what a query said and what is wrong with it.
type parameters struct {
	values   [parameterCount]string
	problems [parameterCount]string // at most one to a parameter
	others   []string               // problems of parameters that we do not know
	cause    error                  // of the cursor's problem, for the log
}

// parse splits a query at every "&" and decodes what is ours. Only
// "&" separates: ";" is an ordinary character. An empty value counts as absent
// and a parameter that we do not know as not sent, but a broken escape is
// refused wherever it stands: nobody knows what it would have said.
func (p *parameters) parse(rawQuery string) {
	for rest, more := rawQuery, rawQuery != ""; more; {
		var pair string
		pair, rest, more = strings.Cut(rest, "&")
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		which := parameter(slices.Index(parameterNames[:], name))
		switch {
		case nameErr != nil, valueErr != nil && which == unknownParameter:
			p.refuseOther(rawName)
		case valueErr != nil:
			p.refuse(which, which.String()+brokenEscape)
		case which == unknownParameter || value == "":
		case p.values[which] != "":
			p.refuse(which, which.String()+": must be sent once")
		default:
			p.values[which] = value
		}
	}
}

const brokenEscape = `: has a broken % escape; accepted is % with two hexadecimal digits`

// refuse notes the problem of a parameter; the first one counts.
func (p *parameters) refuse(which parameter, problem string) {
	if p.problems[which] == "" {
		p.problems[which] = problem
	}
}

func (p *parameters) refuseOther(name string) {
	if len(p.others) < maxOthers {
		p.others = append(p.others, fmt.Sprintf("%.*s", maxEcho, name)+brokenEscape)
	}
}

// refuseCursor notes the problem of the cursor, in the contract's words, and
// its cause, which is for the log.
func (p *parameters) refuseCursor(cause error) {
	text := gong.CursorNotVerified
	if errors.Is(cause, errCursorExpired) {
		text = gong.CursorExpired
	}
	p.refuse(cursorParameter, text)
	p.cause = cause
}

// require notes a problem when a parameter was not sent.
func (p *parameters) require(which parameter) {
	if !p.sent(which) {
		p.refuse(which, which.String()+": "+gong.MustNotBeNull)
	}
}

// sound tells whether a parameter has no problem so far.
func (p *parameters) sound(which parameter) bool { return p.problems[which] == "" }

// sent tells whether a parameter was sent, be it well or badly.
func (p *parameters) sent(which parameter) bool {
	return p.values[which] != "" || !p.sound(which)
}

// value is what was sent, or "" when there was nothing, or nothing sound.
func (p *parameters) value(which parameter) string {
	if !p.sound(which) {
		return ""
	}
	return p.values[which]
}

// time is the value of a parameter as an instant.
func (p *parameters) time(which parameter) (instant time.Time, sent bool) {
	value := p.value(which)
	if value == "" {
		return time.Time{}, false
	}
	t, err := gong.ParseTime(value)
	if err != nil {
		p.refuse(which, which.String()+": "+err.Error())
		return time.Time{}, false
	}
	return t.Instant(), true
}

// id is the value of a parameter as an id.
func (p *parameters) id(which parameter) (id callvault.ID, sent bool) {
	value := p.value(which)
	if value == "" {
		return callvault.ID{}, false
	}
	id, err := callvault.ParseID(value)
	if err != nil {
		p.refuse(which, fmt.Sprintf("%s: %.*q is not accepted; accepted is a number of 1 to 20 digits", which, maxEcho, value))
		return callvault.ID{}, false
	}
	return id, true
}

// err is the error that names every problem, or nil.
func (p *parameters) err() error {
	var texts, names []string
	for which, problem := range p.problems {
		if problem != "" {
			texts = append(texts, problem)
			name := parameter(which).String()
			if parameter(which) == cursorParameter && p.cause != nil {
				name += " (" + p.cause.Error() + ")"
			}
			names = append(names, name)
		}
	}
	if len(p.others) > 0 {
		texts = append(texts, p.others...)
		names = append(names, "others")
	}
	if texts == nil {
		return nil
	}
	return &clientError{status: http.StatusBadRequest, texts: texts, cause: "bad parameters: " + strings.Join(names, ", ")}
}

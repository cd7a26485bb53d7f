package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// The parameters of a page of calls, in the order in which errors list them.
const (
	fromParameter = iota
	toParameter
	workspaceParameter
	cursorParameter
	parameterCount
)

// What they are called in a query and in a body.
var (
	queryNames = [parameterCount]string{"fromDateTime", "toDateTime", "workspaceId", "cursor"}
	bodyNames  = [parameterCount]string{"filter.fromDateTime", "filter.toDateTime", "filter.workspaceId", "cursor"}
)

const (
	maxEcho   = 40 // characters of what was sent that an error repeats
	maxOthers = 8  // problems of parameters that we do not know
)

// parameters are the values of a query or a body and their problems.
type parameters struct {
	names    *[parameterCount]string
	values   [parameterCount]string // "" when nothing was sent
	problems [parameterCount]string // at most one to a parameter
	others   []string               // further problems
	advice   string                 // after all problems, unless empty
	cause    string                 // of the cursor's problem, for the log
}

// parse splits a query at every "&" and decodes what is ours. Only
// "&" separates: ";" is an ordinary character. An empty value counts as absent, and
// unknown parameters are ignored. A broken escape is an error anywhere, because it could
// hide a parameter that we know.
func (p *parameters) parse(rawQuery string) {
	for pair := range strings.SplitSeq(rawQuery, "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, nameErr := unescape(rawName)
		value, valueErr := unescape(rawValue)
		which := slices.Index(p.names[:], name)
		if name == "" { // of a parameter that the route does not have
			which = -1
		}
		switch {
		case nameErr != nil || valueErr != nil && which < 0:
			if len(p.others) < maxOthers {
				p.others = append(p.others, fmt.Sprintf("%.*s", maxEcho, rawName)+brokenEscape)
			}
		case valueErr != nil:
			p.refuse(which, p.names[which]+brokenEscape)
		case which < 0 || value == "":
		case p.values[which] != "":
			p.refuse(which, p.names[which]+": must be sent once")
		default:
			p.values[which] = value
		}
	}
}

// unescape calls url.QueryUnescape only if needed, because that reads every byte.
func unescape(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, nil
	}
	return url.QueryUnescape(s)
}

const brokenEscape = `: has a broken % escape; send % with two hexadecimal digits`

// refuse notes the problem of a parameter; the first one counts.
func (p *parameters) refuse(which int, problem string) {
	if p.problems[which] == "" {
		p.problems[which] = problem
	}
}

// sent reports whether a parameter was sent, valid or not.
func (p *parameters) sent(which int) bool {
	return p.values[which] != "" || p.problems[which] != ""
}

// read reads the value of a parameter. It returns false when none was sent, or none that
// can be read.
func read[T any](p *parameters, which int, parse func(string) (T, error)) (value T, ok bool) {
	if p.values[which] == "" || p.problems[which] != "" {
		return value, false
	}
	value, err := parse(p.values[which])
	if err != nil {
		p.refuse(which, p.names[which]+": "+err.Error())
	}
	return value, err == nil
}

func parseInstant(value string) (time.Time, error) {
	t, err := gong.ParseTime(value)
	if err != nil {
		return time.Time{}, err
	}
	return t.Instant(), nil
}

func parseID(value string) (callvault.ID, error) {
	id, err := callvault.ParseID(value)
	if err != nil {
		err = fmt.Errorf("%.*q is not an id; send a number of 1 to 20 digits", maxEcho, value)
	}
	return id, err
}

// refuseCursor notes the problem of the cursor, in the contract's words, and
// its cause, which is for the log.
func (p *parameters) refuseCursor(cause error) {
	text := gong.CursorNotVerified
	if cause == errCursorExpired {
		text = gong.CursorExpired
	}
	p.refuse(cursorParameter, text)
	p.cause = " (" + cause.Error() + ")"
}

// err is the error that names every problem, or nil.
func (p *parameters) err() error {
	var texts, names []string
	for which, problem := range p.problems {
		if problem != "" {
			texts, names = append(texts, problem), append(names, p.names[which])
		}
	}
	if p.problems[cursorParameter] != "" {
		names[len(names)-1] += p.cause
	}
	if len(p.others) > 0 {
		texts, names = append(texts, p.others...), append(names, "others")
	}
	if texts == nil {
		return nil
	}
	if p.advice != "" {
		texts = append(texts, p.advice)
	}
	return &clientError{status: http.StatusBadRequest, texts: texts, cause: "bad parameters: " + strings.Join(names, ", ")}
}

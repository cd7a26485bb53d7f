package gong

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// ErrDayUsedUp is the error of a request beyond Client.PerDay.
var ErrDayUsedUp = errors.New("gong: today's requests (UTC) are used up")

// ErrNoProgress ends a walk in which the server repeated a cursor, or sent a page with a
// cursor and no new call.
var ErrNoProgress = errors.New("gong: the walk makes no progress")

// Error is an answer that is not 200: the server refused or failed.
type Error struct {
	Status     int
	RequestID  string   // the server's id of the request, if it sent one
	Errors     []string // the server's texts
	RetryAfter time.Duration
	Date       time.Time // the server's clock by its header Date; zero without one
}

func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "gong: the server answered %d", e.Status)
	if len(e.Errors) > 0 {
		text.WriteString(": " + strings.Join(e.Errors, "; "))
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&text, " (retry in %v)", e.RetryAfter)
	}
	if e.RequestID != "" {
		text.WriteString(" (request " + e.RequestID + ")")
	}
	return text.String()
}

// NoCalls tells whether the server says that a query has no calls. The text matters, because
// servers of other things answer 404, too.
func (e *Error) NoCalls() bool {
	return e.Status == http.StatusNotFound && e.says("no calls")
}

// says tells whether one of the texts contains some words, in any case.
func (e *Error) says(words string) bool {
	for _, text := range e.Errors {
		if strings.Contains(strings.ToLower(text), words) {
			return true
		}
	}
	return false
}

// asError is the *Error in an error, or nil.
func asError(err error) *Error {
	refusal := (*Error)(nil)
	errors.As(err, &refusal)
	return refusal
}

// isEmptyRange tells whether a server says that a query has no calls.
func isEmptyRange(err error) bool {
	refusal := asError(err)
	return refusal != nil && refusal.NoCalls()
}

// isExpired tells whether a server refuses a cursor as too old, or as one that it can't
// verify, because its secret may have changed.
func isExpired(err error) bool {
	refusal := asError(err)
	if refusal == nil || refusal.Status < http.StatusBadRequest || refusal.Status >= http.StatusInternalServerError {
		return false
	}
	return refusal.says("cursor has expired") || refusal.says("failed to verify cursor")
}

// AnswerError is an answer with status 200 that is not what was requested.
type AnswerError struct {
	Host    string
	Problem string // what is wrong with it
	Wanted  string // what it should be; empty means a page of calls
}

func (e *AnswerError) Error() string {
	if e.Wanted == "" {
		return "gong: the answer of " + e.Host + " is not a page of calls: " + e.Problem
	}
	return "gong: the answer of " + e.Host + " is not " + e.Wanted + ": " + e.Problem
}

// ShortError ends a walk whose server ended its list too early. The calls that came are
// good; which are missing is unknown.
type ShortError struct {
	Met    int    // calls that came, with those that break the contract
	Total  int    // calls by the first page's total, or -1 without one
	Reason string // how the list ended
	Err    error  // the server's *Error, if it ended the list
}

func (e *ShortError) Error() string {
	if e.Total < 0 {
		return fmt.Sprintf("gong: the server listed %d calls of an unknown number: %s", e.Met, e.Reason)
	}
	return fmt.Sprintf("gong: the server listed %d of %d calls: %s", e.Met, e.Total, e.Reason)
}

// Unwrap is the server's *Error, or nil.
func (e *ShortError) Unwrap() error { return e.Err }

package gong

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// How a page is bounded. A page of Gong's has 100 calls.
const (
	maxListed = 10_000   // calls on a page: a small one takes far more memory than its bytes
	maxCursor = 32 << 10 // bytes of a cursor, which must fit into a URL
)

// page is a page whose calls have not been parsed.
type page struct {
	requestID  string
	records    Records
	hasRecords bool
	total      int // totalRecords, or unknown
	calls      []json.RawMessage
}

// unknown is the total of a server that sent none.
const unknown = -1

// parsePage parses an answer: only an object with an array "calls" is a page. The calls
// share the memory of body. The error is the problem of an AnswerError.
func parsePage(body []byte) (*page, error) {
	if err := isObject(body); err != nil {
		return nil, err
	}
	p := &page{total: unknown}
	var calls []byte
	err := eachMember(body, []string{"requestId", "records", "calls"}, func(name string, value []byte) (err error) {
		switch name {
		case "requestId":
			p.requestID = clip(textOf(value), 100)
		case "records":
			err = p.takeRecords(value)
		case "calls":
			calls = value
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case calls == nil:
		return nil, errors.New(strings.Join(append([]string{`it has no "calls"`}, saidIn(body, "errors", "error", "message")...), "; it says: "))
	case calls[0] != '[':
		return nil, fmt.Errorf(`its "calls" are %s, not an array`, kindOfJSON(calls))
	}
	if said := saidIn(body, "errors", "error"); len(said) > 0 {
		return nil, errors.New("it has errors: " + strings.Join(said, "; "))
	}
	if p.calls = elements(calls, maxListed+1); len(p.calls) > maxListed {
		return nil, fmt.Errorf("it has more than %d calls", maxListed)
	}
	return p, nil
}

// isObject returns why a body is not a JSON object, or nil if it begins like one.
func isObject(body []byte) error {
	s := scanner{data: body}
	switch s.space(); s.peek() {
	case '{':
		return nil
	case 0:
		return errors.New("it is empty")
	case '<':
		return errors.New("it is HTML or XML; check the base URL, and whether a proxy or a login page answers instead")
	}
	value, err := s.raw()
	if err != nil {
		return err
	}
	return fmt.Errorf("it is %s, not an object", kindOfJSON(value))
}

// takeRecords parses the value of records.
func (p *page) takeRecords(value []byte) error {
	switch value[0] {
	case 'n':
		return nil
	case '{':
	default:
		return fmt.Errorf(`its "records" are %s, not an object`, kindOfJSON(value))
	}
	p.hasRecords = true
	return eachMember(value, []string{"totalRecords", "currentPageSize", "currentPageNumber", "cursor"}, func(name string, value []byte) (err error) {
		switch name {
		case "totalRecords":
			if p.total, err = countOf(name, value); err == nil {
				p.records.TotalRecords = max(0, p.total)
			}
			return err
		case "currentPageSize":
			p.records.CurrentPageSize, err = countOf(name, value)
		case "currentPageNumber":
			p.records.CurrentPageNumber, err = countOf(name, value)
		case "cursor":
			return p.takeCursor(value)
		}
		return err
	})
}

func (p *page) takeCursor(value []byte) error {
	switch {
	case value[0] == 'n':
		return nil
	case value[0] != '"':
		return fmt.Errorf(`its "cursor" is %s, not a string`, kindOfJSON(value))
	case len(value) > maxCursor:
		return fmt.Errorf(`its "cursor" has %d bytes; at most %d fit into a request`, len(value), maxCursor)
	}
	p.records.Cursor = textOf(value)
	return nil
}

// countOf parses a number of things; null is unknown.
func countOf(name string, value []byte) (int, error) {
	if value[0] == 'n' {
		return unknown, nil
	}
	n, err := strconv.ParseUint(string(value[:min(len(value), 20)]), 10, 31)
	if err != nil {
		return 0, fmt.Errorf("its %q is %s, not a whole number of 0 to %d", name, clip(string(value), maxEcho), math.MaxInt32)
	}
	return int(n), nil
}

// wrong adds to an error which call of the page it is about.
func (p *page) wrong(i int, err error) error {
	if p.requestID == "" {
		return fmt.Errorf("gong: call %d of an answer: %w", i+1, err)
	}
	return fmt.Errorf("gong: call %d of the answer to request %s: %w", i+1, p.requestID, err)
}

// listedCall parses a call of a list, which must have an id.
func listedCall(document []byte) (Call, error) {
	if document[0] != '{' {
		return Call{}, &CallError{[]FieldError{{Problem: "it is " + kindOfJSON(document) + ", not an object"}}}
	}
	call, err := ParseCall(document)
	if err != nil {
		return Call{}, err
	}
	if err := ValidID(call.ID); err != nil {
		return Call{}, &CallError{[]FieldError{{"id", err.Error()}}}
	}
	return call, nil
}

// saidIn are the strings, or the strings in arrays, of some members of an object, where
// APIs and the gateways before them put errors.
func saidIn(object []byte, names ...string) (said []string) {
	// A name that appears twice ends it; what came before is enough.
	_ = eachMember(object, names, func(_ string, value []byte) error {
		values := []json.RawMessage{value}
		if value[0] == '[' {
			values = elements(value, 5)
		}
		for _, value := range values {
			if text := textOf(value); text != "" {
				said = append(said, clip(text, 300))
			}
		}
		return nil
	})
	return said
}

// clip is the beginning of a text.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

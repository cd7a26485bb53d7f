package gong

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// How a page is bounded. A page of Gong's has 100 calls.
const (
	maxListed = 10_000   // calls on a page: a small one takes far more memory than its bytes
	maxCursor = 32 << 10 // bytes of a cursor, which must fit into a URL
)

// page is a page of calls, or of other documents, that have not been parsed.
type page struct {
	requestID  string
	records    Records
	hasRecords bool
	total      int // totalRecords, or unknown
	calls      []json.RawMessage
}

// unknown is the total of a server that sent none.
const unknown = -1

// List is a page of an answer, with its documents not yet parsed: one that breaks the
// contract does not spoil the others.
type List struct {
	RequestID string
	Total     int    // records.totalRecords, or -1 if the server sent none
	Cursor    string // of the next page; empty on the last
	Documents []json.RawMessage
}

// List reads the answer as a page of "calls", "users" or "workspaces". Only an answer with an
// array of that name, and without errors, is a page; any other is an *AnswerError.
func (a *Answer) List(of string) (*List, error) {
	p, err := a.page(of)
	if err != nil {
		return nil, err
	}
	return &List{p.requestID, p.total, p.records.Cursor, p.calls}, nil
}

// page reads the answer as a page.
func (a *Answer) page(of string) (*page, error) {
	p, err := parsePage(a.Members, of)
	if err == nil {
		return p, nil
	}
	wrong := &AnswerError{Host: a.Host, Problem: err.Error()}
	if of != "calls" {
		wrong.Wanted = "a page of " + of
	}
	return nil, wrong
}

// parsePage reads the members of an answer. The error is the problem of an AnswerError.
func parsePage(members map[string]json.RawMessage, of string) (*page, error) {
	documents, said := members[of], saidIn(members, "errors", "error")
	switch {
	case documents == nil:
		said = append([]string{fmt.Sprintf("it has no %q", of)}, append(said, saidIn(members, "message")...)...)
		return nil, errors.New(strings.Join(said, "; it says: "))
	case documents[0] != '[':
		return nil, fmt.Errorf("its %q are %s, not an array", of, kindOf(string(documents)))
	case len(said) > 0:
		return nil, errors.New("it has errors: " + strings.Join(said, "; "))
	}
	p := &page{requestID: clip(textOf(members["requestId"]), 100), total: unknown}
	if records := members["records"]; records != nil && string(records) != "null" {
		if err := p.takeRecords(records); err != nil {
			return nil, err
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(documents))
	decoder.Token()
	for decoder.More() {
		if len(p.calls) == maxListed {
			return nil, fmt.Errorf("it has more than %d %s", maxListed, of)
		}
		var document json.RawMessage
		if err := decoder.Decode(&document); err != nil {
			return nil, err
		}
		p.calls = append(p.calls, document)
	}
	return p, nil
}

// membersOf are the members of a body that is a JSON object.
func membersOf(body []byte) (members map[string]json.RawMessage, err error) {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return nil, errors.New("it is empty")
	case body[0] == '<':
		return nil, errors.New("it is HTML or XML; check the base URL, and whether a proxy or a login page answers instead")
	}
	err = json.Unmarshal(body, &members)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return nil, fmt.Errorf("not valid JSON at byte %d", syntax.Offset)
	}
	if members == nil {
		return nil, fmt.Errorf("it is %s, not an object", kindOf(string(body)))
	}
	return members, nil
}

// takeRecords parses the value of records.
func (p *page) takeRecords(value []byte) error {
	records := struct {
		Records
		TotalRecords *uint32 `json:"totalRecords"` // null is unknown
	}{}
	err := json.Unmarshal(value, &records)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return fmt.Errorf("its %q must not be %s", strings.TrimSuffix("records."+strings.TrimPrefix(wrong.Field, "Records."), "."), wrong.Value)
	}
	if len(records.Cursor) > maxCursor {
		return fmt.Errorf(`its "cursor" has %d bytes; at most %d fit into a request`, len(records.Cursor), maxCursor)
	}
	p.records, p.hasRecords = records.Records, true
	if records.TotalRecords != nil {
		p.total = int(*records.TotalRecords)
		p.records.TotalRecords = p.total
	}
	return err
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
		return Call{}, &CallError{[]FieldError{{Problem: "it is " + kindOf(string(document)) + ", not an object"}}}
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
func saidIn(members map[string]json.RawMessage, names ...string) (said []string) {
	for _, name := range names {
		var value any
		if json.Unmarshal(members[name], &value) != nil {
			continue
		}
		values, isArray := value.([]any)
		if !isArray {
			values = []any{value}
		}
		for _, value := range values[:min(len(values), 5)] {
			if text, _ := value.(string); text != "" {
				said = append(said, clip(text, 300))
			}
		}
	}
	return said
}

// textOf is the text of a JSON string, and empty for any other value.
func textOf(value []byte) (text string) {
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}

// clip is the beginning of a text.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

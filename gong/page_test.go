package gong

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// answering is a server that always answers 200 with a body.
func answering(t *testing.T, body string) *fake {
	return &fake{t: t, refuse: func(_ int, w http.ResponseWriter) bool {
		io.WriteString(w, body)
		return true
	}}
}

// Status 200 alone does not make a page of calls.
func TestNotAPage(t *testing.T) {
	for body, want := range map[string]string{
		``:                                     `it is empty`,
		" \r\n":                                `it is empty`,
		`{}`:                                   `it has no "calls"`,
		`{"error":"maintenance"}`:              `it has no "calls"; it says: maintenance`,
		`{"message":"not authorized"}`:         `it has no "calls"; it says: not authorized`,
		`{"errors":["a","b"],"requestId":"r"}`: `it has no "calls"; it says: a; it says: b`,
		`{"error":{"code":5}}`:                 `it has no "calls"`,
		`{"records":{"totalRecords":3}}`:       `it has no "calls"`,
		`{"Calls":[]}`:                         `it has no "calls"`,
		`{"calls":null}`:                       `its "calls" are null, not an array`,
		`{"calls":{"id":"1"}}`:                 `its "calls" are an object, not an array`,
		`{"calls":"[]"}`:                       `its "calls" are a string, not an array`,
		`{"calls":0}`:                          `its "calls" are a number, not an array`,
		`{"calls":[],"errors":["half of it"]}`: `it has errors: half of it`,
		`{"calls":[],"records":[]}`:            `its "records" must not be array`,
		`{"calls":[],"records":"none"}`:        `its "records" must not be string`,
		`{"calls":[],"records":{"totalRecords":-1}}`:    `its "records.totalRecords" must not be number -1`,
		`{"calls":[],"records":{"totalRecords":1e99}}`:  `its "records.totalRecords" must not be number 1e99`,
		`{"calls":[],"records":{"totalRecords":"33"}}`:  `its "records.totalRecords" must not be string`,
		`{"calls":[],"records":{"currentPageSize":[]}}`: `its "records.currentPageSize" must not be array`,
		`{"calls":[],"records":{"cursor":7}}`:           `its "records.cursor" must not be number`,
		`[]`:                                            `it is an array, not an object`,
		`null`:                                          `it is null, not an object`,
		`"calls"`:                                       `it is a string, not an object`,
		`<!DOCTYPE html><title>Log in`:                  `it is HTML or XML; check the base URL, and whether a proxy or a login page answers instead`,
		`{"calls":[{"id":"1"`:                           `not valid JSON at byte 19`,
		`{"calls":[]}{}`:                                `not valid JSON at byte 13`,
		`Service Unavailable`:                           `not valid JSON at byte 1`,
		`{"calls":[],"records":{"cursor":"` + strings.Repeat("x", maxCursor+1) + `"}}`: `its "cursor" has 32769 bytes; at most 32768 fit into a request`,
		`{"calls":[0` + strings.Repeat(",0", maxListed) + `]}`:                         `it has more than 10000 calls`,
	} {
		f := answering(t, body)
		met, err := ids(f.client(), ListCallsQuery{})
		if answer := (*AnswerError)(nil); !errors.As(err, &answer) || answer.Problem != want || len(met) > 0 || len(f.requests) != 1 {
			t.Errorf("%.60s: %v after %d requests\nwant %s", body, err, len(f.requests), want)
		}
	}
}

// An array without calls is an empty page, whatever else is there or not.
func TestEmptyPage(t *testing.T) {
	for _, body := range []string{
		`{"calls":[]}`,
		` {"calls" : [ ] , "records" : null}`,
		`{"requestId":null,"calls":[],"records":{},"errors":[],"error":null,"message":"fine"}`,
		`{"records":{"totalRecords":0,"currentPageSize":0,"currentPageNumber":0,"cursor":null},"calls":[],"more":{"a":[{}],"b":"]}"}}`,
	} {
		met, err := ids(answering(t, body).client(), ListCallsQuery{})
		if err != nil || len(met) > 0 {
			t.Errorf("%s: %v, %v", body, met, err)
		}
	}
}

// A call whose id is not one is reported, and the others are taken.
func TestWrongIDs(t *testing.T) {
	calls := []string{`{"id":"x1"}`, `{"id":null}`, `{}`, `{"id":""}`, `{"id":"007"}`, `{"id":"1234567890123456789012345"}`, `{"id":1234567890123456789012345}`,
		`{"id":"-1"}`, `{"id":"1.5"}`, `{"id":1e3}`, `{"id":" 1"}`, `{"id":"٣"}`, `{"id":{}}`, `{"id":"1","id":"2"}`, `7`, `null`, `"1"`, `[]`,
		`{"id":"0"}`, `{"id":"99999999999999999999"}`, `{"id":"18446744073709551616"}`, `{"id":5}`, `{"id":"5"}`}
	var met, wrong []string
	for call, err := range answering(t, `{"requestId":"r","records":{"totalRecords":23},"calls":[`+strings.Join(calls, ",")+`]}`).client().Calls(t.Context(), ListCallsQuery{}) {
		if broken := (*CallError)(nil); errors.As(err, &broken) {
			wrong = append(wrong, broken.Error())
		} else if err != nil {
			t.Error(err)
		} else {
			met = append(met, call.ID)
		}
	}
	if want := []string{"0", "99999999999999999999", "18446744073709551616", "5"}; !slices.Equal(met, want) {
		t.Errorf("met %q", met)
	}
	want := []string{`id: "x1" is not a number of 1 to 20 digits`,
		`id: is missing or empty; it must be a number of 1 to 20 digits, under exactly this name`,
		`id: is missing or empty; it must be a number of 1 to 20 digits, under exactly this name`,
		`id: is missing or empty; it must be a number of 1 to 20 digits, under exactly this name`,
		`id: "007" has leading zeros; write the number of 1 to 20 digits without them`,
		`id: "1234567890123456789012345" is not a number of 1 to 20 digits`,
		`id: "1234567890123456789012345" is not a number of 1 to 20 digits`,
		`id: "-1" is not a number of 1 to 20 digits`,
		`id: "1.5" is not a number of 1 to 20 digits`,
		`id: 1e3 is not a whole number of at least 0`,
		`id: " 1" is not a number of 1 to 20 digits`,
		`id: "٣" is not a number of 1 to 20 digits`,
		`id: must be a string of digits, not an object`,
		`id: appears twice`,
		`it is a number, not an object`, `it is null, not an object`, `it is a string, not an object`, `it is an array, not an object`,
		`id: 5 appears on this page twice`}
	if !slices.Equal(wrong, want) {
		t.Errorf("wrong is\n%s\nwant\n%s", strings.Join(wrong, "\n"), strings.Join(want, "\n"))
	}
}

// half is a body that ends too early, as net/http reports it.
type half struct{ io.Reader }

func (h half) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// carrying answers every request with one body, and counts the requests.
type carrying struct {
	body     func() io.Reader
	requests int
}

func (c *carrying) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests++
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(c.body()), Request: r}, nil
}

// A body that is cut short is requested again, and is an error in the end; one
// without an end is given up.
func TestHalfABody(t *testing.T) {
	cut := func() io.Reader { return half{strings.NewReader(`{"calls":[{"id":"1"`)} }
	zipped := func() io.Reader {
		var whole strings.Builder
		w := gzip.NewWriter(&whole)
		io.WriteString(w, `{"calls":[]}`)
		w.Close()
		r, err := gzip.NewReader(strings.NewReader(whole.String()[:whole.Len()-4]))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, tt := range map[string]struct {
		body     func() io.Reader
		requests int
		want     string
	}{
		"cut":     {cut, 6, "gong: calls.example.com broke off its answer"},
		"gzip":    {zipped, 6, "gong: calls.example.com broke off its answer"},
		"endless": {func() io.Reader { return zeros{} }, 1, "gong: the answer of calls.example.com is not a page of calls: it has more than 128 MiB"},
	} {
		synctest.Test(t, func(t *testing.T) {
			sent := &carrying{body: tt.body}
			c := &Client{BaseURL: "https://calls.example.com", HTTP: &http.Client{Transport: sent}}
			if _, err := c.ListCalls(t.Context(), ListCallsQuery{}, ""); fmt.Sprint(err) != tt.want || sent.requests != tt.requests {
				t.Errorf("%s: %v after %d requests", name, err, sent.requests)
			}
		})
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// What a server says is bounded before it is shown.
func TestLongRefusal(t *testing.T) {
	f := &fake{t: t, refuse: func(_ int, w http.ResponseWriter) bool {
		say(w, http.StatusForbidden, strings.Repeat("no ", 9000), "2", "3", "4", "5", "6")
		return true
	}}
	_, err := f.client().ListCalls(t.Context(), ListCallsQuery{}, "")
	if text := fmt.Sprint(err); len(text) > 500 || !strings.HasPrefix(text, "gong: the server answered 403: no no ") || strings.Contains(text, "; 6") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}

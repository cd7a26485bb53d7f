package api

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/web"
)

// post asks as acme does, with a body.
func post(target, body string) *http.Request {
	r := httptest.NewRequest("POST", target, strings.NewReader(body))
	r.Header.Set("Authorization", basicAuth("KEY", "hush"))
	return r
}

const (
	details     = "/v2/calls/extensive"
	transcripts = "/v2/calls/transcript"
)

// A body of 1 MiB is read, with or without a length. A larger one is refused, and what is
// not UTF-8.
func TestSizesOfBodies(t *testing.T) {
	s := newServer(t, Config{})
	s.put(t, "acme", call(t, "1", 1, ""))
	const body = `{"filter":{"callIds":["1"]}}`
	whole := body + strings.Repeat(" ", maxInput-len(body))
	for _, test := range []struct {
		body   string
		length int64
		status int
		texts  []string
	}{
		{whole, maxInput, http.StatusOK, nil},
		{whole, -1, http.StatusOK, nil},
		{whole + " ", maxInput + 1, http.StatusRequestEntityTooLarge, []string{"body: is larger than 1 MiB; send less"}},
		{whole + " ", -1, http.StatusRequestEntityTooLarge, []string{"body: is larger than 1 MiB; send less"}},
		{strings.Replace(body, "1", "\xff", 1), -1, http.StatusBadRequest, []string{"body: must be UTF-8"}},
		{`{"x":` + strings.Repeat("[", maxInput-5), maxInput, http.StatusBadRequest, []string{"body: is nested more than 10000 deep; send less nesting"}},
		{`{"x":[` + strings.Repeat("{},", maxObjects) + `{}]}`, -1, http.StatusBadRequest, []string{"body: has more than 10000 objects; send fewer"}},
		{`{"filter":{"callIds":["1"],"callIds":["2"]}}`, -1, http.StatusBadRequest, []string{"filter.callIds: is sent twice; send it once"}},
		{`{"Filter":{}}`, -1, http.StatusBadRequest, []string{"filter: must not be null"}},
		{`{"x":"\ud800"}`, -1, http.StatusBadRequest, []string{"body: is not JSON at byte 7; send one JSON object"}},
	} {
		r := post(details, test.body)
		r.ContentLength = test.length
		wantStatus(t, s.do(r), test.status, test.texts...)
	}
	if held, _ := s.inputs.Held(); held != 0 {
		t.Errorf("%d bytes are held", held)
	}
}

// Ids and users are counted once each.
func TestFiltersAreBounded(t *testing.T) {
	s := newServer(t, Config{OptionalDates: true})
	s.put(t, "acme", call(t, "1", 1, ""))
	list := func(n int) string {
		var texts []string
		for i := range 2 * n {
			texts = append(texts, fmt.Sprintf(`"%d"`, i/2+1))
		}
		return "[" + strings.Join(texts, ",") + "]"
	}
	wantStatus(t, s.do(post(details, `{"filter":{"callIds":`+list(100)+`}}`)), http.StatusOK)
	wantStatus(t, s.do(post(details, `{"filter":{"callIds":`+list(101)+`}}`)), http.StatusBadRequest, "filter.callIds: has more than 100 ids; send them in parts")
	wantStatus(t, s.do(post(details, `{"filter":{"primaryUserIds":`+list(1000)+`}}`)), http.StatusNotFound)
	wantStatus(t, s.do(post(details, `{"filter":{"primaryUserIds":`+list(1001)+`}}`)), http.StatusBadRequest, "filter.primaryUserIds: has more than 1000 ids; send them in parts")

	many := make([]string, 100_000)
	for i := range many {
		many[i] = fmt.Sprint(i + 1)
	}
	got := testing.AllocsPerRun(1, func() {
		p := parameters{names: &bodyNames}
		p.ids("filter.callIds", many, maxCallIDs)
		p.userIDs(many)
	})
	if got > 10*maxUserIDs {
		t.Errorf("to refuse %d ids takes %v allocations", len(many), got)
	}
}

// A body keeps its connection for the next request.
func TestBodiesShareAConnection(t *testing.T) {
	api := newServer(t, Config{Log: discard})
	api.put(t, "acme", call(t, "1", 1, ""))
	serve(t, api.ServeHTTP, func(t *testing.T, s *running) {
		c := s.dial()
		defer c.Close()
		reader := bufio.NewReader(c)
		for _, test := range []struct {
			r      *http.Request
			status int
		}{
			{post(details, `{"filter":{"callIds":["1"]}}`), http.StatusOK},
			{request(everything), http.StatusOK},
			{post(transcripts, `{"filter":{"callIds":["2"]}}`), http.StatusNotFound},
			{post(details, `{"filter":`), http.StatusBadRequest},
			{request(everything), http.StatusOK},
		} {
			go test.r.Write(c)
			response, err := http.ReadResponse(reader, test.r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != test.status {
				t.Errorf("got %d, %v, want %d", response.StatusCode, err, test.status)
			}
		}
	})
}

// Clients that do not send their bodies are left alone while nobody waits for the memory.
// Then others of their company wait until they are refused, and another company does not
// wait at all. Waiting for a body does not count as waiting for the store.
func TestClientsThatDoNotSend(t *testing.T) {
	api := newServer(t, Config{Log: discard})
	api.store.AddKey(t.Context(), testKey(callvault.BasicKey, "other", "OTHER", "hush"))
	api.put(t, "acme", call(t, "1", 1, ""))
	api.put(t, "other", call(t, "1", 1, ""))
	serve(t, api.ServeHTTP, func(t *testing.T, s *running) {
		const small = `{"filter":{"callIds":["1"]}}`
		api.Handler.inputs = newInputs(2 * inputCost * maxInput * inputsPart)
		begin := func(body string, length int) net.Conn {
			c := s.dial()
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n%s", details, basicAuth("KEY", "hush"), length, body)
			synctest.Wait()
			return c
		}
		slow := begin(small[:5], len(small))
		time.Sleep(2 * storeWithin) // the bubble's time
		io.WriteString(slow, small[5:])
		wantPage(t, slow)

		stalled := begin("{", maxInput)
		time.Sleep(2 * web.PressWithin)
		waiting := begin(small, len(small))
		other := post(details, small)
		other.SetBasicAuth("OTHER", "hush")
		began := time.Now()
		c := s.dial()
		other.Write(c)
		wantPage(t, c)
		if took := time.Since(began); took != 0 {
			t.Errorf("another company waited for %v", took)
		}
		time.Sleep(web.PressWithin)
		wantResponse(t, stalled, http.StatusRequestTimeout, `{"requestId":"request000000000002","errors":["body: did not arrive in time; send it at once"]}`)
		stalled.Close()
		wantPage(t, waiting)

		late := begin("{", 2)
		time.Sleep(readWithin)
		wantResponse(t, late, http.StatusRequestTimeout, `{"requestId":"request000000000005","errors":["body: did not arrive in time; send it at once"]}`)
		late.Close()

		var stalling []net.Conn
		for range 6 {
			stalling = append(stalling, begin("{", maxInput))
		}
		time.Sleep(storeWithin)
		wantResponse(t, stalling[5], http.StatusTooManyRequests, `{"requestId":"request000000000011","errors":["API request limit exceeded"]}`)
		for _, c := range stalling {
			c.Close()
		}
		synctest.Wait()
		if held, _ := api.inputs.Held(); held != 0 {
			t.Errorf("%d bytes are held", held)
		}
	})
}

// The room for bodies is a part of the memory that the process may have.
func TestRoomForBodies(t *testing.T) {
	for memory, want := range map[int64]int{math.MaxInt64: 32 << 20, 1 << 30: 32 << 20, 128 << 20: 8 << 20} {
		if got := newInputs(memory).Room(); got != want {
			t.Errorf("of %d bytes %d, want %d", memory, got, want)
		}
	}
}

// Whatever a body has, it is read or refused with what a client can mend.
func FuzzParseBody(f *testing.F) {
	f.Add([]byte(`{"cursor":null,"filter":{"callIds":["1"],"primaryUserIds":["2"]},"contentSelector":{"exposedFields":{"parties":true}}}`))
	f.Add([]byte(`{"filter":{"fromDateTime":1e999,"workspaceId":[{}]}}`))
	f.Add([]byte("{\"filter\":{\"callIds\":[\"\\ud800\",\"\xff\"]}}"))
	f.Add([]byte(`{"Filter":{},"filter":null} x`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var body detailsRequest
		err := parseBody(data, &body)
		var told *clientError
		if err != nil && (!errors.As(err, &told) || told.status != http.StatusBadRequest || len(told.texts) != 1 || !utf8.ValidString(told.texts[0]) || len(told.texts[0]) > 200) {
			t.Errorf("%q: %v", data, err)
		}
		if err == nil && !bytes.ContainsAny(data, "{n") {
			t.Errorf("%q was read", data)
		}
	})
}

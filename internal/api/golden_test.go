package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/limit"
	"github.com/callvault/callvault/internal/openapitest"
)

var update = flag.Bool("update", false, "rewrite the golden exchanges")

// TestExchanges plays the files of testdata/exchanges, each on a server of its
// own. In a file "#" begins a comment, "$" a thing that happens (see happen),
// ">" is a request as it is on the wire, whose body comes after an empty line, "<" the
// answer it must get and "!" the line that it must leave in the log. In a request {basic ID:SECRET} stands for base64, and {cursor} and {next} for
// the last cursor and the last token that an answer had.
//
// Every answer must be as the description of the API has it, too.
func TestExchanges(t *testing.T) {
	described := newDescribed(t)
	files, err := filepath.Glob("testdata/exchanges/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := player{t: t, server: newServer(t, Config{}), described: described}
			got := p.play(string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("%s differs (-want +got); -update rewrites it:\n%s", file, diff)
			}
			if p.requests == 0 {
				t.Error("no request in the file")
			}
		})
	}
}

type player struct {
	t         *testing.T
	server    *server
	described *openapitest.Validator
	cursor    string
	next      string
	requests  int
	slow      bool                                       // the next request's body does not arrive in time
	with      func(*Config)                              // completes what the text says of a server, unless nil
	watch     func(r *http.Request, body, answer string) // is told of each exchange, unless nil
}

// play returns the text with the answers that the server gives.
func (p *player) play(text string) string {
	var out strings.Builder
	var request []string
	answer := func() {
		if request != nil {
			p.requests++
			out.WriteString(p.exchange(request))
			request = nil
		}
	}
	for line := range strings.Lines(text) {
		kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch kind {
		case ">":
			out.WriteString(line)
			request = append(request, rest)
			continue
		case "<", "!": // written anew
			answer()
			continue
		}
		answer()
		if kind == "$" {
			p.happen(strings.Fields(rest))
		}
		out.WriteString(line)
	}
	answer()
	return out.String()
}

var (
	basicForm   = regexp.MustCompile(`\{basic ([^}]*)\}`)
	cursorClaim = regexp.MustCompile(`"cursor":"([^"]*)"`)
	nextClaim   = regexp.MustCompile(`"next":"([^"]*)"`)
)

// exchange sends a request and returns the answer, each line after "< ".
func (p *player) exchange(lines []string) string {
	body := ""
	if i := slices.Index(lines, ""); i >= 0 {
		body = strings.ReplaceAll(strings.Join(lines[i+1:], "\n"), "{cursor}", p.cursor)
		lines = append(slices.Clone(lines[:i]), fmt.Sprintf("Content-Length: %d", len(body)))
	}
	text := strings.Join(lines, "\r\n") + "\r\nHost: callvault.test\r\n\r\n" + body
	text = strings.ReplaceAll(text, "{cursor}", p.cursor)
	text = strings.ReplaceAll(text, "{next}", p.next)
	text = basicForm.ReplaceAllStringFunc(text, func(form string) string {
		id, secret, _ := strings.Cut(basicForm.FindStringSubmatch(form)[1], ":")
		return strings.TrimPrefix(basicAuth(id, secret), "Basic ")
	})
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		p.t.Fatalf("%v in\n%s", err, text)
	}
	if p.slow {
		p.slow, r.Body = false, io.NopCloser(iotest.ErrReader(os.ErrDeadlineExceeded))
	}
	w := httptest.NewRecorder()
	p.server.ServeHTTP(w, r)
	if err := p.described.Check(r, w.Code, w.Header(), completed(p.t, w.Body.Bytes())); err != nil {
		p.t.Error(err)
	}
	if found := cursorClaim.FindStringSubmatch(w.Body.String()); found != nil {
		p.cursor = found[1]
	}
	if found := nextClaim.FindStringSubmatch(w.Body.String()); found != nil {
		p.next = found[1]
	}
	if p.watch != nil {
		p.watch(r, body, w.Body.String())
	}
	line := p.server.log.String()
	p.server.log.Reset()
	for _, secret := range []string{"hush", p.cursor, p.next, "2026-", "DateTime=", "Basic", "S0VZ"} {
		if secret != "" && strings.Contains(line, secret) {
			p.t.Errorf("%q is in the log: %s", secret, line)
		}
	}
	return render(p.t, w.Result()) + "! " + line
}

func render(t *testing.T, response *http.Response) string {
	var out strings.Builder
	fmt.Fprintf(&out, "< HTTP/1.1 %s\n", response.Status)
	for _, name := range slices.Sorted(maps.Keys(response.Header)) {
		for _, value := range response.Header[name] {
			fmt.Fprintf(&out, "< %s: %s\n", name, value)
		}
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(body) > 0 {
		out.WriteString("<\n")
		for line := range bytes.Lines(body) {
			fmt.Fprintf(&out, "< %s\n", line)
		}
	}
	return out.String()
}

// happen does what a line that begins with "$" says.
func (p *player) happen(words []string) {
	t, s := p.t, p.server
	t.Helper()
	switch verb, args := words[0], words[1:]; verb {
	case "server": // server dates=optional page=2 limit=3/s description=yes
		config := parseConfig(t, args)
		if p.with != nil {
			p.with(&config)
		}
		s.restart(t, config)
	case "put": // put COMPANY ID SECONDS-AFTER-NOON [WORKSPACE [DOCUMENT]]
		seconds, err := strconv.ParseFloat(args[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		c := callvault.Call{ID: mustID(t, args[1]), Time: callvault.FloorTime(noon.Add(time.Duration(seconds * 1e9)))}
		if len(args) > 3 && args[3] != "-" {
			c.Workspace = mustID(t, args[3])
		}
		if len(args) > 4 {
			c.Document = []byte(strings.Join(args[4:], " "))
		}
		s.put(t, args[0], c)
	case "import": // import COMPANY users|workspaces DOCUMENT
		kind := callvault.Kind(args[1])
		e, err := callvault.ParseEntry(kind, []byte(strings.Join(args[2:], " ")))
		if err != nil {
			t.Fatal(err)
		}
		of := directoryOf{args[0], kind}
		s.store.entries[of] = append(s.store.entries[of], e)
	case "delete": // delete COMPANY ID
		if n, err := s.store.Calls(args[0]).Delete(context.Background(), []callvault.ID{mustID(t, args[1])}); n != 1 {
			t.Fatal(n, err)
		}
	case "rewind", "lag": // rewind COMPANY NUMBER
		number, err := strconv.Atoi(args[1])
		if err != nil {
			t.Fatal(err)
		}
		s.store.lag(args[0], number)
		if verb == "rewind" {
			s.store.fork(args[0])
		}
	case "key": // key basic|bearer COMPANY ID SECRET [SCOPE]
		key := testKey(callvault.KeyKind(args[0]), args[1], args[2], args[3])
		if len(args) > 4 {
			key.Scopes = []callvault.Scope{callvault.Scope(args[4])}
		}
		s.store.AddKey(context.Background(), key)
	case "revoke": // revoke ID
		s.store.change(args[0], func(k *callvault.Key) { k.Revoked = s.clock.Now() })
	case "expire": // expire ID DURATION-FROM-NOW
		s.store.change(args[0], func(k *callvault.Key) { k.Expires = s.clock.Now().Add(duration(t, args[1])) })
	case "pass": // pass DURATION
		s.clock.advance(duration(t, args[0]))
	case "slow":
		p.slow = true
	case "store": // store fails|mirrors|works
		mirrored := &callvault.MirroredError{Company: "acme", Upstream: "https://us-1.api.example.com"}
		s.store.fail(map[string]error{"fails": errors.New("disk on fire"), "mirrors": mirrored, "works": nil}[args[0]])
	default:
		t.Fatalf("%q cannot happen", words)
	}
}

func duration(t *testing.T, s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func parseConfig(t *testing.T, args []string) Config {
	var config Config
	var err error
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "dates":
			config.OptionalDates = true
		case "nulls":
			config.EmptyTexts = value == "empty"
		case "read-only":
			config.ReadOnly = true
		case "description":
			config.Description = http.HandlerFunc(describe)
		case "page":
			config.PageSize, err = strconv.Atoi(value)
		case "life":
			config.CursorLife, err = time.ParseDuration(value)
		case "limit":
			config.Limit, err = limit.Parse(value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return config
}

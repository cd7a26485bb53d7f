package api

import (
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault"
)

func newTestSealer() *sealer { return newSealer([]byte("a secret of the tests, 32 bytes.")) }

// sign makes a compact JWS of any header and claims, as only the holder of the
// secret can.
func sign(s *sealer, header, claims string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return signText(s, encode([]byte(header))+"."+encode([]byte(claims)))
}

// signText adds a signature to a text.
func signText(s *sealer, text string) string {
	signer := s.signers.Get().(*signer)
	return string(signer.appendSignature([]byte(text+"."), []byte(text)))
}

const algorithm = `{"alg":"HS256"}`

func TestCursorHasTheFormOfTheWire(t *testing.T) {
	c := walk{
		PageQuery: callvault.PageQuery{
			Query:  callvault.Query{Range: callvault.AllTime},
			Size:   100,
			Number: 1,
			After:  callvault.Position{Time: callvault.FloorTime(time.Date(2022, 9, 13, 9, 30, 0, 0, time.UTC)), ID: mustID(t, "4953707601776238360")},
			Total:  179,
		},
		expires: 1716626146,
		company: "acme",
	}
	// The claims of a recorded cursor, in their order, and then ours.
	recorded := `{"callId":4953707601776238360,"total":179,"pageNumber":0,"pageSize":100,"time":"2022-09-13T09:30:00Z","exp":1716626146`
	open := recorded + `,"company":"acme"}`
	closed := recorded + `,"company":"acme","from":-1,"to":1663061400000001,"workspaceId":"7"}`

	s := newTestSealer()
	for range 2 { // signers are used again
		if got, want := string(c.appendCursor(nil, s)), sign(s, algorithm, open); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	c.From, c.To, c.Workspace = -1, 1663061400000001, mustID(t, "7")
	got, want := string(c.appendCursor([]byte("before"), s)), sign(s, algorithm, closed)
	if got != "before"+want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if opened, err := openWalk(s, want); err != nil || opened != c {
		t.Errorf("got %+v, %v\nwant %+v", opened, err, c)
	}
}

func TestCursorRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := newTestSealer()
	for range 10_000 {
		c := randomCursor(t, random)
		token := string(c.appendCursor(nil, s))
		if len(token) > maxCursor {
			t.Fatalf("a cursor has %d bytes", len(token))
		}
		got, err := openWalk(s, token)
		if err != nil || got != c {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, c)
		}
	}
}

// randomCursor is a cursor within the bounds of what there can be, often at one.
func randomCursor(t *testing.T, random *rand.Rand) walk {
	const year0, year9999 = -62167219200_000000, 253402300799_999999
	between := func(low, high int64) int64 {
		switch random.IntN(8) {
		case 0:
			return low
		case 1:
			return high
		}
		return low + random.Int64N(high-low+1)
	}
	digits := func() callvault.ID {
		text := make([]byte, between(1, 20))
		for i := range text {
			text[i] = byte('0' + between(0, 9))
		}
		return mustID(t, string(text))
	}
	c := walk{
		PageQuery: callvault.PageQuery{
			Query:  callvault.Query{Range: callvault.AllTime},
			Size:   int(between(1, MaxPageSize)),
			Number: int(between(1, 1<<40)),
			After:  callvault.Position{Time: callvault.Time(between(year0, year9999)), ID: digits()},
			Total:  int(between(0, 1<<40)),
		},
		expires: between(0, 1<<40),
		company: strings.Repeat("a", int(between(1, 64))),
	}
	if random.IntN(2) == 0 {
		c.From = callvault.Time(between(year0, year9999))
		c.To = callvault.Time(between(year0, year9999))
		c.Workspace = digits()
	}
	return c
}

func TestCursorIsRefusedWhen(t *testing.T) {
	const claims = `{"callId":1,"total":3,"pageNumber":0,"pageSize":1,"time":"2026-03-04T12:00:01Z","exp":1772629200,"company":"acme"}`
	s := newTestSealer()
	good := sign(s, algorithm, claims)
	other := sign(s, algorithm, strings.Replace(claims, "acme", "evil", 1))
	if _, err := openWalk(s, good); err != nil {
		t.Fatal(err)
	}
	replaced := func(old, new string) string {
		if !strings.Contains(claims, old) {
			t.Fatalf("%q is not in the claims", old)
		}
		return sign(s, algorithm, strings.Replace(claims, old, new, 1))
	}
	head, signature := good[:strings.LastIndex(good, ".")], good[strings.LastIndex(good, "."):]
	otherHead := other[:strings.LastIndex(other, ".")]
	// Claims of three bytes and one more end in two characters with stray bits.
	oneLeft := cursorHeader + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(claims, "acme", strings.Repeat("a", 4+(4-len(claims)%3)%3), 1)))
	if _, err := openWalk(s, signText(s, oneLeft)); err != nil || !strings.HasSuffix(oneLeft, "fQ") {
		t.Fatal(err, oneLeft)
	}
	tests := []struct {
		name, token string
		want        error
	}{
		{"it is empty", "", errCursorForged},
		{"it is the header alone", cursorHeader, errCursorForged},
		{"it has no claims", cursorHeader[:len(cursorHeader)-1] + signature, errCursorForged},
		{"it is not signed", head + ".", errCursorForged},
		{"the signature is not there", head, errCursorForged},
		{"the signature is shorter", good[:len(good)-1], errCursorForged},
		{"the signature is longer", good + "A", errCursorForged},
		{"the signature is padded", good + "=", errCursorForged},
		{"the signature ends in a line feed", good + "\n", errCursorForged},
		{"the signature is another cursor's", otherHead + signature, errCursorForged},
		{"it has a fourth part", good + ".", errCursorForged},
		{"it is too long", good + strings.Repeat("A", maxCursor), errCursorForged},
		{"another secret signed it", sign(newSealer(make([]byte, 32)), algorithm, claims), errCursorForged},
		{"the algorithm is none", sign(s, `{"alg":"none"}`, claims), errCursorForged},
		{"the algorithm is another", sign(s, `{"alg":"HS512"}`, claims), errCursorForged},
		{"the header has more", sign(s, `{"alg":"HS256","typ":"JWT"}`, claims), errCursorForged},
		{"the header has a space", sign(s, `{"alg": "HS256"}`, claims), errCursorForged},
		{"the claims have stray bits", signText(s, strings.TrimSuffix(oneLeft, "fQ")+"fR"), errCursorUnread},
		{"the claims are padded", signText(s, head+"="), errCursorUnread},
		{"the claims are no base64", signText(s, cursorHeader+"\n"), errCursorUnread},
		{"the claims are empty", sign(s, algorithm, ""), errCursorUnread},
		{"the claims are none", sign(s, algorithm, "{}"), errCursorUnread},
		{"claims have a space", replaced(`,"total"`, `, "total"`), errCursorUnread},
		{"claims are in another order", replaced(`"callId":1,"total":3`, `"total":3,"callId":1`), errCursorUnread},
		{"there is another claim", replaced(`}`, `,"admin":true}`), errCursorUnread},
		{"something follows", replaced(`}`, `}}`), errCursorUnread},
		{"a claim is missing", replaced(`,"company":"acme"`, ``), errCursorUnread},
		{"a claim comes twice", replaced(`,"company":"acme"`, `,"company":"acme","company":"evil"`), errCursorUnread},
		{"a company does not end", replaced(`"acme"}`, `"acme`), errCursorUnread},
		{"an id has a leading zero", replaced(`"callId":1`, `"callId":01`), errCursorUnread},
		{"an id is negative", replaced(`"callId":1`, `"callId":-1`), errCursorUnread},
		{"an id is missing", replaced(`"callId":1`, `"callId":`), errCursorUnread},
		{"an id is too long", replaced(`"callId":1`, `"callId":123456789012345678901`), errCursorUnread},
		{"a total is negative", replaced(`"total":3`, `"total":-3`), errCursorUnread},
		{"a total is a fraction", replaced(`"total":3`, `"total":3.0`), errCursorUnread},
		{"a total is too large", replaced(`"total":3`, `"total":9223372036854775808`), errCursorUnread},
		{"a page number is negative", replaced(`"pageNumber":0`, `"pageNumber":-1`), errCursorUnread},
		{"a page is empty", replaced(`"pageSize":1`, `"pageSize":0`), errCursorUnread},
		{"a page is too large", replaced(`"pageSize":1`, `"pageSize":1001`), errCursorUnread},
		{"a time has an offset", replaced(`12:00:01Z`, `13:00:01+01:00`), errCursorUnread},
		{"a time has nanoseconds", replaced(`12:00:01Z`, `12:00:01.000000001Z`), errCursorUnread},
		{"a time has trailing zeros", replaced(`12:00:01Z`, `12:00:01.0Z`), errCursorUnread},
		{"a time is no time", replaced(`12:00:01Z`, `noon`), errCursorUnread},
		{"a bound is text", replaced(`}`, `,"from":"1"}`), errCursorUnread},
		{"bounds are in another order", replaced(`}`, `,"to":2,"from":1}`), errCursorUnread},
		{"an open bound is written", replaced(`}`, `,"from":-9223372036854775808}`), errCursorUnread},
		{"a workspace is empty", replaced(`}`, `,"workspaceId":""}`), errCursorUnread},
		{"a workspace is a number", replaced(`}`, `,"workspaceId":7}`), errCursorUnread},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if c, err := openWalk(s, test.token); !errors.Is(err, test.want) {
				t.Errorf("got %+v, %v, want %v", c, err, test.want)
			}
		})
	}
}

// TestEveryByteOfACursorCounts changes a good cursor in every place.
func TestEveryByteOfACursorCounts(t *testing.T) {
	server := newServer(t, Config{PageSize: 1})
	server.put(t, "acme", call(t, "1", 1, ""), call(t, "2", 2, ""))
	token := decode(t, server.get(everything)).Records.Cursor
	wantStatus(t, server.get("/v2/calls?cursor="+token), http.StatusOK)
	for i := range token {
		for _, c := range []byte{'A', 'B', '.', '-'} {
			if token[i] == c {
				continue
			}
			changed := token[:i] + string(c) + token[i+1:]
			wantStatus(t, server.get("/v2/calls?cursor="+changed), http.StatusBadRequest, "Failed to verify cursor")
		}
	}
}

// FuzzCursor sends any text as a cursor, and as claims that are well signed:
// the first never opens, and the second only if we would have written it.
func FuzzCursor(f *testing.F) {
	s := newTestSealer()
	f.Add(`{"callId":1,"total":3,"pageNumber":0,"pageSize":1,"time":"2026-03-04T12:00:01Z","exp":1772629200,"company":"acme"}`)
	f.Add(`{"callId":99999999999999999999,"total":0,"pageNumber":7,"pageSize":1000,"time":"0000-01-01T00:00:00.000001Z","exp":-1,"company":"a.b","from":-5,"to":9223372036854775806,"workspaceId":"0"}`)
	f.Add(sign(newSealer(make([]byte, 32)), algorithm, `{}`))
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := openWalk(s, text); err == nil {
			t.Errorf("%q opens as %+v", text, c)
		}
		c, err := openWalk(s, sign(s, algorithm, text))
		if err != nil {
			return
		}
		if got := string(c.appendClaims(nil)); got != text {
			t.Errorf("%q opens and is written as %q", text, got)
		}
		if c.Size < 1 || c.Size > MaxPageSize || c.Number < 1 || c.Total < 0 {
			t.Errorf("%q opens as %+v", text, c)
		}
	})
}

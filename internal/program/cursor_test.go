package program_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/internal/program"
)

const notVerified = "Failed to verify cursor"

// A cursor outlives the server that made it, and is good on every server of
// the store; its walk keeps the page size that it began with.
func TestCursorBelongsToTheStore(t *testing.T) {
	c := program.New(t)
	c.Put("default", noonOne, noonTwo, noonThree)
	k := c.Key()
	first, beside := c.Serve("--page-size", "1"), c.Serve("--page-size", "2")
	query := "cursor=" + *as(first, k).Page(noonQuery).Records.Cursor
	want := as(first, k).Page(query)
	if code := first.End(syscall.SIGTERM); code != program.ExitOK {
		t.Errorf("the first server ended with %d", code)
	}
	for name, s := range map[string]*program.Server{"a server beside": beside, "a restarted server": c.Serve("--page-size", "1")} {
		got := as(s, k).Page(query)
		got.RequestID = want.RequestID
		// The next cursor is the same too: its end is that of the walk.
		if diff := cmp.Diff(want.Bytes(), got.Bytes()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// A cursor belongs to a company and to no key.
func TestCursorBelongsToTheCompany(t *testing.T) {
	c, client := newNoon(t, "--page-size", "1")
	c.Put("other", noonOne, noonTwo, noonThree)
	query := "cursor=" + *client.Page(noonQuery).Records.Cursor
	stranger := *client
	stranger.Key = c.Key("--company", "other")
	stranger.Page(noonQuery)
	program.WantErrors(t, stranger.Get(query), http.StatusBadRequest, notVerified)

	c.Must("key", "revoke", client.Key.AccessKey)
	colleague := *client
	colleague.Key = c.Key("--bearer")
	if p := colleague.Page(query); idOf(p.Documents()[0]) != "10" {
		t.Errorf("%s", p.Calls)
	}
	program.WantErrors(t, colleague.Get(query+"&workspaceId=7"), http.StatusBadRequest, notVerified)
	colleague.Key = c.Key("--company", "empty")
	program.WantErrors(t, colleague.Get(query), http.StatusBadRequest, notVerified)
	program.WantErrors(t, colleague.Get(noonQuery+"&workspaceId=7"), http.StatusNotFound, noCalls)
}

// A cursor is what it was, to the bit.
func TestTamperedCursor(t *testing.T) {
	_, client := newNoon(t, "--page-size", "1")
	cursor := *client.Page(noonQuery).Records.Cursor
	parts := strings.Split(cursor, ".")
	if len(parts) != 3 || parts[0] != "eyJhbGciOiJIUzI1NiJ9" {
		t.Fatalf("the cursor is %s", cursor)
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, string(claims))[:6]; !cmp.Equal(got, strings.Fields("callId total pageNumber pageSize time exp")) {
		t.Errorf("the claims are %s", claims)
	}
	var claim struct{ CallID, Total json.Number }
	if err := json.Unmarshal(claims, &claim); err != nil || claim.CallID != "9" || claim.Total != "3" {
		t.Errorf("%v in %s", err, claims)
	}
	encode := base64.RawURLEncoding.EncodeToString
	tampered := map[string]string{
		"alg none":              encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"alg none, signed":      encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + "." + parts[2],
		"alg None":              encode([]byte(`{"alg":"None"}`)) + "." + parts[1] + ".",
		"alg HS512":             encode([]byte(`{"alg":"HS512"}`)) + "." + parts[1] + "." + parts[2],
		"typ":                   encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + parts[1] + "." + parts[2],
		"no signature":          parts[0] + "." + parts[1] + ".",
		"two parts":             parts[0] + "." + parts[1],
		"other claims":          parts[0] + "." + encode([]byte(strings.Replace(string(claims), `"total":3`, `"total":4`, 1))) + "." + parts[2],
		"padded":                cursor + "=",
		"signature of nothing":  parts[0] + "..",
		"a live service's":      "eyJhbGciOiJIUzI1NiJ9.eyJjYWxsSWQiM1M30.6qKwpOcvnuweTZmFRzYdtjs_YwJphJU4QIwWFM",
		"very long":             cursor + strings.Repeat("A", 4096),
		"the last bits changed": cursor[:len(cursor)-1] + string(flip(cursor[len(cursor)-1])),
	}
	for i := 0; i < len(cursor); i += 7 {
		tampered[fmt.Sprintf("character %d", i)] = cursor[:i] + string(flip(cursor[i])) + cursor[i+1:]
	}
	for name, c := range tampered {
		a := client.Get("cursor=" + c)
		if got := program.ErrorsOf(t, a); a.Status != http.StatusBadRequest || got[0] != notVerified || len(got) > 1 {
			t.Errorf("%s: %d %q", name, a.Status, got)
		}
	}
	client.Page("cursor=" + cursor)
}

// flip is a character of base64 that differs from c in its lowest bit, of
// which the last character of a signature has some to spare.
func flip(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if i := strings.IndexByte(alphabet, c); i >= 0 {
		return alphabet[i^1]
	}
	return 'A'
}

package auth

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/callvault/callvault"
)

// FuzzAuthorization compares the reading of Basic with that of net/http, and
// checks what is promised of every credential.
func FuzzAuthorization(f *testing.F) {
	f.Add("Basic S0VZOnNlY3JldA==")
	f.Add("basic  S0VZOnNlY3JldDphOmI= ")
	f.Add("Bearer ID.secret.more")
	f.Add("bEARER .")
	f.Add("Ba\u017fic S0VZOnNlY3JldA==")
	f.Add("Basic")
	f.Add("Basic OmF=")
	f.Add("Basic OmE=")
	f.Add("Basic S0VZOg==")
	f.Add("Basic S0VZOmF=")
	f.Add("Bearer ID.")
	f.Add("BAsiC 0006000\r0")
	f.Fuzz(func(t *testing.T, value string) {
		c, err := parse([]string{value})
		scheme, rest, _ := strings.Cut(value, " ")
		id, secret, isBasic := (&http.Request{Header: http.Header{"Authorization": {scheme + " " + strings.Trim(rest, " ")}}}).BasicAuth()
		canonical := base64.StdEncoding.EncodeToString([]byte(id+":"+secret)) == strings.Trim(rest, " ")
		if err != nil {
			if isBasic && id != "" && secret != "" && canonical {
				t.Errorf("%q is refused", value)
			}
			return
		}
		if c.id == "" || c.secret == "" {
			t.Errorf("%q has an empty part: %+v", value, c)
		}
		switch c.kind {
		case callvault.BasicKey:
			if !isBasic || !canonical || c.id != id || c.secret != secret {
				t.Errorf("%q: got %+v, want %q and %q", value, c, id, secret)
			}
		case callvault.BearerKey:
			if !strings.EqualFold(scheme, "bearer") || strings.Contains(c.id, ".") || c.id+"."+c.secret != strings.Trim(rest, " ") {
				t.Errorf("%q: got %+v", value, c)
			}
		default:
			t.Errorf("%q: got kind %q", value, c.kind)
		}
	})
}

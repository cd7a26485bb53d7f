package mirror

import (
	"testing"

	"github.com/callvault/callvault/gong"
)

// Why the upstream can't be read ends with what to type, where that helps.
func TestWhy(t *testing.T) {
	m := &Mirror{config: Config{Upstream: "https://api.gong.io", Arguments: " --company acme"}}
	for status, want := range map[int]string{
		401: "the server answered 401; use your company's own host in place of api.gong.io: Gong shows it where it shows the key, such as https://us-12345.api.gong.io; to test it: callvault doctor --mirror https://api.gong.io --company acme",
		403: "the server answered 403; give the key the scope api:calls:read:basic, and allow this machine's address if the key has a list of trusted ones; to test it: callvault doctor --mirror https://api.gong.io --company acme",
		502: "the server answered 502",
	} {
		if got := m.why(&gong.Error{Status: status}); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

package postgres

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRedact(t *testing.T) {
	for url, want := range map[string]string{
		"calls.db":                                    "calls.db",
		"postgres://host/db":                          "postgres://host/db",
		"postgres://me@host/db":                       "postgres://me@host/db",
		"postgres://me:hush@host/db":                  "postgres://me:xxxxx@host/db",
		"postgresql://me:hu:sh@h1:1,h2:2/db":          "postgresql://me:xxxxx@h1:1,h2:2/db",
		"postgres://me:hu%sh@host/db":                 "postgres://me:xxxxx@host/db", // does not parse
		"postgres://me:hu@sh@host/db":                 "postgres://me:xxxxx@host/db",
		"postgres://me:hu/sh@host/db":                 "postgres://me:xxxxx@host/db",
		"postgres://:hush@host/db":                    "postgres://:xxxxx@host/db",
		"postgres:///db?user=me&password=hush&x=1":    "postgres:///db?user=me&password=xxxxx&x=1",
		"postgres:///db?PassWord=hush":                "postgres:///db?PassWord=xxxxx",
		"postgres:///db?sslpassword=hush&host=/tmp":   "postgres:///db?sslpassword=xxxxx&host=/tmp",
		"postgres:///db?host=/tmp&application_name=@": "postgres:///db?host=/tmp&application_name=@",
		"postgres://host:5432/db?application_name=@":  "postgres://host:xxxxx@",      // 5432… may be a password
		"postgres://me:hu?sh@host/db":                 "postgres://me:xxxxx@host/db", // does not parse
		"postgres://me:5?sh@host/db":                  "postgres://me:xxxxx@host/db", // 5 is taken for a port
		"postgres://me:hu@s?h@host/db":                "postgres://me:xxxxx@host/db", // s is taken for the host
		"postgres://me:hu=sh@host/db?x=@":             "postgres://me:xxxxx@",
		"postgres:///db?pass%77ord=hush":              "postgres:///db?pass%77ord=xxxxx",
	} {
		if got := Redact(url); got != want {
			t.Errorf("%s is shown as %s, want %s", url, got, want)
		}
		if got := HasPassword(url); got != (url != want) {
			t.Errorf("%s has a password: %t", url, got)
		}
	}
}

// No error shows the password, whatever is wrong with the URL or the server.
func TestErrorsHideThePassword(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		"postgres://me:hush@" + closed + "/db",
		"postgres://me:hush@" + closed + "/db?sslmode=perhaps",
		"postgres://me:hu%sh@" + closed + "/db",
		"postgres://" + closed + "/db?user=me&password=hush&port=none",
	} {
		s, err := Open(t.Context(), url)
		if err == nil {
			s.Close()
			t.Errorf("%s was opened", Redact(url))
			continue
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), "hush") || strings.Contains(e.Error(), "hu%sh") {
				t.Errorf("the password is in %v", e)
			}
		}
		if !strings.Contains(err.Error(), closed) {
			t.Errorf("the error does not name the server: %v", err)
		}
	}
}

// What is wrong with a URL is said once, and not in the words of Go's packages.
func TestMalformedURL(t *testing.T) {
	for url, want := range map[string]string{
		"postgres://host/db?connect_timeout=x":        "invalid connect_timeout; use a whole number",
		"postgres://host/db?pool_max_conns=many":      "cannot parse pool_max_conns; use a whole number",
		"postgres://host/db?pool_max_conn_lifetime=1": "cannot parse pool_max_conn_lifetime; use a time such as 30s or 1h",
		"postgres://host:x/db":                        "invalid port",
		"postgres://host/db?sslmode=perhaps":          "failed to configure TLS (sslmode is invalid)",
	} {
		if _, err := Open(t.Context(), url); err == nil || err.Error() != "open "+url+": "+want {
			t.Errorf("%s: %v, want %s", url, err, want)
		}
	}
}

func TestConnectTimeout(t *testing.T) {
	for url, want := range map[string]time.Duration{
		"postgres://host/db":                   connectWithin,
		"postgres://host/db?connect_timeout=7": 7 * time.Second,
	} {
		config, err := parse(url)
		if err != nil || config.ConnConfig.ConnectTimeout != want {
			t.Errorf("%s: %v, %v, want %v", url, config.ConnConfig.ConnectTimeout, err, want)
		}
	}
}

// FuzzRedact: no password is shown that pgx would take from a URL, nor one that
// was pasted into a URL as it is and broke it, but for one that reads as a port, a
// path and a query. What is shown shows nothing more to hide.
func FuzzRedact(f *testing.F) {
	f.Add("postgres://me:hush@host/db?password=hush&sslpassword=hush", "hush")
	f.Add("postgresql://h1:1,h2:2/db?pass%77ord=hush", "hu?sh")
	f.Add("postgres:///db?application_name=@&x=:", "hu@s/h#")
	f.Add("postgres://host:5432?application_name=@", "5?sh")
	f.Add("postgres://me:hush@host/db?x=@", "@\xb1?")
	f.Add("postgres://host", "@=")
	f.Add("postgres://host", "?=")
	f.Add("postgres://host", "5?G=")
	f.Add("postgres://host", "?/=")
	f.Add("postgres://host", "@?=")
	f.Add("postgres://host", "#u =?")
	f.Add("postgres://sh@hostme:hush@", "hush")
	f.Add("postgres://st:5432?applicati@n_name=@", "5?sh")
	f.Fuzz(func(t *testing.T, name, password string) {
		shown := Redact(name)
		if again := Redact(shown); again != shown {
			t.Errorf("%q is shown as %q, and that as %q", name, shown, again)
		}
		if IsURL(name) {
			for _, secret := range passwords(name) {
				if secret != "" && secret != "xxxxx" && slices.Contains(passwords(shown), secret) {
					t.Errorf("%q is shown as %q", name, shown)
				}
			}
		}
		pasted := "postgres://me:" + password + "@host/db"
		if likeAPort.MatchString(password) {
			return
		}
		if password != "" && !strings.Contains("postgres://me:xxxxx@host/db", password) && strings.Contains(Redact(pasted), password) {
			t.Errorf("%q is shown as %q", pasted, Redact(pasted))
		}
	})
}

// likeAPort are passwords that, pasted, read as a port or a host, a path and a query.
var likeAPort = regexp.MustCompile(`(?s)(^\d*|@.*)/.*=`)

// passwords are those that pgx finds in a URL, none when it does not parse.
func passwords(name string) (all []string) {
	u, err := url.Parse(name)
	if err != nil {
		return nil
	}
	if password, ok := u.User.Password(); ok {
		all = append(all, password)
	}
	return append(append(all, u.Query()["password"]...), u.Query()["sslpassword"]...)
}

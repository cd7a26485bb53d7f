package doctor

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/certtest"
	"github.com/callvault/callvault/internal/web"
)

// api answers as the API does to who has no credentials.
func api(w http.ResponseWriter, _ *http.Request) {
	w.Header().Add("WWW-Authenticate", `Basic realm="callvault", charset="UTF-8"`)
	w.WriteHeader(http.StatusUnauthorized)
	io.WriteString(w, `{"requestId":"x","errors":["no"]}`)
}

func address(at, scheme string) Address {
	return Address{Flag: "listen", At: at, Path: "/v2/calls", TLS: scheme == "https", IsOurs: IsAPI}
}

// look is what an address is found to be. Only a callvault's answer is kept.
func look(t *testing.T, a Address, client *http.Client) Finding {
	t.Helper()
	f, answer := a.Look(t.Context(), client)
	if isOurs := strings.Contains(f.What, "callvault answers") || f.Status == Warning; isOurs != (answer != nil) {
		t.Errorf("%s, with the answer %v", f, answer)
	}
	return f
}

func TestAddress(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"ours", api, "ok callvault answers at "},
		{"another's 401", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "wrong another program uses "},
		{"another's page", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }, "wrong another program uses "},
		{"another's realm", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"requestId":"x","errors":["no"]}`)
		}, "wrong another program uses "},
		{"our realm alone", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("WWW-Authenticate", `Basic realm="callvault"`)
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"errors":["no"]}`)
		}, "wrong another program uses "},
		{"breaks off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "wrong another program uses "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.answer)
			defer server.Close()
			at := strings.TrimPrefix(server.URL, "http://")
			want(t, []Finding{look(t, address(at, "http"), server.Client())}, tt.want)
		})
	}
}

func TestAddressOfNobody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := listener.Addr().String()
	silent := &http.Client{Timeout: 20 * time.Millisecond}
	want(t, []Finding{look(t, address(at, "http"), silent)}, "wrong another program uses ")
	listener.Close()
	want(t, []Finding{look(t, address(at, "http"), silent)}, "ok is free")
	want(t, []Finding{look(t, address("127.0.0.1:0", "http"), silent)}, "ok a free port")
	want(t, []Finding{look(t, address("203.0.113.1:80", "http"), silent)}, "wrong bind")
}

// A server that uses another certificate than the one in the file is told of.
func TestAddressShowsCertificate(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(api))
	defer server.Close()
	d := address(strings.TrimPrefix(server.URL, "https://"), "https")
	d.Leaf = server.Certificate()
	want(t, []Finding{look(t, d, server.Client())}, "ok callvault answers")
	other := certtest.Make(t, certtest.Options{}).TLS(t)
	d.Leaf = other.Leaf
	want(t, []Finding{look(t, d, server.Client())}, "warning uses another certificate than the one in the file")
}

// Where one side speaks TLS and the other does not, the line says what to type.
func TestAddressSpeaksAnotherScheme(t *testing.T) {
	secure, plain := httptest.NewTLSServer(http.HandlerFunc(api)), httptest.NewServer(http.HandlerFunc(api))
	defer secure.Close()
	defer plain.Close()
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	at := strings.TrimPrefix(secure.URL, "https://")
	got := look(t, address(at, "http"), secure.Client())
	if want := (Finding{"listen", Wrong, at + " speaks TLS", "if it is serve, run doctor with serve's --tls-cert and --tls-key, otherwise choose another --listen"}); got != want {
		t.Errorf("found %+v, want %+v", got, want)
	}
	at = strings.TrimPrefix(plain.URL, "http://")
	got = look(t, address(at, "https"), plain.Client())
	if want := (Finding{"listen", Wrong, at + " speaks plain HTTP", "if it is serve, run doctor without --tls-cert and --tls-key, otherwise choose another --listen"}); got != want {
		t.Errorf("found %+v, want %+v", got, want)
	}
}

// The operator's listener says which store its server has.
func TestServer(t *testing.T) {
	answer := func(status int, text, identity string) Answer {
		return Answer{&http.Response{StatusCode: status, Header: http.Header{web.StoreHeader: {identity}}}, text}
	}
	if IsReadyz(Answer{&http.Response{StatusCode: http.StatusOK}, "ok"}) || !IsReadyz(answer(http.StatusServiceUnavailable, "", "")) {
		t.Error("a callvault is known by its header")
	}
	ready, unready := answer(http.StatusOK, "ok", "A"), answer(http.StatusServiceUnavailable, "the store was replaced; start serve again", "")
	want(t, []Finding{Server("x", ready, "A")}, "ok the server at x has this store open")
	want(t, []Finding{Server("x", ready, "B")}, "wrong the server at x has another store open")
	want(t, []Finding{Server("x", ready, "")}, "warning the server at x is ready, but")
	want(t, []Finding{Server("x", unready, "A")}, "wrong the server at x is not ready: the store was replaced; start serve again")
	if f := Server("x", unready, ""); f.What != "the server at x is not ready: the store was replaced" || f.Do != "put the store back in place, then start serve again" {
		t.Errorf("found %s", f)
	}
}

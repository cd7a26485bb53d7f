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
)

// api answers as the API does to who has no credentials.
func api(w http.ResponseWriter, _ *http.Request) {
	w.Header().Add("WWW-Authenticate", `Basic realm="callvault", charset="UTF-8"`)
	w.WriteHeader(http.StatusUnauthorized)
	io.WriteString(w, `{"requestId":"x","errors":["no"]}`)
}

func door(at, scheme string) Door {
	return Door{Check: "listen", Flag: "--listen", At: at, URL: scheme + "://" + at + "/v2/calls", IsOurs: IsAPI, Taken: Wrong}
}

func TestDoor(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"ours", api, "ok a callvault answers at "},
		{"another's 401", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "wrong something that is no callvault (it answers 401)"},
		{"another's page", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }, "wrong something that is no callvault (it answers 200)"},
		{"another's realm", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"requestId":"x","errors":["no"]}`)
		}, "wrong something that is no callvault (it answers 401)"},
		{"our realm alone", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("WWW-Authenticate", `Basic realm="callvault"`)
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"errors":["no"]}`)
		}, "wrong something that is no callvault (it answers 401)"},
		{"breaks off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "wrong something that is no callvault (EOF)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.answer)
			defer server.Close()
			at := strings.TrimPrefix(server.URL, "http://")
			want(t, []Finding{door(at, "http").Look(t.Context(), server.Client())}, tt.want)
			other := door(at, "http")
			other.Taken = Warning
			if f := other.Look(t.Context(), server.Client()); tt.name != "ours" && f.Status != Warning {
				t.Errorf("found %s", f)
			}
		})
	}
}

func TestDoorOfNobody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := listener.Addr().String()
	silent := &http.Client{Timeout: 20 * time.Millisecond}
	want(t, []Finding{door(at, "http").Look(t.Context(), silent)}, "wrong is taken by something that is no callvault (")
	listener.Close()
	want(t, []Finding{door(at, "http").Look(t.Context(), silent)}, "ok is free")
	want(t, []Finding{door("127.0.0.1:0", "http").Look(t.Context(), silent)}, "ok a free port")
	want(t, []Finding{door("203.0.113.1:80", "http").Look(t.Context(), silent)}, "wrong bind")
}

// A server that shows another certificate than the file has is told of.
func TestDoorShowsCertificate(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(api))
	defer server.Close()
	d := door(strings.TrimPrefix(server.URL, "https://"), "https")
	d.Leaf = server.Certificate()
	want(t, []Finding{d.Look(t.Context(), server.Client())}, "ok a callvault answers")
	other := certtest.Make(t, certtest.Options{}).TLS(t)
	d.Leaf = other.Leaf
	want(t, []Finding{d.Look(t.Context(), server.Client())}, "warning shows another certificate than the file has")
}

// Where one side speaks TLS and the other does not, the line says what to type.
func TestDoorSpeaksAnotherScheme(t *testing.T) {
	secure, plain := httptest.NewTLSServer(http.HandlerFunc(api)), httptest.NewServer(http.HandlerFunc(api))
	defer secure.Close()
	defer plain.Close()
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	at := strings.TrimPrefix(secure.URL, "https://")
	got := door(at, "http").Look(t.Context(), secure.Client())
	if want := (Finding{"listen", Wrong, at + " speaks TLS", "if it is serve, run doctor with serve's --tls-cert and --tls-key, otherwise choose another --listen"}); got != want {
		t.Errorf("found %+v, want %+v", got, want)
	}
	at = strings.TrimPrefix(plain.URL, "http://")
	got = door(at, "https").Look(t.Context(), plain.Client())
	if want := (Finding{"listen", Wrong, at + " speaks plain HTTP", "if it is serve, run doctor without --tls-cert and --tls-key, otherwise choose another --listen"}); got != want {
		t.Errorf("found %+v, want %+v", got, want)
	}
}

func TestIsAlive(t *testing.T) {
	for body, ours := range map[string]bool{"ok\n": true, "ok": true, "okay": false, "": false} {
		if IsAlive(&http.Response{StatusCode: http.StatusOK}, []byte(body)) != ours {
			t.Errorf("%q: %v", body, !ours)
		}
	}
	if IsAlive(&http.Response{StatusCode: http.StatusNotFound}, []byte("ok")) {
		t.Error("404 is alive")
	}
}

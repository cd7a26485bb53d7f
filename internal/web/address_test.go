package web

import (
	"net"
	"testing"
)

// Every address of IPv4 is none of IPv6: such a listener would be at [::].
func TestListen(t *testing.T) {
	for address, want := range map[string]string{"0.0.0.0:0": "0.0.0.0", "127.0.0.1:0": "127.0.0.1", "localhost:0": "127.0.0.1"} {
		listener, err := Listen(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		got := listener.Addr().(*net.TCPAddr)
		if got.IP.String() != want {
			t.Errorf("%s listens at %s", address, got)
		}
		if isEverywhere(got) != (want == "0.0.0.0") {
			t.Errorf("%s is everywhere: %v", got, isEverywhere(got))
		}
	}
	for _, address := range []string{"127.0.0.1", "x.invalid:1:1", "127.0.0.1:99999"} {
		if listener, err := Listen(t.Context(), address); err == nil {
			listener.Close()
			t.Errorf("%s can be listened on", address)
		}
	}
}

// Everything is what it was asked for: IPv6, and IPv4 where the system has both in one.
func TestListenEverywhere(t *testing.T) {
	for _, address := range []string{":0", "[::]:0"} {
		listener, err := Listen(t.Context(), address)
		if err != nil {
			t.Skip(err) // a machine without IPv6
		}
		defer listener.Close()
		if !isEverywhere(listener.Addr()) {
			t.Errorf("%s listens at %s", address, listener.Addr())
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true,
		"0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false,
	} {
		a, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if IsLoopback(a) != want {
			t.Errorf("%s: %v", address, !want)
		}
	}
	if IsLoopback(&net.UnixAddr{Name: "x"}) {
		t.Error("a socket")
	}
}

// What listens on every address is reached on loopback.
func TestReachable(t *testing.T) {
	for address, want := range map[string]string{
		":8081":          "127.0.0.1:8081",
		"0.0.0.0:8081":   "127.0.0.1:8081",
		"[::]:8081":      "127.0.0.1:8081",
		"[::1]:8081":     "[::1]:8081",
		"127.0.0.1:9000": "127.0.0.1:9000",
		"10.1.2.3:9000":  "10.1.2.3:9000",
	} {
		a, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := Reachable(a); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

func TestIsTaken(t *testing.T) {
	listener, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if _, err := Listen(t.Context(), listener.Addr().String()); !IsTaken(err) {
		t.Errorf("%v is not that the address is taken", err)
	}
	if _, err := Listen(t.Context(), "256.0.0.1:0"); IsTaken(err) {
		t.Errorf("%v is that the address is taken", err)
	}
}

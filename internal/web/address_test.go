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
		if IsEverywhere(got) != (want == "0.0.0.0") {
			t.Errorf("%s is everywhere: %v", got, IsEverywhere(got))
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
		if !IsEverywhere(listener.Addr()) {
			t.Errorf("%s listens at %s", address, listener.Addr())
		}
	}
}

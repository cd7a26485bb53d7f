package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// IsAddress tells whether a text is HOST:PORT, whether or not the host exists.
func IsAddress(address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	return err == nil
}

// Listen listens on an address as it is written: on an IPv4 address for IPv4 alone.
// For 0.0.0.0 net.Listen would open IPv6 too.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	network := "tcp"
	if host, _, err := net.SplitHostPort(address); err == nil {
		if ip, err := netip.ParseAddr(host); err == nil && ip.Is4() {
			network = "tcp4"
		}
	}
	return (&net.ListenConfig{}).Listen(ctx, network, address)
}

// ListenNear listens on an address, or where that is in use on one of the 20 ports after
// it.
func ListenNear(ctx context.Context, address string) (net.Listener, error) {
	listener, err := Listen(ctx, address)
	host, port, _ := net.SplitHostPort(address)
	first, _ := net.LookupPort("tcp", port)
	for next := first + 1; IsTaken(err) && next <= min(first+20, 65535); next++ {
		listener, err = Listen(ctx, net.JoinHostPort(host, strconv.Itoa(next)))
	}
	return listener, err
}

// IsTaken tells whether an error of Listen is that the address is in use.
func IsTaken(err error) bool {
	const windows = syscall.Errno(10048) // WSAEADDRINUSE, which syscall.EADDRINUSE is not there
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windows)
}

// ListenError is an error of Listen in words. A flag gives the address.
func ListenError(flag, address string, err error) error {
	if IsTaken(err) {
		return fmt.Errorf("%s is in use; choose another address, such as %s 127.0.0.1:0 for a free port", address, flag)
	}
	if on := (*net.OpError)(nil); errors.As(err, &on) {
		err = on.Err // without Go's name of the network
	}
	return fmt.Errorf("can't listen on %s: %w; use an address of this machine, such as 127.0.0.1:8080", address, err)
}

// Instead says that a listener has another port than the flag names.
func Instead(asked string, listener net.Listener) string {
	_, want, _ := net.SplitHostPort(asked)
	_, has, _ := net.SplitHostPort(listener.Addr().String())
	if port, err := net.LookupPort("tcp", want); err != nil || port == 0 || strconv.Itoa(port) == has {
		return ""
	}
	return fmt.Sprintf("  (%s is in use)", asked)
}

// IsLoopback tells whether only this machine reaches an address.
func IsLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// isEverywhere tells whether an address stands for every address of the machine, or
// every IPv4 address.
func isEverywhere(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && (tcp.IP == nil || tcp.IP.IsUnspecified())
}

// Reachable is where this machine reaches what listens on an address. Not every system
// connects to 0.0.0.0 and [::], so for these it is on loopback.
func Reachable(address net.Addr) string {
	if isEverywhere(address) {
		return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: address.(*net.TCPAddr).Port}).String()
	}
	return address.String()
}

// URL is where this machine reaches a listener.
func URL(listener net.Listener) string { return urlOf(listener, Reachable(listener.Addr())) }

// BoundURL is the URL of a listener as it is bound, which may be to every address.
func BoundURL(listener net.Listener) string { return urlOf(listener, listener.Addr().String()) }

func urlOf(listener net.Listener, host string) string {
	u := url.URL{Scheme: "http", Host: host}
	if _, ok := listener.(secure); ok {
		u.Scheme = "https"
	}
	return u.String()
}

// Where is the URL of a listener, and in words which other addresses reach it.
func Where(listener net.Listener) string {
	switch {
	case !isEverywhere(listener.Addr()):
		return URL(listener)
	case listener.Addr().(*net.TCPAddr).IP.To4() != nil:
		return URL(listener) + " and every other IPv4 address of this machine"
	}
	return URL(listener) + " and every other address of this machine"
}

// OwnClient asks servers on this machine how they are, without a proxy. It takes any
// certificate, which is for the name that clients use: it sends nothing secret, and
// believes nothing but that somebody answers.
func OwnClient(within time.Duration) *http.Client {
	return &http.Client{
		Timeout:       within,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

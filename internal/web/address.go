package web

import (
	"context"
	"net"
	"net/netip"
)

// Listen listens on an address as it is written: one of IPv4 is of IPv4 alone, where
// net.Listen opens IPv6 too for 0.0.0.0.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	network := "tcp"
	if host, _, err := net.SplitHostPort(address); err == nil {
		if ip, err := netip.ParseAddr(host); err == nil && ip.Is4() {
			network = "tcp4"
		}
	}
	return (&net.ListenConfig{}).Listen(ctx, network, address)
}

// IsEverywhere tells whether an address is every one of the machine, or every one of
// IPv4.
func IsEverywhere(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsUnspecified()
}

package web

import (
	"context"
	"net"
	"net/netip"
)

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

// IsEverywhere tells whether an address stands for every address of the machine, or
// every IPv4 address.
func IsEverywhere(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsUnspecified()
}

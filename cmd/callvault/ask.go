package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// reachable is where this machine reaches what listens on an address: what
// listens on every address is reached on loopback.
func reachable(address string) (string, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	switch {
	case err != nil:
		return "", err
	case tcp.IP == nil:
		tcp.IP = net.IPv4(127, 0, 0, 1)
	case tcp.IP.IsUnspecified() && tcp.IP.To4() != nil:
		tcp.IP = net.IPv4(127, 0, 0, 1)
	case tcp.IP.IsUnspecified():
		tcp.IP = net.IPv6loopback
	}
	return tcp.String(), nil
}

// ownClient asks what listens on this machine how it is. No proxy stands between,
// and whatever certificate is shown is taken: it is for the name that clients use
// and not for this address, nothing secret is sent, and nothing that comes is
// believed but that somebody is there.
func ownClient(within time.Duration) *http.Client {
	return &http.Client{
		Timeout: within,
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

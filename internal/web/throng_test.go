package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// With one connection too many, the address that has most loses the one that has waited
// longest for a whole header.
func TestThrong(t *testing.T) {
	w := newThrong(4)
	join := func(address string) (c, gone *conn) {
		c = &conn{from: netip.MustParsePrefix(address + "/32")}
		return c, w.join(c)
	}
	first, _ := join("10.0.0.1")
	second, _ := join("10.0.0.1")
	honest, _ := join("10.0.0.2")
	third, gone := join("10.0.0.1")
	if gone != nil {
		t.Errorf("%v had to go, though there was room", gone)
	}
	w.renew(first)
	if _, gone = join("10.0.0.3"); gone != second {
		t.Errorf("%v had to go, want the oldest of the address that has most", gone)
	}
	w.renew(second) // which has gone
	w.leave(second)
	w.leave(honest)
	if w.members.Len() != 3 || len(w.origins) != 2 || w.next() != nil {
		t.Errorf("%d of %v are left", w.members.Len(), w.origins)
	}
	join("10.0.0.2")
	if got := w.next(); got != third {
		t.Errorf("the next to go is %v, want %v", got, third)
	}
}

// Of many addresses with one connection each, the newcomer is not the first to go.
func TestThrongOfManyAddresses(t *testing.T) {
	w := newThrong(3)
	var all []*conn
	for i := range 20 {
		c := &conn{from: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 32)}
		all = append(all, c)
		gone := w.join(c)
		if i >= 3 && gone != all[i-3] {
			t.Fatalf("connection %d closes %v, not the oldest of the three before it", i, gone)
		}
	}
	w.renew(all[17])
	if got := w.next(); got != all[18] {
		t.Error("the next to go is not the one that has waited longest for a header")
	}
}

// Strangers cost a part of the memory, whatever they send. Known clients are not counted.
func TestStrangers(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var log bytes.Buffer
	l := newConns(listener, 8*3*plainCost, slog.New(slog.NewTextHandler(&log, nil)))
	connect := func(text string) (client net.Conn, server *conn) {
		t.Helper()
		client, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { client.Close() })
		accepted, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		accepted.(*conn).begun.Store(true)
		t.Cleanup(func() { accepted.Close() })
		go io.WriteString(client, text)
		if text != "" {
			io.ReadFull(accepted, make([]byte, len(text)))
		}
		return client, accepted.(*conn)
	}
	isClosed := func(c *conn) bool {
		_, err := c.Write([]byte("x"))
		return err != nil
	}
	_, known := connect("GET / HTTP/1.1\r\n\r\n")
	Known(context.WithValue(t.Context(), connKey{}, known))
	var strangers []*conn
	for range 5 {
		_, c := connect("")
		strangers = append(strangers, c)
	}
	for i, c := range strangers {
		if got := isClosed(c); got != (i < 2) {
			t.Errorf("stranger %d of 5 is closed: %v", i, got)
		}
	}
	if isClosed(known) || l.strangers.members.Len() != 3 {
		t.Errorf("the known one is closed, or there are %d strangers", l.strangers.members.Len())
	}
	if got := log.String(); strings.Count(got, "a connection was closed to make room for others") != 2 {
		t.Errorf("logged %s", got)
	}
	for _, c := range append(strangers, known) {
		c.Close()
	}
	if l.strangers.members.Len() != 0 || len(l.strangers.origins) != 0 {
		t.Errorf("%+v is left", l.strangers)
	}
}

// Connections that speak TLS cost more, so there may be fewer.
func TestStrangersTLS(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	const memory = 8 * 10 * tlsCost
	if plain, secure := newConns(newPipes(), memory, log).strangers.most, newConns(Secure(newPipes(), &tls.Config{}), memory, log).strangers.most; secure != 10 || plain != memory/8/plainCost {
		t.Errorf("%d strangers speak TLS, and %d do not", secure, plain)
	}
}

func TestOrigin64(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7:1": "192.0.2.7/32", "[::ffff:192.0.2.7]:1": "192.0.2.7/32", "[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64", "[fe80::1%1]:1": "fe80::/64",
	} {
		if got := origin64(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))); got.String() != want {
			t.Errorf("%s: %v, want %s", address, got, want)
		}
	}
	if got := origin64(&net.UnixAddr{}); got != (netip.Prefix{}) {
		t.Errorf("of no address: %v", got)
	}
}

// A limit of memory that is too small for anything leaves room for connections.
func TestTinyMemory(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(512))
	serve(t, hello, func(t *testing.T, p *pipes) {
		wantStatuses(t, p.dial(), "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", http.StatusOK)
	})
}

// When the room is full, a new connection waits until the one to be closed has had its
// time.
func TestNewConnectionsHaveTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := newConns(p, 8*plainCost*3/2, slog.New(slog.DiscardHandler)) // room for one
		accepted := make(chan *conn)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				accepted <- c.(*conn)
			}
		}()
		began := time.Now()
		connect := func() *conn {
			client := p.dial()
			t.Cleanup(func() { client.Close() })
			return <-accepted
		}
		first := connect()
		next := make(chan *conn)
		go func() { next <- connect() }()
		time.Sleep(time.Second) // the bubble's
		select {
		case <-next:
			t.Error("another one came before anybody had read from the first")
		default:
		}
		first.begun.Store(true)
		second := <-next
		if took := time.Since(began); took > time.Second+gracePause {
			t.Errorf("it waited %v", took)
		}
		second.begun.Store(true)
		began = time.Now()
		go func() { next <- connect() }()
		synctest.Wait()
		third := <-next
		if time.Since(began) > graceWithin+gracePause {
			t.Errorf("it waited %v", time.Since(began))
		}
		third.begun.Store(true)
		time.Sleep(time.Second) // until Accept waits for a connection
		p.Close()
	})
}

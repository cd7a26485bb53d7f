package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// When a throng costs too much, the address that costs most loses the connections that
// have waited longest for a whole header.
func TestThrong(t *testing.T) {
	from := func(address string) netip.Prefix { return netip.MustParsePrefix(address + "/32") }
	w := newThrong(10)
	join := func(address string, cost int) (*member, []*conn) {
		m := &member{conn: &conn{from: from(address)}}
		return m, w.set(m, cost)
	}
	first, _ := join("10.0.0.1", 2)
	second, _ := join("10.0.0.1", 2)
	honest, _ := join("10.0.0.2", 3)
	third, gone := join("10.0.0.1", 3)
	if len(gone) > 0 || w.cost != 10 {
		t.Errorf("%v had to go, cost %d", gone, w.cost)
	}
	w.renew(first)
	_, gone = join("10.0.0.3", 3)
	if want := []*conn{second.conn, third.conn}; !slices.Equal(gone, want) || w.cost != 8 {
		t.Errorf("%v had to go, want %v; cost %d", gone, want, w.cost)
	}
	if gone := w.set(second, 5); len(gone) > 0 || w.cost != 8 {
		t.Errorf("who had to go came back: %v, cost %d", gone, w.cost)
	}
	if gone := w.set(honest, 9); !slices.Equal(gone, []*conn{honest.conn}) {
		t.Errorf("%v had to go, want the one that costs most", gone)
	}
	w.set(first, 0)
	if w.cost != 3 || len(w.origins) != 1 || w.members.Len() != 1 {
		t.Errorf("%+v is left", w)
	}
}

// Of many addresses with one connection each, the newcomer is not the first to go.
func TestThrongOfManyAddresses(t *testing.T) {
	w := newThrong(3)
	var all []*member
	for i := range 20 {
		m := &member{conn: &conn{from: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 32)}}
		all = append(all, m)
		gone := w.set(m, 1)
		if i >= 3 && !slices.Equal(gone, []*conn{all[i-3].conn}) {
			t.Fatalf("connection %d closes %v, not the oldest of the three before it", i, gone)
		}
	}
	w.renew(all[17])
	if got := w.next(1); got != all[18].conn {
		t.Error("the next to go is not the one that has waited longest for a header")
	}
}

// Strangers cost a part of the memory, whatever they send. Known clients cost something
// only while they have a large header.
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
	if isClosed(known) || l.strangers.cost != 3*plainCost {
		t.Errorf("the known one is closed, or strangers cost %d", l.strangers.cost)
	}
	if got := log.String(); strings.Count(got, "a connection was closed to make room for others") != 2 {
		t.Errorf("logged %s", got)
	}
	// A header beyond the buffer costs, also of who is known, until it is answered.
	_, large := connect("GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 3*buffered))
	if want := len("GET / HTTP/1.1\r\nX: ") + 2*buffered; l.headers.cost != want {
		t.Errorf("it costs %d, want %d", l.headers.cost, want)
	}
	_, larger := connect("GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 3*buffered))
	if !isClosed(large) || isClosed(larger) || l.headers.cost > l.headers.limit {
		t.Errorf("the first with a large header was to go; cost %d of %d", l.headers.cost, l.headers.limit)
	}
	larger.answered()
	if l.headers.cost != 0 {
		t.Errorf("an answered one costs %d", l.headers.cost)
	}
	for _, c := range append(strangers, known, large, larger) {
		c.Close()
	}
	if l.strangers.cost != 0 || len(l.strangers.origins) != 0 || len(l.headers.origins) != 0 {
		t.Errorf("%+v is left", l.strangers)
	}
}

// A header is held until its request is answered, and no longer.
func TestHeldHeaders(t *testing.T) {
	var cost []int
	see := func(w http.ResponseWriter, r *http.Request) {
		c := r.Context().Value(connKey{}).(*conn)
		cost = append(cost, c.conns.headers.cost)
		hello(w, r)
	}
	const get = "GET / HTTP/1.1\r\nHost: h\r\n"
	text := get + "X: " + strings.Repeat("x", 2*buffered) + "\r\n\r\n" + get + "\r\n" + get + "Connection: close\r\n\r\n"
	serve(t, see, func(t *testing.T, p *pipes) {
		wantStatuses(t, p.dial(), text, http.StatusOK, http.StatusOK, http.StatusOK)
	})
	if want := []int{len(get) + len("X: \r\n\r\n") + buffered, 0, 0}; !slices.Equal(cost, want) {
		t.Errorf("headers cost %v, want %v", cost, want)
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
		l := newConns(p, 8*tlsCost, slog.New(slog.DiscardHandler)) // room for one, and two more without TLS
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
		if <-next; time.Since(began) > graceWithin+gracePause {
			t.Errorf("it waited %v", time.Since(began))
		}
		p.Close()
	})
}

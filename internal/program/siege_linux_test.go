package program_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/callvault/callvault/internal/program"
)

// siege is a server that some clients attack while others go on as they should.
type siege struct {
	*testing.T
	server      *program.Server
	key         program.Key
	want        []string                          // what a walk of the well-behaved finds
	walked      map[*program.Client]chan struct{} // has something when the client finished a walk and somebody waits
	walks       atomic.Int64
	closed      atomic.Int64 // new connections of the well-behaved that were closed
	longest     atomic.Int64 // nanoseconds that a page took
	stop        func()       // ends the walks
	stopped     chan struct{}
	wellBehaved sync.WaitGroup
}

// besiege lets two clients walk, one that keeps its connection and one that makes
// a new one for each page, until lift is called.
func besiege(t *testing.T, server *program.Server, key program.Key, want []string) *siege {
	s := &siege{T: t, server: server, key: key, want: want, walked: make(map[*program.Client]chan struct{}), stopped: make(chan struct{})}
	s.stop = sync.OnceFunc(func() {
		close(s.stopped)
		s.wellBehaved.Wait()
	})
	t.Cleanup(s.stop)
	keeping, renewing := server.As(key), server.As(key)
	renewing.HTTP.Transport.(*http.Transport).DisableKeepAlives = true
	for _, client := range []*program.Client{keeping, renewing} {
		s.walked[client] = make(chan struct{})
	}
	for client := range s.walked {
		s.wellBehaved.Go(func() { s.walkOn(client) })
	}
	s.outlast()
	return s
}

func (s *siege) walkOn(client *program.Client) {
	for {
		if err := s.walk(client); err != nil {
			s.Error(err)
			return
		}
		s.walks.Add(1)
		select {
		case <-s.stopped:
			return
		case s.walked[client] <- struct{}{}:
		default:
		}
	}
}

func (s *siege) walk(client *program.Client) error {
	query := program.Everything().Encode()
	var got []string
	for {
		began := time.Now()
		p, err := client.TryPage(query)
		if s.mayTryAgain(client, err) {
			select {
			case <-s.stopped:
				return nil
			default:
				continue
			}
		}
		if err != nil {
			return err
		}
		for took, last := int64(time.Since(began)), s.longest.Load(); took > last && !s.longest.CompareAndSwap(last, took); {
			last = s.longest.Load()
		}
		got = append(got, p.Documents()...)
		if p.Records.Cursor == nil {
			break
		}
		query = program.WithCursor(program.Everything(), p)
	}
	if !slices.Equal(got, s.want) {
		return fmt.Errorf("a walk found %d calls, want %d", len(got), len(s.want))
	}
	return nil
}

// mayTryAgain tells whether a new connection was closed before its request came, to make
// room: on a busy machine that can take longer than a new connection has.
func (s *siege) mayTryAgain(client *program.Client, err error) bool {
	isNew := client.HTTP.Transport.(*http.Transport).DisableKeepAlives
	isClosed := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	if !isNew || !isClosed {
		return false
	}
	s.closed.Add(1)
	return true
}

// outlast waits until each of the well-behaved has finished two walks from now on.
func (s *siege) outlast() {
	s.Helper()
	for _, walked := range s.walked {
		for range 2 {
			select {
			case <-walked:
			case <-time.After(program.Patience):
				s.Fatal("a well-behaved client is not served")
			}
		}
	}
}

// lift ends the siege, during which the server may have used so many MiB. What it has
// of files, above all of its own program, is not counted: the kernel can take it back.
func (s *siege) lift(most int) {
	s.Helper()
	files := s.memory("RssFile")
	peak, now := s.memory("VmHWM")-files, s.memory("VmRSS")-files
	s.stop()
	s.Logf("memory at most %d MiB, %d MiB in the end; %d walks beside it, no page of which took more than %v, and %d of whose connections were closed",
		peak, now, s.walks.Load(), time.Duration(s.longest.Load()).Round(time.Millisecond), s.closed.Load())
	if peak > most {
		s.Errorf("it took %d MiB, more than %d", peak, most)
	}
}

// memory is a line of the server's status, in MiB.
func (s *siege) memory(name string) int {
	s.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.server.Cmd.Process.Pid))
	if err != nil {
		s.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), name+":")
	kibibytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		s.Fatal(err)
	}
	return kibibytes >> 10
}

// files is how many files the server has open.
func (s *siege) files() int {
	open, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", s.server.Cmd.Process.Pid))
	return len(open)
}

// dial makes a connection that lasts until the test ends.
func (s *siege) dial() *net.TCPConn {
	s.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.server.Base, "http://"))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { connection.Close() })
	connection.(*net.TCPConn).SetLinger(0) // a client that is seen to be gone, and not to have closed its half
	connection.SetDeadline(time.Now().Add(2 * program.Patience))
	return connection.(*net.TCPConn)
}

// crowd makes many connections, each of which sends something. On a busy machine
// the first are timed out before the last are taken.
func (s *siege) crowd(n int, send string) {
	s.Helper()
	most := 0
	for i := range n {
		s.dial().Write([]byte(send))
		if i%500 == 0 {
			most = max(most, s.files())
		}
	}
	for now := s.files(); now > most; now = s.files() {
		most = now
		s.outlast()
	}
	s.Logf("%d connections, %d files open at once", n, most)
}

// mostConnections is a number of connections, or as many as this process may have
// where the short form has several crowds at once.
func mostConnections(t *testing.T, wanted int) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max // which the runtime has done already, where it could
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if most := (int(min(limit.Max, 1<<20)) - 1000) / times(3, 1); most < wanted {
		t.Logf("%d connections, because a process may have %d files open", most, limit.Max)
		return max(most, 1)
	}
	return wanted
}

// request is a request for everything, up to the empty line that ends its header.
func (s *siege) request(method string) string {
	var text strings.Builder
	if err := s.server.As(s.key).Request(program.Everything().Encode()).Write(&text); err != nil {
		s.Fatal(err)
	}
	return method + strings.TrimSuffix(strings.TrimPrefix(text.String(), "GET"), "\r\n")
}

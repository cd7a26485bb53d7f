//go:build unix

package postgrestest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Server is a database server for tests. A nil Server is none: tests that ask it
// for a database are skipped.
type Server struct {
	url  string // of the database that is there from the beginning
	stop func() error

	mu     sync.Mutex
	made   int
	unused []string // URLs of databases that are empty
}

// Start starts a server of its own, or takes the one that CALLVAULT_TEST_POSTGRES
// names. Where there is none it says so and returns nil; with CI=true that is an
// error.
func Start() (*Server, error) {
	if url := os.Getenv("CALLVAULT_TEST_POSTGRES"); url != "" {
		s := &Server{url: url}
		s.stop = s.drop
		return s, nil
	}
	bin, err := binaries()
	if err != nil {
		if os.Getenv("CI") == "true" {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "%v: the tests that need a server are skipped\n", err)
		return nil, nil
	}
	s, err := start(bin)
	if err != nil {
		return nil, fmt.Errorf("start a PostgreSQL server: %w", err)
	}
	return s, nil
}

// Stop ends the server, and waits for it.
func (s *Server) Stop() error {
	if s == nil {
		return nil
	}
	return s.stop()
}

// binaries is the folder with the newest PostgreSQL.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	newest := ""
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	for _, folder := range folders {
		if version(folder) > version(newest) {
			newest = folder
		}
	}
	if newest == "" {
		return "", errors.New("no PostgreSQL is installed (initdb is not on the path)")
	}
	return newest, nil
}

func version(folder string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	return n
}

// start makes a cluster in a temporary folder and serves it on a socket there.
// Its locale sorts text otherwise than by bytes, so that a forgotten collation
// shows. It stops by itself when this process ends, however it does.
func start(bin string) (*Server, error) {
	folder, err := os.MkdirTemp("", "callvault-pg-") // short: sockets have short paths
	if err != nil {
		return nil, err
	}
	credential, err := notRoot(folder)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "data")
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir = folder
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true}
		return cmd
	}
	out, err := command(filepath.Join(bin, "initdb"), "-D", data, "-U", "callvault", "-A", "trust", "--no-sync",
		"-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// The shell ends the server when its standard input does.
	server := command("sh", "-c", `"$@" </dev/null & pid=$!; read -r _; kill -INT $pid; wait $pid`, "sh",
		filepath.Join(bin, "postgres"), "-D", data, "-k", folder, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "autovacuum=off", "-c", "jit=off", "-c", "max_connections=500", "-c", "shared_buffers=64MB")
	stdin, err := server.StdinPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := server.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	stop := func() error {
		stdin.Close()
		io.Copy(io.Discard, stderr)
		server.Wait()
		return os.RemoveAll(folder)
	}
	if err := ready(stderr); err != nil {
		return nil, errors.Join(err, stop())
	}
	go io.Copy(io.Discard, stderr)
	return &Server{url: "postgres:///postgres?user=callvault&host=" + folder, stop: stop}, nil
}

// notRoot is who the server runs as: PostgreSQL refuses root. The folder
// becomes theirs.
func notRoot(folder string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(folder, uid, gid)
	}
	return nil, errors.New("neither the user postgres nor nobody exists")
}

// ready waits for the line with which a server says so.
func ready(stderr io.Reader) error {
	lines := bufio.NewScanner(stderr)
	var all strings.Builder
	for lines.Scan() {
		fmt.Fprintln(&all, lines.Text())
		if strings.Contains(lines.Text(), "database system is ready to accept connections") {
			return nil
		}
	}
	return fmt.Errorf("it ended: %s", all.String())
}

// Database is an empty database, the test's until it ends: its URL. Databases are
// emptied and used again, because to make one takes longer than most tests.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	if s == nil {
		t.Skip("no PostgreSQL server")
	}
	url := s.free(t)
	t.Cleanup(func() {
		Execute(t, url, "DROP SCHEMA IF EXISTS callvault CASCADE")
		s.mu.Lock()
		defer s.mu.Unlock()
		s.unused = append(s.unused, url)
	})
	return url
}

func (s *Server) free(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.unused) - 1; last >= 0 {
		url := s.unused[last]
		s.unused = s.unused[:last]
		return url
	}
	s.made++
	name := s.name(s.made)
	Execute(t, s.url, "CREATE DATABASE "+name+" TEMPLATE template0")
	config, err := pgx.ParseConfig(s.url)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(s.url, "/"+config.Database, "/"+name, 1)
}

func (s *Server) name(n int) string { return fmt.Sprintf("callvault_test_%d_%d", os.Getpid(), n) }

// drop leaves a server that is not ours as it was.
func (s *Server) drop() error {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for n := range s.made {
		if _, err := c.Exec(ctx, "DROP DATABASE IF EXISTS "+s.name(n+1)+" WITH (FORCE)"); err != nil {
			return err
		}
	}
	return nil
}

// Execute runs a statement on a database, past any store.
func Execute(t testing.TB, url, statement string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}

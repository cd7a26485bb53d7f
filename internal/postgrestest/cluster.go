//go:build unix

package postgrestest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// cluster is a temporary folder with data, and the server of it on a socket there.
type cluster struct {
	bin, folder string
	credential  *syscall.Credential
	settings    []string

	server *exec.Cmd // a shell, whose child is the server
	stdin  io.WriteCloser
	stderr io.Reader
}

// newCluster makes a cluster that is not served yet. Its locale sorts text
// otherwise than by bytes, so that a forgotten collation shows. What it returns
// with an error is to be removed too.
func newCluster(settings ...string) (*cluster, error) {
	c, err := newFolder(settings...)
	if err != nil {
		return c, err
	}
	return c, c.run("initdb", "-D", c.data(), "-U", "callvault", "-A", "trust", "--no-sync",
		"-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")
}

// newFolder makes the place of a cluster that has no data yet.
func newFolder(settings ...string) (*cluster, error) {
	c := &cluster{settings: settings}
	var err error
	if c.bin, err = binaries(); err != nil {
		return c, err
	}
	if c.folder, err = os.MkdirTemp("", "callvault-pg-"); err != nil { // short: sockets have short paths
		return c, err
	}
	c.credential, err = notRoot(c.folder)
	return c, err
}

// run runs a program of PostgreSQL to its end.
func (c *cluster) run(program string, args ...string) error {
	if out, err := c.command(filepath.Join(c.bin, program), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}

func (c *cluster) data() string { return filepath.Join(c.folder, "data") }

func (c *cluster) url() string { return "postgres:///postgres?user=callvault&host=" + c.folder }

func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = c.folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.credential, Setpgid: true}
	return cmd
}

// keeper is the shell that serves a folder by a command until there is something
// to read, or nothing more to come. In the second case this process has ended: the
// folder goes too. A test may have stopped the server and its children, each of
// which has a session of its own.
const keeper = `folder=$1; shift
	"$@" </dev/null & pid=$!
	read -r word || word=
	all=$(ps -A -o pid= -o ppid= | while read -r child parent; do [ "$parent" != $pid ] || echo $child; done)
	kill -INT $pid
	kill -CONT $pid $all
	wait $pid
	[ -n "$word" ] || rm -rf "$folder"`

// start serves the cluster, and returns when it accepts connections. The server
// ends by itself when this process does, however that happens.
func (c *cluster) start() (err error) {
	args := []string{"-c", keeper, "sh", c.folder,
		filepath.Join(c.bin, "postgres"), "-D", c.data(), "-k", c.folder, "-c", "listen_addresses=",
		"-c", "autovacuum=off", "-c", "jit=off", "-c", "max_connections=500", "-c", "shared_buffers=64MB"}
	for _, setting := range c.settings {
		args = append(args, "-c", setting)
	}
	c.server = c.command("sh", args...)
	if c.stdin, err = c.server.StdinPipe(); err != nil {
		return err
	}
	if c.stderr, err = c.server.StderrPipe(); err != nil {
		return err
	}
	if err := c.server.Start(); err != nil {
		return err
	}
	if err := ready(c.stderr); err != nil {
		return errors.Join(err, c.stop())
	}
	go io.Copy(io.Discard, c.stderr)
	return nil
}

// stop ends the server as its administrator does, and waits for it.
func (c *cluster) stop() error {
	io.WriteString(c.stdin, "stop\n")
	c.stdin.Close()
	io.Copy(io.Discard, c.stderr)
	c.server.Wait() // what it has to say is of the signal
	return nil
}

func (c *cluster) remove() error { return os.RemoveAll(c.folder) }

// isReady finds what a primary or a standby says then.
var isReady = regexp.MustCompile(`database system is ready to accept (read-only )?connections`)

// ready waits for the line with which a server says so.
func ready(stderr io.Reader) error {
	lines := bufio.NewScanner(stderr)
	var all strings.Builder
	for lines.Scan() {
		fmt.Fprintln(&all, lines.Text())
		if isReady.MatchString(lines.Text()) {
			return nil
		}
	}
	return fmt.Errorf("it ended: %s", all.String())
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

// binaries is the folder with the newest PostgreSQL.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return "", err
		}
		return filepath.Dir(path), nil // of all programs: the link may be the only one
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

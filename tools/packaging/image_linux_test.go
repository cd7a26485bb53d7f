package packaging

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

const nobody = 65534

// image is what the Dockerfile makes, without a machine around it: the program
// runs as nobody in a root with nothing else in it, not even /proc and /dev.
type image struct {
	*testing.T
	root string
	env  []string
}

func newImage(t *testing.T) *image {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("only root may change the root of a process")
		}
		t.Skip("only root may change the root of a process")
	}
	i := &image{T: t, root: t.TempDir()}
	i.build()
	i.folder("data", 0o700)
	i.folder("tmp", os.ModeSticky|0o777)
	if err := os.Chown(filepath.Join(i.root, "data"), nobody, nobody); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(i.root, 0o755); err != nil { // for the user nobody to enter
		t.Fatal(err)
	}
	stages, _ := lint(t, read(t, "Dockerfile"))
	for _, command := range stages[len(stages)-1].Commands {
		if c, ok := command.(*instructions.EnvCommand); ok {
			for _, pair := range c.Env {
				i.env = append(i.env, pair.Key+"="+pair.Value)
			}
		}
	}
	// Free ports on loopback, in place of those that a container has to itself.
	i.env = append(i.env, "CALLVAULT_LISTEN=127.0.0.1:0", "CALLVAULT_MANAGE=127.0.0.1:0")
	return i
}

// build builds the program with the flags of the Dockerfile.
func (i *image) build() {
	i.Helper()
	cmd := exec.CommandContext(i.Context(), "go", "build", "-trimpath", "-buildvcs=auto", "-ldflags=-s -w",
		"-o", filepath.Join(i.root, "callvault"), "./cmd/callvault")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		i.Fatalf("%v\n%s", err, out)
	}
}

func (i *image) folder(name string, mode os.FileMode) {
	i.Helper()
	path := filepath.Join(i.root, name)
	if err := os.Mkdir(path, 0o700); err != nil {
		i.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // Mkdir heeds the umask
		i.Fatal(err)
	}
}

// command is a run of the program that has not begun.
func (i *image) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/callvault", args...)
	cmd.Dir = "/data"
	cmd.Env = i.env
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     i.root,
		Credential: &syscall.Credential{Uid: nobody, Gid: nobody},
		Pdeathsig:  syscall.SIGKILL,
	}
	return cmd
}

// must runs what has to succeed and returns its standard output.
func (i *image) must(stdin string, args ...string) []byte {
	i.Helper()
	cmd := i.command(i.Context(), args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		i.Fatalf("%q: %v\n%s", args, err, &stderr)
	}
	return out
}

// serve starts the server and returns the URLs of the API and of the operator's
// listener, and a func that ends it as a supervisor does.
func (i *image) serve() (api, manage string, stop func()) {
	i.Helper()
	ctx, cancel := context.WithTimeout(i.Context(), patience)
	i.Cleanup(cancel)
	cmd := i.command(ctx, "serve")
	cmd.Stderr = i.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		i.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		i.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for (api == "" || manage == "") && lines.Scan() {
		before, rest, found := strings.Cut(lines.Text(), " at ")
		url, _, _ := strings.Cut(rest, " ")
		switch {
		case found && strings.HasPrefix(before, "serving "):
			api = url
		case found:
			manage = url
		}
	}
	if api == "" || manage == "" {
		cancel()
		i.Fatalf("it does not say where it listens: %v", cmd.Wait())
	}
	return api, manage, func() {
		i.Helper()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			i.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			i.Errorf("it ended with %v", err)
		}
	}
}

func (i *image) get(request *http.Request) (status int, body string) {
	i.Helper()
	answer, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		i.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		i.Fatal(err)
	}
	return answer.StatusCode, string(content)
}

func (i *image) request(url string) *http.Request {
	i.Helper()
	request, err := http.NewRequestWithContext(i.Context(), http.MethodGet, url, nil)
	if err != nil {
		i.Fatal(err)
	}
	return request
}

// An image from scratch is enough: every kind of work is done in one.
func TestImage(t *testing.T) {
	i := newImage(t)
	i.must(`{"id":"1","started":"2026-01-31T09:00:00-07:00","title":"Hello"}`+"\n"+
		`{"id":"2","started":"2026-01-31T10:00:00-07:00"}`+"\n", "import", "-")
	i.must("", "delete", "--yes", "--id", "2") // writes the file anew, through a temporary one
	i.must("", "backup", "/data/backup.db")
	i.must("", "check", "--digest")
	var key struct{ AccessKey, AccessKeySecret string }
	if err := json.Unmarshal(i.must("", "key", "create", "-o", "json"), &key); err != nil {
		t.Fatal(err)
	}

	api, manage, stop := i.serve()
	list := i.request(api + "/v2/calls?fromDateTime=2026-01-01T00:00:00Z&toDateTime=2026-02-01T00:00:00Z")
	list.SetBasicAuth(key.AccessKey, key.AccessKeySecret)
	if status, body := i.get(list); status != http.StatusOK || !strings.Contains(body, `"totalRecords":1`) {
		t.Errorf("a page: %d %s", status, body)
	}
	if status, body := i.get(i.request(manage + "/readyz")); status != http.StatusOK {
		t.Errorf("ready: %d %s", status, body)
	}
	i.must("", "healthcheck", "--manage", strings.TrimPrefix(manage, "http://"))
	stop()
}

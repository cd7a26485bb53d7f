package program_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/internal/program"
)

// recipe is the script of curl in the page about moving out of an existing
// account.
func recipe(t *testing.T) string { return recipeOf(t, "With curl alone") }

// recipeOf is the first script of a section of that page.
func recipeOf(t *testing.T, heading string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "moving-out.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## "+heading+"\n")
	_, block, fenced := strings.Cut(section, "\n```sh\n")
	block, _, closed := strings.Cut(block, "\n```\n")
	if !found || !fenced || !closed {
		t.Fatalf("docs/moving-out.md has no block of sh under %q", heading)
	}
	return block + "\n"
}

// follow runs the recipe in the folder of a command line, against an API.
func follow(c *program.CLI, recipe, base string, k program.Key, variables ...string) ([]byte, error) {
	callvault := c.Command()
	cmd := exec.Command(program.Tool(c.T, "sh"), "-eu", "-c", recipe)
	cmd.Dir = c.Folder
	cmd.Env = append(callvault.Env,
		"PATH="+filepath.Dir(callvault.Path)+string(os.PathListSeparator)+os.Getenv("PATH"),
		"GONG_URL="+base, "GONG_ACCESS_KEY="+k.AccessKey, "GONG_ACCESS_KEY_SECRET="+k.AccessKeySecret,
		"FROM=2000-01-01T00:00:00Z", "TO=2100-01-01T00:00:00+02:00")
	cmd.Env = append(cmd.Env, variables...)
	return cmd.CombinedOutput()
}

// What an account has is, after the recipe, in the store: every call, as it
// was served.
func TestMovingOut(t *testing.T) {
	program.Tool(t, "curl")
	account, c := program.New(t), program.New(t)
	s := demo(account, "--page-size", "100", "--rate-limit", "off")
	k := demoKey(s)
	if out, err := follow(c, recipe(t), s.Base, k); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := as(s, k).Walk(program.Everything())
	slices.Sort(want)
	got := strings.Split(strings.TrimSuffix(c.Must("export"), "\n"), "\n")
	slices.Sort(got)
	if len(want) != 10_000 || !slices.Equal(got, want) {
		t.Errorf("%d calls were served and %d are exported, or they differ: %s", len(want), len(got), cmp.Diff(want, got))
	}
	if left, _ := filepath.Glob(filepath.Join(c.Folder, "*.part")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// A range without calls ends the recipe well, and anything else that is no
// page ends it loudly, with the answer shown.
func TestMovingOutOfNothing(t *testing.T) {
	program.Tool(t, "curl")
	_, client := newNoon(t)
	c := program.New(t)
	if out, err := follow(c, recipe(t), client.Base, client.Key, "TO=2000-01-02T00:00:00Z"); err != nil {
		t.Errorf("no calls: %v\n%s", err, out)
	}
	wrong := client.Key
	wrong.AccessKeySecret = "wrong"
	for name, try := range map[string]func() ([]byte, error){
		"401": func() ([]byte, error) { return follow(c, recipe(t), client.Base, wrong) },
		"400": func() ([]byte, error) { return follow(c, recipe(t), client.Base, client.Key, "FROM=yesterday") },
		"405": func() ([]byte, error) { return follow(c, recipe(t), client.Base+"/api", client.Key) },
	} {
		out, err := try()
		if err == nil || !strings.Contains(string(out), "status "+name) || !strings.Contains(string(out), `"errors":[`) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if strings.Contains(string(out), client.Key.AccessKeySecret) {
			t.Errorf("%s: the secret is in %s", name, out)
		}
	}
	if _, err := os.Stat(c.DB); err == nil {
		t.Error("a store was made")
	}
}

// The recipe waits as long as the account asks it to, and does not take the
// account's word "cursor" in a title for a cursor.
func TestMovingOutUnderALimit(t *testing.T) {
	program.Tool(t, "curl")
	var requests atomic.Int32
	account := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch cursor := r.FormValue("cursor"); {
		case requests.Add(1) == 2:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			w.Write([]byte(`{"requestId":"1","errors":["API request limit exceeded"]}`))
		case cursor == "":
			w.Write([]byte(`{"requestId":"1","records":{"totalRecords":2,"currentPageSize":1,"currentPageNumber":0,"cursor":"a.b+c/d=&e"},"calls":[` + noonOne + `]}`))
		case cursor == "a.b+c/d=&e":
			w.Write([]byte(`{"calls":[{"id":"2","started":"2026-03-04T12:00:00Z","title":"\"records\":{\"cursor\":\"x\"}"}], "records": {"totalRecords": 2}}` + "\n"))
		default:
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	defer account.Close()
	c := program.New(t)
	if out, err := follow(c, recipe(t), account.URL, program.Key{}); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := idsOf(c.Must("export")); !cmp.Equal(got, []string{"2", "9"}) || requests.Load() != 3 {
		t.Errorf("after %d requests: %q", requests.Load(), got)
	}
}

// The recipe for users and workspaces follows cursors and imports every page.
func TestMovingOutUsers(t *testing.T) {
	program.Tool(t, "curl")
	account := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch name, _, _ := r.BasicAuth(); {
		case name != "K":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/v2/workspaces":
			w.Write([]byte(`{"requestId":"1","workspaces":[{"id":"70","name":"Sales","description":null}]}`))
		case r.FormValue("cursor") == "":
			w.Write([]byte(`{"requestId":"1","records":{"totalRecords":2,"currentPageSize":1,"currentPageNumber":0,"cursor":"a+b="},"users":[{"id":"9","settings":{"a":1}}]}`))
		case r.FormValue("cursor") == "a+b=":
			w.Write([]byte(`{"requestId":"2","records":{"totalRecords":2,"currentPageSize":1,"currentPageNumber":1},"users":[{"id":"10"}]}`))
		}
	}))
	defer account.Close()
	c := program.New(t)
	script := recipeOf(t, "Users and workspaces")
	if out, err := follow(c, script, account.URL, program.Key{AccessKey: "wrong"}); err == nil {
		t.Errorf("with a wrong key: %s", out)
	}
	if out, err := follow(c, script, account.URL, program.Key{AccessKey: "K"}); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := idsOf(c.Must("export", "--kind", "users") + c.Must("export", "--kind", "workspaces")); !cmp.Equal(got, []string{"9", "10", "70"}) {
		t.Errorf("got %q", got)
	}
}

// The Go that the page about clients shows is Go, and lists calls.
func TestClientInGo(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "clients.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, fenced := strings.Cut(string(page), "\n```go\n")
	block, _, closed := strings.Cut(block, "\n```\n")
	if !fenced || !closed {
		t.Fatal("docs/clients.md has no block of Go")
	}
	c := program.New(t)
	c.Put("default", fmt.Sprintf(`{"id":"7782342274025937895","started":"%s"}`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)))
	k := c.Key()
	block = strings.Replace(block, `"https://us-12345.api.gong.io"`, strconv.Quote(c.Serve().Base), 1)
	source := filepath.Join(t.TempDir(), "main.go")
	text := `package main
import ("context"; "fmt"; "log"; "os"; "time"; "github.com/callvault/callvault/gong")
func main() { if err := list(context.Background()); err != nil { log.Fatal(err) } }
func list(ctx context.Context) error {
` + block + `
return nil }`
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command("go", "run", source)
	run.Env = append(os.Environ(), "GONG_ACCESS_KEY="+k.AccessKey, "GONG_ACCESS_KEY_SECRET="+k.AccessKeySecret)
	if out, err := run.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "7782342274025937895 2") {
		t.Errorf("%v: %s", err, out)
	}
}

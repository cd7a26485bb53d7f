package program_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/program"
)

// The quick start's own calls come out as the page says, by its own commands.
func TestQuickStart(t *testing.T) {
	program.Tool(t, "curl")
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "quickstart.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## With your own calls\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var imports, asks string
	for _, block := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```").FindAllStringSubmatch(section, -1) {
		switch {
		case strings.Contains(block[1], "callvault import"):
			imports = block[1]
		case strings.Contains(block[1], "curl"):
			asks = block[1]
		}
	}
	c := program.New(t)
	if out := runScript(t, c, imports); !strings.Contains(out, "3 records: 3 created, 0 changed, 0 unchanged") {
		t.Errorf("import: %s", out)
	}
	s := c.Serve()
	const address = "http://127.0.0.1:8080"
	if !strings.Contains(asks, address) {
		t.Fatalf("the page asks for another address than %s: %s", address, asks)
	}
	if out := runScript(t, c, strings.ReplaceAll(asks, address, s.Base)); !strings.Contains(out, `"totalRecords":2,`) || !strings.Contains(out, `"title":"Hello"`) {
		t.Errorf("calls: %s", out)
	}
}

// runScript runs a page's commands as they stand, with the program on the path.
func runScript(t *testing.T, c *program.CLI, script string) string {
	t.Helper()
	callvault := c.Command()
	cmd := exec.Command(program.Tool(t, "sh"), "-eu", "-c", script)
	cmd.Dir = c.Folder
	cmd.Env = append(callvault.Env, "PATH="+filepath.Dir(callvault.Path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v in\n%s\n%s", err, script, out)
	}
	return string(out)
}

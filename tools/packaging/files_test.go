package packaging

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the folder of the repository, from that of this package.
const root = "../.."

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// program runs the program from its source and returns what it prints.
func program(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "./cmd/callvault"}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return string(out)
}

// A variable that no command reads would be a setting without effect.
func TestVariablesAreRead(t *testing.T) {
	variable := regexp.MustCompile(`CALLVAULT_[A-Z_]+`)
	known := variable.FindAllString(program(t, "serve", "--help"), -1)
	files := []string{"Dockerfile"}
	err := fs.WalkDir(os.DirFS(root), "deploy", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	met := 0
	for _, file := range files {
		for _, name := range variable.FindAllString(string(read(t, file)), -1) {
			met++
			if !slices.Contains(known, name) {
				t.Errorf("%s: serve reads no %s", file, name)
			}
		}
	}
	if met == 0 {
		t.Error("no variable was met")
	}
}

// isCommand tells whether the program has a command of that name.
func isCommand(t *testing.T, name string) bool {
	t.Helper()
	return slices.ContainsFunc(strings.Split(program(t, "--help"), "\n"), func(line string) bool {
		fields := strings.Fields(line)
		return strings.HasPrefix(line, "  ") && len(fields) > 1 && fields[0] == name
	})
}

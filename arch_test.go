package callvault_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/callvault/callvault"

// rooms are the packages of the module with what each may import of it. A room
// that is not here has no place in the plan of docs/design.md.
var rooms = map[string][]string{
	"gong":                  nil,
	"":                      {"gong"},
	"changes":               {"gong"},
	"internal/feed":         {"", "changes", "gong", "internal/file"},
	"internal/api":          {"", "changes", "gong", "internal/auth", "internal/feed", "internal/limit", "internal/web"},
	"internal/auth":         {""},
	"internal/measure":      {"", "gong"},
	"internal/bulk":         {"", "gong", "internal/file", "internal/screen", "internal/spool", "internal/when"},
	"internal/certtest":     nil,
	"internal/manage":       {"", "gong", "internal/web"},
	"internal/page":         {"", "gong", "internal/web", "internal/when", "internal/where"},
	"internal/postgres":     {"", "gong"},
	"internal/file":         nil,
	"internal/limit":        {""},
	"internal/spool":        {"", "internal/file"},
	"internal/sqlite":       {"", "gong", "internal/file", "internal/limit"},
	"internal/demo":         {"", "gong"},
	"internal/doctor":       {"", "gong", "internal/file", "internal/upstream", "internal/web"},
	"internal/storetest":    {"", "gong", "internal/feed", "internal/upkeep"},
	"internal/postgrestest": nil,
	"internal/screen":       {"gong"},
	"internal/upkeep":       {"", "gong", "internal/screen"},
	"internal/upstream":     {"", "gong", "internal/screen", "internal/when", "internal/where"},
	"internal/upstreamtest": {"", "gong", "internal/api", "internal/demo", "internal/limit"},
	"internal/web":          nil,
	"internal/when":         {"gong"},
	"internal/where":        {"", "gong"},
	"internal/program":      nil,
	"internal/browser":      {"gong", "internal/demo"},
	"internal/bench":        {"", "changes", "gong", "internal/demo", "internal/postgres", "internal/postgrestest"},
	"cmd/callvault":         {"", "changes", "gong", "internal/api", "internal/budget", "internal/bulk", "internal/command", "internal/demo", "internal/doctor", "internal/feed", "internal/file", "internal/lease", "internal/limit", "internal/manage", "internal/measure", "internal/mirror", "internal/openapi", "internal/page", "internal/postgres", "internal/screen", "internal/sqlite", "internal/status", "internal/upkeep", "internal/upstream", "internal/web", "internal/when", "internal/where"},
	"internal/budget":       {"", "gong"},
	"internal/command":      {"internal/screen"},
	"internal/lease":        {""},
	"internal/mirror":       {"", "gong", "internal/budget", "internal/lease", "internal/upstream"},
	"internal/mirrortest":   {"", "gong", "internal/budget", "internal/demo", "internal/lease", "internal/mirror", "internal/postgres", "internal/sqlite", "internal/upstream", "internal/upstreamtest"},
	"internal/status":       {"", "internal/budget", "internal/mirror", "internal/screen"},
	"internal/openapi":      {"gong", "internal/web"},
	"internal/openapitest":  nil,
}

// testOnly are the rooms that only tests may import, and internal/bench, which is
// no part of the program either, where it says so above.
var testOnly = []string{"internal/openapitest", "internal/storetest", "internal/postgrestest", "internal/program", "internal/certtest", "internal/upstreamtest"}

// libraries are the modules from outside that each room may import, beside the
// standard library. Their reasons are in docs/design.md.
var libraries = map[string][]string{
	"":                      {"github.com/cespare/xxhash/v2", "golang.org/x/text"},
	"internal/api":          {"github.com/go-json-experiment/json", "github.com/klauspost/compress", "github.com/prometheus/client_golang"},
	"internal/bulk":         {"github.com/go-json-experiment/json", "github.com/klauspost/compress", "github.com/parquet-go/parquet-go", "github.com/pierrec/lz4/v4"},
	"internal/manage":       {"github.com/prometheus/client_golang"},
	"internal/web":          {"github.com/prometheus/client_golang"},
	"internal/measure":      {"github.com/prometheus/client_golang"},
	"internal/status":       {"github.com/prometheus/client_golang"},
	"internal/postgres":     {"github.com/jackc/pgx/v5"},
	"internal/postgrestest": {"github.com/jackc/pgx/v5"},
	"internal/screen":       {"github.com/dustin/go-humanize", "github.com/rivo/uniseg", "golang.org/x/term"},
	"internal/limit":        {"github.com/prometheus/client_golang", "golang.org/x/time"},
	"internal/spool":        {"github.com/klauspost/compress"},
	"internal/sqlite":       {"zombiezen.com/go/sqlite"},
	"internal/bench":        {"github.com/jackc/pgx/v5", "github.com/dustin/go-humanize"},
	"internal/openapitest":  {"github.com/getkin/kin-openapi", "github.com/santhosh-tekuri/jsonschema/v6"},
	"internal/storetest":    {"github.com/google/go-cmp"},
	"internal/command":      {"github.com/spf13/cobra", "github.com/spf13/pflag"},
	"internal/doctor":       {"github.com/dustin/go-humanize"},
	"cmd/callvault":         {"github.com/prometheus/client_golang", "github.com/spf13/cobra"},
}

// testLibraries are those that only tests of a room may import.
var testLibraries = map[string][]string{
	"internal/openapi": {"github.com/santhosh-tekuri/jsonschema/v6"},
	"cmd/callvault":    {"github.com/spf13/pflag", "golang.org/x/term"},
	"internal/browser": {"github.com/chromedp"},
}

func TestImports(t *testing.T) {
	for _, line := range goList(t, `{{.ImportPath}} {{join .Imports " "}}`) {
		room, imports := room(line[0]), line[1:]
		allowed, known := rooms[room]
		if !known {
			t.Errorf("%s is not a room of the plan", line[0])
		}
		for _, imported := range imports {
			checkImport(t, room, imported, allowed, libraries[room])
		}
	}
}

// A test may use the suite of laws too, and compare with go-cmp; it knows no
// neighbour of its room either.
func TestImportsOfTests(t *testing.T) {
	for _, line := range goList(t, `{{.ImportPath}} {{join .TestImports " "}} {{join .XTestImports " "}}`) {
		room, imports := room(line[0]), line[1:]
		allowed := append(slices.Clone(testOnly), rooms[room]...)
		for _, imported := range imports {
			if !strings.HasPrefix(imported, "github.com/google/go-cmp/") {
				checkImport(t, room, imported, append(allowed, room), slices.Concat(libraries[room], testLibraries[room]))
			}
		}
	}
}

func checkImport(t *testing.T, room, imported string, allowed, libraries []string) {
	t.Helper()
	switch {
	case imported == module || strings.HasPrefix(imported, module+"/"):
		if !slices.Contains(allowed, strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")) {
			t.Errorf("%q must not import %s", room, imported)
		}
	case strings.Contains(strings.Split(imported, "/")[0], "."):
		if !slices.ContainsFunc(libraries, func(l string) bool { return imported == l || strings.HasPrefix(imported, l+"/") }) {
			t.Errorf("%q must not import %s", room, imported)
		}
	}
}

func room(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }

// A room has at most 25 production files and a file at most 400 lines: what is larger is
// more than one thing.
func TestSizes(t *testing.T) {
	const maxFiles, maxLines = 25, 400
	for _, line := range goList(t, `{{.Dir}} {{join .GoFiles " "}} {{join .TestGoFiles " "}} {{join .XTestGoFiles " "}}`) {
		production := 0
		for _, name := range line[1:] {
			if !strings.HasSuffix(name, "_test.go") {
				production++
			}
			content, err := os.ReadFile(filepath.Join(line[0], name))
			if err != nil {
				t.Fatal(err)
			}
			if lines := bytes.Count(content, []byte("\n")); lines > maxLines {
				t.Errorf("%s of %s has %d lines", name, line[0], lines)
			}
		}
		if production > maxFiles {
			t.Errorf("%s has %d production files", line[0], production)
		}
	}
}

// goList is what go list says of every package of the module, in fields.
func goList(t *testing.T, format string) (lines [][]string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", format, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		lines = append(lines, strings.Fields(line))
	}
	if len(lines) == 0 {
		t.Fatal("go list found no packages")
	}
	return lines
}

package callvault_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// pages are the texts for users: those at the top, and those of docs.
func pages(t *testing.T) map[string]string {
	t.Helper()
	pages := make(map[string]string)
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			pages[filepath.ToSlash(name)] = string(content)
		}
	}
	return pages
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	code    = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
	fenced  = regexp.MustCompile("(?ms)^```.*?^```")
)

// Every link to a file of the repository, and to a heading, leads somewhere.
func TestLinks(t *testing.T) {
	pages := pages(t)
	followed := 0
	for name, content := range pages {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(content, ""), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			followed++
			file, anchor, _ := strings.Cut(match[1], "#")
			target := name
			if file != "" {
				target = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", name, match[1], err)
				continue
			}
			if anchor != "" && !anchors(pages[target])[anchor] {
				t.Errorf("%s links to %s, a heading that %s does not have", name, match[1], target)
			}
		}
	}
	if followed < 20 {
		t.Errorf("only %d links were found", followed)
	}
}

// anchors are the names of a page's headings, as GitHub makes them: lower-case
// letters, digits, dashes and underscores, with dashes for spaces.
func anchors(content string) map[string]bool {
	found := make(map[string]bool)
	for _, match := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(content, ""), -1) {
		var anchor strings.Builder
		for _, r := range strings.ToLower(link.ReplaceAllString(match[1], "]")) {
			switch {
			case r == ' ':
				anchor.WriteByte('-')
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				anchor.WriteRune(r)
			}
		}
		found[anchor.String()] = true
	}
	return found
}

// Texts that docs/troubleshooting.md explains are texts of the program: what is
// between dots stands in one of its strings.
func TestTroubleshooting(t *testing.T) {
	content := pages(t)["docs/troubleshooting.md"]
	texts := programTexts(t)
	quoted := regexp.MustCompile("`([^`]+)`")
	checked := 0
	for _, line := range strings.Split(content, "\n") {
		cell, isRow := strings.CutPrefix(line, "| `")
		if !isRow {
			continue
		}
		cell, _, _ = strings.Cut("`"+cell, " | ")
		for _, match := range quoted.FindAllStringSubmatch(cell, -1) {
			for _, part := range strings.Split(match[1], "…") {
				if part = strings.Trim(part, " ;'"); part == "" {
					continue
				}
				checked++
				if !strings.Contains(texts, part) {
					t.Errorf("the program has no text with %q", part)
				}
			}
		}
	}
	if checked < 60 {
		t.Errorf("only %d texts were found", checked)
	}
}

// programTexts are the string literals of everything that is built into the
// program, one a line.
func programTexts(t *testing.T) string {
	t.Helper()
	var texts strings.Builder
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if notBuiltIn[entry.Name()] {
				return filepath.SkipDir
			}
			return nil
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value) // it was parsed
				texts.WriteString(text + "\n")
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts.String()
}

// notBuiltIn are folders with nothing of the program.
var notBuiltIn = map[string]bool{
	".git": true, "bin": true, "docs": true, "testdata": true, "tools": true,
	"bench": true, "postgrestest": true, "program": true, "storetest": true,
}

// A test that a page names as holding a statement is there.
func TestNamedTests(t *testing.T) {
	there := make(map[string]bool)
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		content, err := os.ReadFile(name)
		for _, match := range declaration.FindAllStringSubmatch(string(content), -1) {
			there[match[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w*)`")
	found := 0
	for page, content := range pages(t) {
		for _, match := range named.FindAllStringSubmatch(content, -1) {
			found++
			if !there[match[1]] {
				t.Errorf("%s names %s, which is no test", page, match[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d names were found", found)
	}
}

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command line of callvault in the pages for users is one that it takes:
// the command is there, and has the flags. Whether it does what the page says is
// for those who try the page.
func TestDocumentedCommands(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, name := range append(names, filepath.Join("..", "..", "README.md")) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range commandLines(string(content)) {
			checked++
			checkCommandLine(t, filepath.Base(name), line)
		}
	}
	if checked < 40 {
		t.Errorf("only %d command lines were found", checked)
	}
}

var (
	shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```")
	span       = regexp.MustCompile("`(callvault [a-z][^`\n]*)`")
	invocation = regexp.MustCompile(`(?:^|[|&(] *|sudo |=\S+ |bin/|cmd/)callvault( [^|&;)#\n]*)`)
)

// commandLines are the arguments of callvault in a page's shell blocks and code
// spans, one string for each run.
func commandLines(page string) (lines []string) {
	var texts []string
	for _, block := range shellBlock.FindAllStringSubmatch(page, -1) {
		texts = append(texts, strings.Split(strings.ReplaceAll(block[1], "\\\n", " "), "\n")...)
	}
	for _, match := range span.FindAllStringSubmatch(page, -1) {
		texts = append(texts, match[1])
	}
	for _, text := range texts {
		for _, match := range invocation.FindAllStringSubmatch(strings.TrimSpace(text), -1) {
			lines = append(lines, match[1])
		}
	}
	return lines
}

func checkCommandLine(t *testing.T, page, line string) {
	t.Helper()
	words := strings.Fields(line)
	if len(words) == 0 || strings.HasPrefix(words[0], "-") { // of the program as a whole
		return
	}
	cmd, _, err := (&app{env: os.LookupEnv}).root().Find(words)
	if err != nil || !cmd.HasParent() {
		t.Errorf("%s: callvault%s: no such command: %v", page, line, err)
		return
	}
	cmd.InitDefaultHelpFlag()
	for _, word := range words {
		if flag, _, _ := strings.Cut(word, "="); strings.HasPrefix(flag, "-") && flag != "-" && !hasFlag(cmd, flag) {
			t.Errorf("%s: callvault%s: %s has no flag %s", page, line, cmd.CommandPath(), flag)
		}
	}
}

func hasFlag(cmd *cobra.Command, flag string) bool {
	if name, long := strings.CutPrefix(flag, "--"); long {
		return cmd.Flags().Lookup(name) != nil
	}
	return len(flag) == 2 && cmd.Flags().ShorthandLookup(flag[1:]) != nil
}

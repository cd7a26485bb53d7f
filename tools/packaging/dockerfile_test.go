package packaging

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// lint parses a Dockerfile as docker build does, and returns its stages and what
// its checks warn of.
func lint(t *testing.T, dockerfile []byte) (stages []instructions.Stage, warnings []string) {
	t.Helper()
	parsed, err := parser.Parse(bytes.NewReader(dockerfile))
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range parsed.Warnings {
		warnings = append(warnings, warning.Short)
	}
	stages, _, err = instructions.Parse(parsed.AST, linter.New(&linter.Config{
		Warn: func(rule, _, _, message string, _ []parser.Range) { warnings = append(warnings, rule+": "+message) },
	}))
	if err != nil {
		t.Fatal(err)
	}
	return stages, warnings
}

func TestDockerfile(t *testing.T) {
	stages, warnings := lint(t, read(t, "Dockerfile"))
	for _, warning := range warnings {
		t.Error(warning)
	}
	image := stages[len(stages)-1]
	if image.BaseName != "scratch" {
		t.Errorf("the image is made from %s", image.BaseName)
	}
	var user string
	for _, command := range image.Commands {
		switch c := command.(type) {
		case *instructions.RunCommand:
			t.Errorf("there is no shell for %v", c)
		case *instructions.UserCommand:
			user = c.User
		case *instructions.HealthCheckCommand:
			// CMD, the program, one of its commands.
			if words := c.Health.Test; len(words) != 3 || !isCommand(t, words[2]) {
				t.Errorf("health is asked by %q", words)
			}
		}
	}
	if user != "65534:65534" {
		t.Errorf("it runs as %q: a supervisor that forbids root needs a number", user)
	}
}

// The checks that TestDockerfile relies on are on.
func TestLintWarns(t *testing.T) {
	_, warnings := lint(t, []byte("FROM scratch as Image\n"))
	for _, rule := range []string{"FromAsCasing", "StageNameCasing"} {
		if !slices.ContainsFunc(warnings, func(w string) bool { return strings.HasPrefix(w, rule) }) {
			t.Errorf("%s is not among %q", rule, warnings)
		}
	}
}

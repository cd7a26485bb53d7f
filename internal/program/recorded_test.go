package program_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault/internal/program"
)

// Two call documents that were recorded from the live service go in, as lines
// and as a saved response page, and come out by curl as they were: all twenty
// fields, in the contract's order.
func TestRecordedCalls(t *testing.T) {
	curl := program.Tool(t, "curl")
	for _, file := range []string{"recorded.ndjson", "page.json"} {
		t.Run(file, func(t *testing.T) {
			c := program.New(t)
			c.Must("import", "--strict", c.File(file, testdata(t, file)))
			k := c.Key()
			s := c.Serve()
			cmd := exec.Command(curl, "-sS", "--fail-with-body", "-K", "-", s.Base+"/v2/calls?"+program.Everything().Encode())
			cmd.Stdin = strings.NewReader(`user = "` + k.AccessKey + ":" + k.AccessKeySecret + `"`)
			body, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			var p program.Page
			if err := json.Unmarshal(body, &p); err != nil {
				t.Fatal(err)
			}
			if got := p.Bytes(); got != string(body) {
				t.Fatalf("the body is\n%s\nnot\n%s", body, got)
			}
			if diff := cmp.Diff(recorded(t), p.Documents()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if p.Records.TotalRecords != 2 || p.Records.CurrentPageSize != 2 || p.Records.Cursor != nil {
				t.Errorf("%+v", p.Records)
			}
		})
	}
}

// recorded are the recorded documents with the keys that the recording did not
// keep, null, and all of them in the contract's order.
func recorded(t *testing.T) (documents []string) {
	for line := range strings.Lines(testdata(t, "recorded.ndjson")) {
		var values map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &values); err != nil {
			t.Fatal(err)
		}
		var members []string
		for _, name := range fields() {
			value := values[name]
			if value == nil {
				value = json.RawMessage("null")
			}
			members = append(members, `"`+name+`":`+string(value))
		}
		documents = append(documents, "{"+strings.Join(members, ",")+"}")
	}
	return documents
}

// The line that the demo prints shows three calls as it is pasted, over many lines where
// this machine has a program for that.
func TestDemoLine(t *testing.T) {
	program.Tool(t, "curl")
	c := program.New(t)
	s := demo(c)
	line := s.Find(`^ *(curl .*)$`)[1]
	body, err := exec.Command("sh", "-c", line).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	var p program.Page
	if err := json.Unmarshal(body, &p); err != nil || len(p.Calls) != 3 || p.Records.TotalRecords != 3 || strings.Contains(line, "|") && bytes.Count(body, []byte("\n")) < 60 {
		t.Errorf("%v, %d calls, %s", err, len(p.Calls), body)
	}
}

// demo starts a server of invented calls.
func demo(c *program.CLI, args ...string) *program.Server {
	c.T.Helper()
	cmd := c.Command(append([]string{"serve", "--demo", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(cmd.Env, "CALLVAULT_DB=", "TMPDIR="+c.Folder)
	return c.Start(cmd)
}

// demoKey is the key that the demo prints.
func demoKey(s *program.Server) program.Key {
	s.T.Helper()
	id := s.Find(`access key +(\S+)`)[1]
	return program.Key{AccessKey: id, AccessKeySecret: s.Find(`secret +(\S+)`)[1]}
}

// Every call that the demo invents is a call of the contract.
func TestDemoCalls(t *testing.T) {
	c := program.New(t)
	s := demo(c, "--page-size", "1000", "--rate-limit", "off")
	documents := as(s, demoKey(s)).Walk(program.Everything())
	if len(documents) != 10_000 {
		t.Fatalf("%d calls", len(documents))
	}
	accepted := map[string]*regexp.Regexp{
		"id":        regexp.MustCompile(`^"(0|[1-9][0-9]{0,19})"$`),
		"started":   regexp.MustCompile(`^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[-+]\d\d:\d\d)"$`),
		"duration":  regexp.MustCompile(`^(0|[1-9][0-9]*)$`),
		"direction": regexp.MustCompile(`^"(Inbound|Outbound|Conference|Unknown)"$`),
		"scope":     regexp.MustCompile(`^"(Internal|External|Unknown)"$`),
		"media":     regexp.MustCompile(`^"(Video|Audio)"$`),
		"isPrivate": regexp.MustCompile(`^(true|false)$`),
	}
	for i, document := range documents {
		if i%10 != 0 {
			continue // a thousand of them tell
		}
		if got := names(t, document); !cmp.Equal(got, fields()) {
			t.Fatalf("%s has the keys %q", document, got)
		}
		var values map[string]json.RawMessage
		if err := json.Unmarshal([]byte(document), &values); err != nil {
			t.Fatal(err)
		}
		for name, form := range accepted {
			if value := string(values[name]); value != "null" && !form.MatchString(value) {
				t.Fatalf("%s is %s", name, value)
			}
		}
	}
}

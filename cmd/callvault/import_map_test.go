package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// foreign is a command line of docs/files.md for the files of a system. Where they have no
// header, it writes one, and it may leave out the lines that begin with a text.
var foreign = regexp.MustCompile(`(?m)^# (\w+)[\w ]*\n(?:\(echo (\S+); cat \S+\) \| |grep -v \^(\S+) \S+ \| )?callvault import (.*) \S+$`)

// Every command line that docs/files.md has for a system imports files of its form, whose calls
// are found by number, agent and system.
func TestForeignFiles(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "files.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]string{
		"Asterisk":    {"1770020102.65 2026-02-02T09:15:02+01:00 278 - title=00493055501", "1770021060.67 2026-02-02T09:31:00+01:00 12 - title=201"},
		"FreeSWITCH":  {"5b0f6c1e-2f4d-4c39-9d0a-0f8f2d6b1a01 2026-02-02T09:15:02+01:00 278 - hangup_cause=NORMAL_CLEARING", "5b0f6c1e-2f4d-4c39-9d0a-0f8f2d6b1a03 2026-02-02T09:31:00+01:00 12 - hangup_cause=NO_ANSWER"},
		"Twilio":      {"CA00000000000000000000000000000a01 2026-02-02T08:15:02+00:00 278 Outbound status=completed", "CA00000000000000000000000000000a02 2026-02-02T08:31:00+00:00 0 Inbound status=no-answer"},
		"RingCentral": {"8000000001 2026-02-02T08:15:02+00:00 278 Outbound Result=Connected", "8000000002 2026-02-02T08:31:00+00:00 12 Inbound Result=Missed"},
		"Zoom":        {"7602386110000000101 2026-02-02T03:15:02-05:00 278 Outbound NO.=1", "7602386110000000102 2026-02-02T03:31:00-05:00 - Inbound NO.=2"},
		"Aircall":     {"3000000001 2026-02-02T08:15:02.083Z 278 Outbound primaryUserId=Anna Example", "3000000002 2026-02-02T08:31:00Z 12 Inbound primaryUserId=[No associated user]"},
	}
	searches := map[string][]string{ // each finds the first call alone
		"Asterisk":    {"00493055501", "host:anna", "system:asterisk host:Anna 0049305550"},
		"FreeSWITCH":  {"00493055501", "host:1001", "system:freeswitch 00493055501"},
		"Twilio":      {"493055501", "host:1500", "system:twilio 493055501"},
		"RingCentral": {"2025550102", "host:anna", "system:ringcentral host:example"},
		"Zoom":        {"12025550102", "host:anna", "system:zoom host:anna"},
		"Aircall":     {"555001", "host:anna", `system:aircall "49 30 555001"`},
	}
	for _, match := range foreign.FindAllStringSubmatch(string(page), -1) {
		system, header, without := match[1], match[2], match[3]
		t.Run(system, func(t *testing.T) {
			rows, err := os.ReadFile(filepath.Join("testdata", "foreign", strings.ToLower(system)+".csv"))
			if err != nil {
				t.Fatal(err)
			}
			c := newCLI(t)
			for line := range strings.Lines(string(rows)) {
				if without == "" || !strings.HasPrefix(line, without) {
					c.stdin += line
				}
			}
			if header != "" {
				c.stdin = header + "\n" + c.stdin
			}
			if got := c.run(append(append([]string{"import"}, words(match[4])...), "-")...); got.code != exitOK {
				t.Fatalf("%+v", got)
			}
			calls := strings.Split(strings.TrimSpace(c.must("export")), "\n")
			if len(calls) != 2 {
				t.Fatalf("%d calls", len(calls))
			}
			for i, want := range want[system] {
				further, _, _ := strings.Cut(want[strings.LastIndex(want[:strings.Index(want, "=")], " ")+1:], "=")
				if got := inShort(t, calls[i], further); got != want {
					t.Errorf("got %s\nwant %s", got, want)
				}
			}
			for _, search := range searches[system] {
				if got := c.must("calls", "-o", "ndjson", "--where", search); got != calls[0]+"\n" {
					t.Errorf("%s finds %s", search, got)
				}
			}
		})
		delete(want, system)
	}
	if len(want) > 0 {
		t.Errorf("docs/files.md has no line for %v", want)
	}
}

// words are the words of a command line, as a shell splits them at spaces outside of
// quotation marks.
func words(line string) (words []string) {
	for _, word := range regexp.MustCompile(`(?:"[^"]*"|[^ "])+`).FindAllString(line, -1) {
		words = append(words, strings.ReplaceAll(word, `"`, ""))
	}
	return words
}

// inShort is what matters of a call: its id in its source, its time, duration, direction and a
// further field.
func inShort(t *testing.T, document, further string) string {
	t.Helper()
	var call map[string]any
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.UseNumber()
	if err := decoder.Decode(&call); err != nil {
		t.Fatal(err)
	}
	text := func(name string) string {
		switch value := call[name].(type) {
		case string:
			return value
		case json.Number:
			return value.String()
		}
		return "-"
	}
	return strings.Join([]string{text("clientUniqueId"), text("started"), text("duration"), text("direction"), further + "=" + text(further)}, " ")
}

// A dry run shows the first ten calls as an import stores them, and what is bad, with its exit
// code; it makes no store.
func TestImportDryRun(t *testing.T) {
	c := newCLI(t)
	lines := []string{"Call ID,Start,Length,Team"}
	for i := range 12 {
		lines = append(lines, strings.Repeat("x", i+1)+",2026-02-01 08:15,1:05,red")
	}
	bad := append(lines, "y,2026-03-29 02:30,5,blue", "z,2026-02-01 08:15,5x,")
	flags := []string{"import", "--map", "id=Call ID,started=Start,duration=Length", "--tz", "Europe/Berlin", "--source", "pbx1", "--dry-run"}
	file := c.file("calls.csv", bad...)
	got := c.run(append(flags, file)...)
	shown := got.stdout
	got.stdout = ""
	want := outcome{code: exitSkipped, stderr: file + ":1: unknown columns are kept as further fields: \"Team\"\n" +
		file + ":14: started: \"2026-03-29 02:30\" was skipped by the clock of Europe/Berlin; correct it, or pass another --tz\n" +
		file + ":15: duration: \"5x\" is not a whole number of at least 0\n" +
		"14 records: 12 would be imported, 2 skipped; nothing was stored\n"}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outcome{})); diff != "" {
		t.Error(diff)
	}
	if got := c.run(append(flags, c.file("good.csv", lines...))...); got.code != exitOK || got.stdout != shown {
		t.Errorf("%+v", got)
	}
	if got := c.run("import", "--dry-run", "--strict", c.file("calls.ndjson", callOne, callBad)); got.code != exitSkipped || !strings.HasPrefix(got.stdout, `{"id":"1",`) || strings.Count(got.stdout, "\n") != 1 {
		t.Errorf("without --map: %+v", got)
	}
	if entries, err := os.ReadDir(filepath.Dir(c.env["CALLVAULT_DB"])); err != nil || len(entries) > 0 {
		t.Errorf("it made %v, %v", entries, err)
	}
	c.must(append(flags[:len(flags)-1], c.file("good.csv", lines...))...)
	stored := c.must("export")
	if n := strings.Count(shown, "\n"); n != 10 {
		t.Errorf("%d calls are shown", n)
	}
	for line := range strings.Lines(shown) {
		if !strings.Contains(stored, line) {
			t.Errorf("shown, but not stored: %s", line)
		}
	}
}

// A call of another client is refused with its line and exit code 3, by a dry run too, and
// the rest of the file is stored, unless the import is strict.
func TestImportOfAnotherClient(t *testing.T) {
	c := newCLI(t)
	c.must("import", c.file("first.csv", "id,started,clientUniqueId", "1,2026-01-01T00:00:00Z,a"))
	file := c.file("calls.csv", "id,started,clientUniqueId", "2,2026-01-01T00:00:00Z,b", "1,2026-01-01T00:00:00Z,b", "3,2026-01-01T00:00:00Z,c")
	refusal := file + ":3: clientUniqueId: differs from that of the stored call with the id 1; give one of the two calls another id\n"
	for _, tt := range []struct {
		flag       string
		code, want int
	}{{"--dry-run", exitSkipped, 1}, {"--strict", exitFailed, 1}, {"--quiet", exitSkipped, 3}} {
		got := c.run("import", tt.flag, file)
		if got.code != tt.code || !strings.HasPrefix(got.stderr, refusal) {
			t.Errorf("%s: %+v", tt.flag, got)
		}
		if n := strings.Count(c.must("export"), "\n"); n != tt.want {
			t.Errorf("%s: %d calls, want %d", tt.flag, n, tt.want)
		}
	}
	if all := c.must("export"); !strings.Contains(all, `{"id":"1",`) || !strings.Contains(all, `"clientUniqueId":"a"`) {
		t.Errorf("the call is\n%s", all)
	}
}

func TestImportMapUsage(t *testing.T) {
	c := newCLI(t)
	file := c.file("calls.csv", "Call ID,Start", "a,2026-02-01 08:15")
	for args, want := range map[string]string{
		"--map|id":                             `--map "id": use FIELD=COLUMN, such as id="Call ID",started=Start,duration=Length`,
		"--map|Id=a":                           `--map "Id=a": "Id" is not a field; use one of id, url, title, `,
		"--map|id=a|--map|id=b":                `--map "id=b": the field id has a column already; map it once`,
		"--tz|UTC":                             `--tz is for times that --map reads; map started or scheduled, or leave --tz out`,
		"--map|clientUniqueId=x|--source|pbx1": `--source keeps the id as clientUniqueId; leave clientUniqueId out of --map`,
		"--source|":                            `--source is empty; give a value, or leave the flag out`,
		"--source|\xff":                        `--source "\xff" is not valid UTF-8; use a name such as pbx1`,
	} {
		got := c.run(append(append([]string{"import"}, strings.Split(args, "|")...), file)...)
		if got.code != exitUsage || !strings.HasPrefix(got.stderr, "callvault: "+want) {
			t.Errorf("%s: %+v\nwant %s", args, got, want)
		}
	}
	got := c.run("import", "--map", "id=Call ID", "--map", "started=start", "--tz", "UTC", "--source", "pbx1", file)
	if got.code != exitOK {
		t.Errorf("--map twice: %+v", got)
	}
	if got := c.run("import", "--map", "id=x", c.file("calls.ndjson", callOne)); got.code != exitFailed || !strings.Contains(got.stderr, "calls.ndjson: --map is for CSV, and this file is of another format; leave it out") {
		t.Errorf("%+v", got)
	}
}

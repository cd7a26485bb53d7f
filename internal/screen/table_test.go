package screen_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"

	"github.com/callvault/callvault/internal/screen"
)

// documents are calls of all kinds.
func documents() []string {
	return []string{
		`{"id":"7782342274025937895","title":"Quarterly review","started":"2026-01-05T09:00:00-07:00","duration":460,"direction":"Outbound","system":"Outreach"}`,
		`{"id":"1","title":"会議の記録 – 四半期ごとの振り返りと来期の計画について","scheduled":"2026-01-05T17:30:00Z","started":"2026-01-05T17:34:00Z","duration":36061,"direction":"Conference","system":"A system with a long name"}`,
		`{"id":"2","title":"\u001b[2Jevil\nline\u202e","started":"2026-01-05T23:59:59.999Z","duration":0}`,
		`{"id":"3"}`,
	}
}

// table writes the documents for a terminal that is so wide.
func table(t *testing.T, width int) string {
	t.Helper()
	var out bytes.Buffer
	table := screen.NewTable(&out, time.FixedZone("", 3600), width, screen.Names{})
	for _, document := range documents() {
		if err := table.Write([]byte(document)); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTable(t *testing.T) {
	for width, want := range map[int]string{
		40: `
TIME              ID                   …
2026-01-05 17:00  7782342274025937895  …
2026-01-05 18:30  1                    …
2026-01-06 00:59  2                    …
-                 3                    …
`,
		80: `
TIME              DURATION  ID                    TITLE
2026-01-05 17:00      7:40  7782342274025937895   Quarterly review
2026-01-05 18:30  10:01:01  1                     会議の記録 – 四半期ごとの振り…
2026-01-06 00:59      0:00  2                     �[2Jevil line
-                        -  3                     -
`,
		140: `
TIME              DURATION  DIRECTION   SYSTEM        ID                    TITLE
2026-01-05 17:00      7:40  Outbound    Outreach      7782342274025937895   Quarterly review
2026-01-05 18:30  10:01:01  Conference  A system wi…  1                     会議の記録 – 四半期ごとの振り返りと来期の計画について
2026-01-06 00:59      0:00  -           -             2                     �[2Jevil line
-                        -  -           -             3                     -
`,
		0: `
TIME                       DURATION  DIRECTION   SYSTEM        ID                    TITLE
2026-01-05T17:00:00+01:00      7:40  Outbound    Outreach      7782342274025937895   Quarterly review
2026-01-05T18:30:00+01:00  10:01:01  Conference  A system with a long name  1                     会議の記録 – 四半期ごとの振り返りと来期の計画について
2026-01-06T00:59:59+01:00      0:00  -           -             2                     �[2Jevil line
-                                 -  -           -             3                     -
`,
	} {
		if got := "\n" + table(t, width); got != want {
			t.Errorf("width %d: got%swant%s", width, got, want)
		}
	}
}

func TestTableFits(t *testing.T) {
	for width := 1; width < 200; width++ {
		for line := range strings.Lines(table(t, width)) {
			if cells := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); cells > width {
				t.Fatalf("width %d: a line of %d: %q", width, cells, line)
			}
		}
	}
}

// Hosts and workspaces have a column if any of them has a name, else none; one without a
// name shows its id. Where the width is short, the host stays before the system.
func TestTableNames(t *testing.T) {
	host := func(id string) string { return map[string]string{"7": "\u202eAda\x1b[2J Lovelace, Countess"}[id] }
	workspace := func(id string) string { return map[string]string{"70": "מכירות"}[id] }
	for _, tt := range []struct {
		width int
		names screen.Names
		want  string
	}{
		{110, screen.Names{Host: host, Workspace: workspace}, `
TIME              DURATION  DIRECTION   HOST                ID                    TITLE
2026-01-05 17:00         -  -           Ada�[2J Lovelace,…  1                     First
2026-01-05 17:00         -  -           8                   2                     Second
2026-01-05 17:00         -  -           -                   3                     Third
`},
		{0, screen.Names{Workspace: workspace}, `
TIME                       DURATION  DIRECTION   SYSTEM        WORKSPACE         ID                    TITLE
2026-01-05T17:00:00+01:00         -  -           -             מכירות            1                     First
2026-01-05T17:00:00+01:00         -  -           -             80                2                     Second
2026-01-05T17:00:00+01:00         -  -           -             -                 3                     Third
`},
	} {
		var out bytes.Buffer
		table := screen.NewTable(&out, time.FixedZone("", 3600), tt.width, tt.names)
		for _, document := range []string{
			`{"id":"1","title":"First","started":"2026-01-05T16:00:00Z","primaryUserId":"7","workspaceId":"70"}`,
			`{"id":"2","title":"Second","started":"2026-01-05T16:00:00Z","primaryUserId":"8","workspaceId":"80"}`,
			`{"id":"3","title":"Third","started":"2026-01-05T16:00:00Z"}`,
		} {
			if err := table.Write([]byte(document)); err != nil {
				t.Fatal(err)
			}
		}
		if err := table.Close(); err != nil || "\n"+out.String() != tt.want {
			t.Errorf("width %d, %v: got\n%swant%s", tt.width, err, &out, tt.want)
		}
	}
}

// How late a call started stands beside its time.
func TestTableLate(t *testing.T) {
	for width, want := range map[int]string{
		80: `
TIME                  LATE  DURATION  ID                    TITLE
2026-01-05 17:00         -      7:40  7782342274025937895   Quarterly review
2026-01-05 18:30      4:00  10:01:01  1                     会議の記録 – 四半期…
`,
		0: `
TIME                           LATE  DURATION  DIRECTION   SYSTEM        ID                    TITLE
2026-01-05T17:00:00+01:00         -      7:40  Outbound    Outreach      7782342274025937895   Quarterly review
2026-01-05T18:30:00+01:00      4:00  10:01:01  Conference  A system with a long name  1                     会議の記録 – 四半期ごとの振り返りと来期の計画について
`,
	} {
		var out bytes.Buffer
		table := screen.NewTable(&out, time.FixedZone("", 3600), width, screen.Names{})
		table.ShowLate()
		for _, document := range documents()[:2] {
			if err := table.Write([]byte(document)); err != nil {
				t.Fatal(err)
			}
		}
		if err := table.Close(); err != nil || "\n"+out.String() != want {
			t.Errorf("width %d, %v: got\n%swant%s", width, err, &out, want)
		}
	}
}

// Nothing is written for no calls, and what can't be a call is an error.
func TestTableOfNothing(t *testing.T) {
	var out bytes.Buffer
	table := screen.NewTable(&out, time.UTC, 80, screen.Names{})
	if err := table.Close(); err != nil || out.Len() != 0 {
		t.Errorf("wrote %q, %v", out.String(), err)
	}
	if err := table.Write([]byte(`{"id":`)); err == nil || !strings.Contains(err.Error(), "a call to be shown: ") {
		t.Errorf("got %v", err)
	}
}

func TestBars(t *testing.T) {
	bars := []screen.Bar{{"Mon 2026-01-05", 1000}, {"Tue 2026-01-06", 0}, {"Wed 2026-01-07", 1}, {"Thu 2026-01-08", 531}, {"Fri 2026-01-09", 500}}
	for width, want := range map[int]string{
		40: `
Mon 2026-01-05  1,000 ██████████████████
Tue 2026-01-06      0
Wed 2026-01-07      1 ▏
Thu 2026-01-08    531 █████████▌
Fri 2026-01-09    500 █████████
`,
		24: `
Mon 2026-01-05  1,000 ██
Tue 2026-01-06      0
Wed 2026-01-07      1 ▏
Thu 2026-01-08    531 █
Fri 2026-01-09    500 █
`,
	} {
		var out bytes.Buffer
		if err := screen.Bars(&out, width, bars); err != nil {
			t.Fatal(err)
		}
		if got := "\n" + out.String(); got != want {
			t.Errorf("width %d: got%swant%s", width, got, want)
		}
	}
	for width := 1; width < 100; width++ {
		var out bytes.Buffer
		if err := screen.Bars(&out, width, bars); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if cells := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); cells > width {
				t.Errorf("width %d: a line of %d: %q", width, cells, line)
			}
		}
	}
	var out bytes.Buffer
	if err := screen.Bars(&out, 40, []screen.Bar{{"none", 0}}); err != nil || out.String() != "none  0\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
	if err := screen.Bars(full{}, 40, bars); err == nil {
		t.Error("an error of writing was lost")
	}
}

// full is a disk that is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("no space left") }

// On a terminal each line is there at once; elsewhere many are written together.
func TestTableOnTerminal(t *testing.T) {
	for width, isThere := range map[int]bool{80: true, 0: false} {
		var out bytes.Buffer
		table := screen.NewTable(&out, time.UTC, width, screen.Names{})
		if err := table.Write([]byte(documents()[0])); err != nil || (out.Len() > 0) != isThere {
			t.Errorf("width %d: %v, %q", width, err, out.String())
		}
		if err := table.Close(); err != nil || strings.Count(out.String(), "\n") != 2 {
			t.Errorf("width %d: %v, %q", width, err, out.String())
		}
	}
}

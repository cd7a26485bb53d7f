package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/callvault/callvault/internal/demo"
	"github.com/callvault/callvault/internal/program"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// Calls of the 90 days up to 2020-03-31: no day of them is near today, and clocks were
// changed in Europe on the 29th.
const (
	stored = 3000
	zone   = "Europe/Berlin"
	// workspace is one of those that the calls are in.
	workspace = "623457276584334"

	all = "?range=all&tz=Europe/Berlin"
)

// TestPage is all that is done, in one browser. What changes a store or ends a server has
// its own.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	c := program.New(t)
	c.Put("default", records(stored)...)
	c.Put("hostile", hostile()...)
	c.Put("far", far()...)
	c.Put("named", records(stored)[:200]...)
	for _, company := range []string{"named", "hostile"} {
		c.Put(company, directory()...)
	}
	b, server := startBrowser(t), c.Serve()
	for _, test := range []struct {
		name string
		run  func(tab)
	}{
		{"Presets", tab.testPresets},
		{"Calendar", tab.testCalendar},
		{"Written range", tab.testWrittenRange},
		{"Empty", tab.testEmpty},
		{"Zone", tab.testZone},
		{"Drag", tab.testDrag},
		{"Touch", tab.testTouch},
		{"Chart by keys", tab.testChartByKeys},
		{"Widen", tab.testWiden},
		{"Stack", tab.testStack},
		{"Figures", tab.testFigures},
		{"Facets", tab.testFacets},
		{"Search", tab.testSearch},
		{"Culprits", tab.testCulprits},
		{"Outside", tab.testOutside},
		{"List", tab.testList},
		{"First screen", tab.testFirstScreen},
		{"Phone", tab.testPhone},
		{"Call", tab.testCall},
		{"Walk", tab.testWalk},
		{"Copy link", tab.testCopyLink},
		{"Call links", tab.testCallLinks},
		{"Late call", tab.testLateCall},
		{"News", tab.testNews},
		{"Hostile", tab.testHostile},
		{"Names", tab.testNames},
		{"Downloads", tab.testDownloads},
		{"Lines", tab.testLines},
		{"Demo lines", tab.testDemoLines},
		{"History", tab.testHistory},
		{"Keyboard", tab.testKeyboard},
		{"Widths and themes", tab.testWidthsAndThemes},
		{"Elsewhere", tab.testElsewhere},
		{"First load", tab.testFirstLoad},
		{"Loading", tab.testLoading},
		{"Mirror", tab.testMirror},
		{"Far", tab.testFar},
		{"Hour twice", tab.testHourTwice},
		{"Server gone", tab.testServerGone},
		{"Beyond loopback", tab.testBeyondLoopback},
		{"Proxy", tab.testProxy},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(b.tab(t, c, server)) })
	}
	t.Run("Pictures", func(t *testing.T) { testPictures(t, func(t *testing.T) tab { return b.tab(t, c, server) }) })
}

// records are invented calls, one a string.
func records(n int) (records []string) {
	end := time.Date(2020, 4, 1, 0, 0, 0, 0, time.UTC).Add(-time.Nanosecond)
	for call := range demo.Calls(demo.Options{Seed: 1, End: end, Count: n}) {
		records = append(records, string(call.AppendJSON(nil)))
	}
	return records
}

// hostileTitle is markup, a change of direction, and long.
var hostileTitle = `</td><img src=x onerror="document.body.dataset.hurt=1"><script>document.body.dataset.hurt=2</script>` + "\u202e" + strings.Repeat("long", 50)

func hostile() []string {
	title := fmt.Sprintf("%q", strings.ReplaceAll(hostileTitle, "\u202e", ""))
	title = title[:len(title)-1] + "\u202e\""
	return []string{
		`{"id":"1","started":"2020-03-01T12:00:00Z","url":"javascript:document.body.dataset.hurt=3","title":` + title +
			`,"meetingUrl":" javascript:alert(1)","primaryUserId":"5","workspaceId":"5","system":"<b>bold</b>","further":{"number":12345678901234567890.10}}`,
		`{"id":"2","started":"2020-03-01T12:00:01Z"}`,
	}
}

// directory are pages of users and workspaces: those of sample calls, in several scripts and
// lengths, and hostile ones.
func directory() []string {
	hurt := `</td><img src=x onerror=\"document.body.dataset.hurt=5\">\u202e\u2067` + strings.Repeat("long", 50)
	users := []string{`{"id":"5","firstName":"` + hurt + `"}`}
	names := []string{"Ada Lovelace", "שרה לוי", "محمد عبد الله الخوارزمي", "渡辺 由紀子", "Wolfeschlegelsteinhausenbergerdorff Adolph Blaine Charles", "Jo Li", "Jo Li"}
	seen := make(map[string]bool)
	for _, record := range records(stored) {
		var call struct{ PrimaryUserID string }
		if err := json.Unmarshal([]byte(record), &call); err != nil {
			panic(err)
		}
		if id := call.PrimaryUserID; id != "" && !seen[id] && len(seen) <= len(names) {
			if seen[id] = true; len(seen) <= len(names) { // the next one has no name
				users = append(users, fmt.Sprintf(`{"id":%q,"firstName":%q}`, id, names[len(seen)-1]))
			}
		}
	}
	return []string{
		`{"users":[` + strings.Join(users, ",") + `]}`,
		`{"workspaces":[{"id":"` + workspace + `","name":"Sales, Europe & Middle East"},{"id":"5","name":"` + hurt + `"}]}`,
	}
}

// far are calls at both ends of the calendar, in hours that come twice, and of many values.
func far() []string {
	return []string{
		`{"id":"1","started":"0001-01-01T00:00:00Z"}`,
		`{"id":"2","started":"2020-10-25T00:30:00Z","values":[` + strings.Repeat("0,", 30_000-1) + `0]}`,
		`{"id":"4","started":"2020-11-01T05:30:00Z"}`,
		`{"id":"3","started":"9999-12-31T23:59:59Z"}`,
	}
}

// chromium is a browser that runs for a test.
type chromium struct{ ctx context.Context }

func startBrowser(t *testing.T) *chromium {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program.Tool(t, "chromium")),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP evil.example 127.0.0.1"),
		chromedp.WSURLReadTimeout(program.Patience),
	)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &chromium{ctx: ctx}
}

// pictures is the folder for pictures; empty is none.
func pictures(t *testing.T) string {
	folder := os.Getenv("CALLVAULT_SCREENSHOTS")
	if folder == "" {
		return ""
	}
	folder, err := filepath.Abs(folder)
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func parameters(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

package browser

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/callvault/callvault/internal/program"
)

const week = "?from=2020-03-23&to=2020-03-30&tz=Europe/Berlin"

// exported is what the command line exports of a week.
func (p tab) exported(format string) string {
	p.t.Helper()
	return p.cli.Must("export", "--output", format, "--from", "2020-03-23T00:00:00+01:00", "--to", "2020-03-30T00:00:00+02:00")
}

// The list shows every call of the view once, the newest first, and more of them on demand.
func (p tab) testList() {
	want := ids(p.t, p.exported("ndjson"))
	slices.Reverse(want)
	p.open(week)
	if shown := p.rows(); len(shown) != 50 {
		p.t.Fatalf("%d calls", len(shown))
	}
	for n := 100; p.is("document.getElementById('more').checkVisibility()"); n += 50 {
		p.click("#more")
		p.wait(fmt.Sprintf("document.querySelectorAll('#rows tr[data-at]').length === %d", min(n, len(want))))
	}
	if shown := p.rows(); !slices.Equal(shown, want) {
		p.t.Fatalf("shown are\n%v, want\n%v", shown, want)
	}
	if got := p.string("[...document.querySelectorAll('#rows .day')].map(d => d.textContent)"); !strings.HasPrefix(got, "Sun 29 Mar 2020,Sat 28 Mar 2020,Fri 27 Mar 2020,") {
		p.t.Errorf("the days are %s", got)
	}
	p.click(`#orders [data-value="longest"]`)
	p.wait("location.search.includes('order=longest')")
	p.settle()
	p.click("#more")
	p.wait("document.querySelectorAll('#rows tr[data-at]').length === 100")
	lengths := eval[[]string](p, "[...document.querySelectorAll('#rows td.number')].map(c => c.textContent.padStart(8, '0'))")
	if !slices.IsSortedFunc(lengths, func(a, b string) int { return strings.Compare(b, a) }) {
		p.t.Errorf("the longest first: %v", lengths)
	}
	if p.is("document.querySelector('#rows .day')") {
		p.t.Error("the longest calls are grouped by days")
	}
	p.do(chromedp.Reload())
	p.settle()
	if got := p.string(`document.querySelector('#orders [aria-pressed="true"]').textContent`); got != "Longest" {
		p.t.Errorf("loaded again: %s", got)
	}
	if p.is("document.querySelector('#rows td.id:last-child').checkVisibility()") {
		p.t.Error("the ids are there")
	}
	p.click("#ids")
	p.wait("document.querySelector('#rows td.id:last-child').checkVisibility() && location.search.includes('ids=1')")
	if !p.is("[...document.querySelectorAll('#rows td.external')].some(c => c.checkVisibility() && c.textContent)") {
		p.t.Error("no external id is there")
	}
	if !p.is("[...document.querySelectorAll('#rows td.what')].every(c => c.title === c.querySelector('.title').textContent || c.querySelector('.untitled'))") {
		p.t.Error("pointing at a title does not show all of it")
	}
}

// At the size of a laptop 18 calls and the figures are seen at once.
func (p tab) testFirstScreen() {
	p.screen(1440, 900)
	p.open(all)
	seen := "[...document.querySelectorAll('%s')].filter(e => e.getBoundingClientRect().bottom <= innerHeight).length"
	if got := eval[int](p, fmt.Sprintf(seen, "#rows tr[data-at]")); got < 18 {
		p.t.Errorf("%d calls are seen", got)
	}
	if got := eval[int](p, fmt.Sprintf(seen, "#figures dd, #chart, #facet-system, #facet-direction")); got != 11 {
		p.t.Errorf("%d of the figures, the chart and the first facets are seen", got)
	}
	if got := p.string("document.querySelector('#rows tr[data-at]').offsetHeight"); got != "28" {
		p.t.Errorf("a row has %s pixels", got)
	}
	p.string("scrollTo(0, 700)")
	p.wait("document.querySelector('#rows thead th').getBoundingClientRect().top > 20 && document.querySelector('#rows thead th').getBoundingClientRect().bottom < 100")
}

// On a phone the way to the calls and their export are seen at once, and going there is no step
// of the history.
func (p tab) testPhone() {
	p.screen(390, 844)
	p.open(all)
	for _, selector := range []string{"#jump", ".jump .downloads a:first-child", ".jump .downloads a:last-child"} {
		if !p.is("document.querySelector('" + selector + "').getBoundingClientRect().bottom < 500") {
			p.t.Errorf("%s is not seen at once", selector)
		}
	}
	steps := p.string("history.length")
	p.click("#jump")
	p.wait("document.activeElement.id === 'total' && Math.abs(document.querySelector('.list').getBoundingClientRect().top) < 10")
	if got := p.string("history.length - " + steps + " + location.hash"); got != "0" {
		p.t.Errorf("going to the calls is a step: %s", got)
	}
	p.open(all + "&order=longest")
	if got := p.string("[...document.querySelectorAll('#rows td.system')].filter(c => c.scrollWidth > c.clientWidth).map(c => c.textContent)"); got != "" {
		p.t.Errorf("cut are %s", got)
	}
}

// A copied link has the dates and the zone of what is shown, because "last week" is another week
// to those who open it later.
func (p tab) testCopyLink() {
	for _, query := range []string{"?range=all&where=harbor", ""} {
		p.open(query)
		p.string("navigator.clipboard.writeText = (text) => { globalThis.copied = text; }")
		p.click("#copy-view")
		p.wait("globalThis.copied")
		link := parameters(p.t, p.string("copied"))
		total := p.string("document.getElementById('total').textContent")
		if link.Has("range") || len(link.Get("from")) != len("2020-03-01") || len(link.Get("to")) != len("2020-03-01") || link.Get("tz") == "" || link.Get("where") != p.query("where") {
			p.t.Errorf("the link to %s is %s", query, link)
		}
		want := p.string("document.getElementById('range').textContent")
		p.do(chromedp.Navigate(p.string("copied")))
		p.total(total)
		p.text("#range", want)
	}
}

// Whatever a call says is text.
func (p tab) testHostile() {
	p.open("?company=hostile&range=all&tz=UTC")
	titles := eval[[]string](p, "[...document.querySelectorAll('#rows .title')].reverse().map(b => b.textContent)")
	want := strings.ReplaceAll(hostileTitle, "\u202e", "") + "\u202e"
	if !slices.Equal(titles, []string{want, "no title"}) {
		p.t.Errorf("titles %q", titles)
	}
	if got := p.string("[...document.querySelectorAll('#rows tr:last-child :is(.host, .space), #facets .name')].filter(c => c.textContent.startsWith('</td><img')).length"); got != "4" {
		p.t.Errorf("%s names are shown", got)
	}
	p.click("#rows tr:last-child .title")
	p.wait("document.getElementById('call').open")
	p.settle()
	if got := p.string("document.getElementById('call-facts').textContent.split('</td><img').length"); got != "3" {
		p.t.Errorf("the facts of the call are %s", p.string("document.getElementById('call-facts').textContent"))
	}
	if got := p.string("document.getElementById('document').textContent"); !strings.Contains(got, "12345678901234567890.10") || !strings.Contains(got, `"javascript:document`) {
		p.t.Errorf("shown is %s", got)
	}
	p.harmless()
	const markup = `"><img src=x onerror=document.body.dataset.hurt=4>`
	p.open("?company=hostile&range=all&tz=UTC&where=" + url.QueryEscape(markup))
	p.text("#chips bdi", markup)
	p.harmless()
}

// harmless tells whether what is shown is text, without markup, scripts or links.
func (p tab) harmless() {
	p.t.Helper()
	for expression, want := range map[string]string{
		"document.querySelectorAll('img, #rows script, main b, [href^=\"javascript\" i]').length": "0",
		"document.querySelectorAll('#call-facts a, #document a').length":                          "0",
		"document.body.dataset.hurt": "undefined",
		"document.documentElement.scrollWidth <= document.documentElement.clientWidth": "true",
	} {
		if got := p.string(expression); got != want {
			p.t.Errorf("%s is %s", expression, got)
		}
	}
}

// Hosts and workspaces are shown by their names, with the id as title.
func (p tab) testNames() {
	p.open("?company=named&range=all&tz=UTC&ids=1&where=host:ada")
	if got := p.string("new Set([...document.querySelectorAll('#rows td.host')].map(c => c.textContent + c.title.replace(/^[0-9]+$/, ', an id'))).values().toArray()"); got != "Ada Lovelace, an id" {
		p.t.Errorf("host:ada finds %s", got)
	}
	p.open("?company=named&range=all&tz=UTC&ids=1")
	const sales = "Sales, Europe & Middle East"
	for expression, want := range map[string]string{
		"[...document.querySelectorAll('#rows .host')].some(c => c.textContent === c.title && c.title)":            "true",
		"[...document.querySelectorAll('#rows .space')].find(c => c.textContent === '" + sales + "').title":        workspace,
		"document.querySelector('#facet-workspace [data-term=\"workspace:" + workspace + "\"] .name').textContent": sales,
		"document.documentElement.scrollWidth <= document.documentElement.clientWidth":                             "true",
	} {
		if got := p.string(expression); got != want {
			p.t.Errorf("%s is %s", expression, got)
		}
	}
	p.click("#facet-host > button") // two of one name have their ids beside it
	if got := p.string("[...document.querySelectorAll('#facet-host button')].filter(b => b.dataset.term && b.querySelector('.name').textContent === `Jo Li (${b.title.split(':')[0]})`).length"); got != "2" {
		p.t.Errorf("%s hosts have the name of another, and their id", got)
	}
	p.click(`#facet-workspace [data-term="workspace:` + workspace + `"]`)
	p.wait("location.search.includes('workspace%3A" + workspace + "')")
	p.settle()
	p.text("#chips bdi", `workspace:"`+sales+`"`)
	if got := p.string("new Set([...document.querySelectorAll('#rows td.space')].map(c => c.textContent)).size"); got != "1" {
		p.t.Errorf("calls of %s workspaces", got)
	}
	p.click("#rows .title")
	p.wait("document.getElementById('call').open")
	p.settle()
	p.text("#call-facts bdi[title=\""+workspace+"\"]", sales)
	// The beginning of a name marks whom it finds. A click on one takes the term away.
	p.open("?company=named&range=all&tz=UTC&where=longer:1s+host:ada")
	if got := p.string("[...document.querySelectorAll('#facet-host [aria-pressed=\"true\"] .name')].map(n => n.textContent)"); got != "Ada Lovelace" {
		p.t.Errorf("marked are %s", got)
	}
	p.click(`#facet-host [aria-pressed="true"]`)
	p.wait("!location.search.includes('host')")
	p.settle()
	if got := p.query("where"); got != "longer:1s" {
		p.t.Errorf("the search is %s", got)
	}
}

// A download is what export writes, to the byte, and its name says what it is.
func (p tab) testDownloads() {
	folder := p.t.TempDir()
	done := make(chan struct{}, 1)
	name := ""
	err := chromedp.ListenBrowser(p.ctx, func(event any) {
		switch event := event.(type) {
		case *browser.EventDownloadWillBegin:
			name = event.SuggestedFilename
		case *browser.EventDownloadProgress:
			if event.State != browser.DownloadProgressStateInProgress {
				done <- struct{}{}
			}
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	sendBrowser(p, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder, EventsEnabled: new(true),
		BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	})
	p.open(week)
	for _, format := range []string{"csv", "ndjson", "parquet"} {
		p.click(`.list .downloads [href*="format=` + format + `"]`)
		select {
		case <-done:
		case <-p.ctx.Done():
			p.t.Fatalf("%s was not downloaded", format)
		}
		if want := "calls-default-2020-03-23-to-2020-03-29." + format; name != want {
			p.t.Errorf("the file is called %s, not %s", name, want)
		}
		got, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			p.t.Fatal(err)
		}
		if want := p.exported(format); string(got) != want {
			p.t.Errorf("%s: %d bytes, not the %d that export writes", format, len(got), len(want))
		}
	}
}

// The demo's command, as it is shown, lists the calls of the view: it has the key and the search.
func (p tab) testDemoLines() {
	cli := program.New(p.t)
	p.server = cli.Start(cli.Command("serve", "--demo", "--listen", "127.0.0.1:0", "--manage", "127.0.0.1:0"))
	p.do(chromedp.Navigate(p.server.Find(`web page +(http\S+)`)[1] + "?range=30d&tz=Asia/Kathmandu&where=harbor+host:ingrid+longer:1m"))
	p.settle()
	p.wait("document.querySelector('#rows tr[data-at]')")
	want := p.rows()
	lines := eval[[]string](p, "[...document.querySelectorAll('.line code')].map(c => c.textContent)")
	if len(want) == 0 || len(lines) != 1 {
		p.t.Fatalf("%d calls, lines %q", len(want), lines)
	}
	printed := func(line string) string {
		p.t.Helper()
		callvault := cli.Command()
		sh := exec.CommandContext(p.ctx, "sh", "-c", line)
		sh.Dir, sh.Env = callvault.Dir, append(callvault.Env, "PATH="+filepath.Dir(callvault.Path)+":"+os.Getenv("PATH"))
		out, err := sh.Output()
		if err != nil {
			p.t.Fatalf("%s: %v: %s", line, err, err.(*exec.ExitError).Stderr)
		}
		return string(out)
	}
	got := ids(p.t, printed(lines[0]+" -o ndjson"))
	slices.Reverse(got)
	if !slices.Equal(got, want) {
		p.t.Errorf("%s: got %v, want %v", lines[0], got, want)
	}
	p.click("#rows .title")
	p.wait("document.getElementById('call').open")
	p.string("navigator.clipboard.writeText = (text) => { globalThis.copied = text; }")
	p.click("#copy-curl")
	p.wait("globalThis.copied")
	if got := printed(p.string("copied") + " -sS"); !strings.Contains(got, want[0]) {
		p.t.Errorf("%s: got %s", p.string("copied"), got)
	}
}

// The lines for a shell find the calls that the page shows.
func (p tab) testLines() {
	p.open(week)
	lines := eval[[]string](p, "[...document.querySelectorAll('.line code')].map(c => c.textContent)")
	if len(lines) != 2 {
		p.t.Fatalf("%q", lines)
	}
	if want := "curl -u ACCESS_KEY '" + p.server.Base + "/v2/calls?fromDateTime=2020-03-22T23:00:00Z&toDateTime=2020-03-29T22:00:00Z'"; lines[0] != want {
		p.t.Errorf("%s, want %s", lines[0], want)
	}
	words := strings.Fields(lines[1])
	if words[0] != "callvault" {
		p.t.Fatal(lines[1])
	}
	if got, want := p.cli.Must(append(words[1:], "-o", "ndjson")...), p.exported("ndjson"); got != want {
		p.t.Errorf("%s: %d bytes, want %d", lines[1], len(got), len(want))
	}
}

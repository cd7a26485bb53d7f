package browser

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const week = "?from=2020-03-23&to=2020-03-30&tz=Europe/Berlin"

// exported is what the command line exports of a week.
func (p tab) exported(format string) string {
	p.t.Helper()
	return p.cli.Must("export", "--output", format, "--from", "2020-03-23T00:00:00+01:00", "--to", "2020-03-30T00:00:00+02:00")
}

// Pages forward and back show every call of the range once, in order, and each has
// an address.
func (p tab) testPaging() {
	want := ids(p.t, p.exported("ndjson"))
	p.open(week)
	pager := func(label string) string { return `.pager [aria-label="` + label + `"]` }
	possible := func(label string) bool {
		return p.string(`document.querySelector('`+pager(label)+`').getAttribute('aria-disabled')`) == "false"
	}
	shown := p.rows()
	pages := [][]string{shown}
	for possible("Next page") {
		p.click(pager("Next page"))
		p.settle()
		pages = append(pages, p.rows())
		shown = append(shown, p.rows()...)
	}
	if !slices.Equal(shown, want) {
		p.t.Fatalf("forward\n%v, want\n%v", shown, want)
	}
	if len(pages) < 4 {
		p.t.Fatalf("only %d pages", len(pages))
	}
	// The address of the last page is that page.
	p.do(chromedp.Reload())
	p.settle()
	if got := p.rows(); !slices.Equal(got, pages[len(pages)-1]) {
		p.t.Errorf("loaded again: %v", got)
	}
	for i := len(pages) - 2; i >= 0; i-- {
		p.click(pager("Previous page"))
		p.settle()
		if got := p.rows(); !slices.Equal(got, pages[i]) {
			p.t.Errorf("back to page %d: %v, want %v", i, got, pages[i])
		}
	}
	if possible("Previous page") || possible("First page") {
		p.t.Error("there is a page before the first")
	}
	p.click(pager("Last page"))
	p.settle()
	if got := p.rows(); !slices.Equal(got, want[len(want)-len(got):]) || possible("Next page") {
		p.t.Errorf("the last page has %v", got)
	}
	p.click(pager("First page"))
	p.settle()
	if got := p.rows(); !slices.Equal(got, pages[0]) {
		p.t.Errorf("the first page has %v", got)
	}
	p.do(chromedp.NavigateBack())
	p.wait("location.search.includes('before=end')")
	p.settle()
	if got := p.rows(); !slices.Equal(got, want[len(want)-len(got):]) {
		p.t.Errorf("back in the history: %v", got)
	}
	// Another list begins with its first page.
	p.click(`#presets [data-range="all"]`)
	p.settle()
	if got := p.string("document.querySelector('.where').textContent"); got != "1–50 of 3,000" || p.query("before") != "" {
		p.t.Errorf("%s shows %s", p.string("location.search"), got)
	}
}

// A call's document is shown whole and copied to the byte, and has an address.
func (p tab) testDocument() {
	documents := strings.Split(p.exported("ndjson"), "\n")
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		sendBrowser(p, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
			BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
		})
	}
	p.open(week)
	p.click("#rows tr:nth-child(2) .title")
	p.wait("document.getElementById('call').open")
	p.settle()
	if got := p.string("JSON.stringify(JSON.parse(document.getElementById('document').textContent))"); got != documents[1] {
		p.t.Errorf("shown is %s, want %s", got, documents[1])
	}
	p.click("#copy-document")
	p.wait("document.getElementById('copy-document').textContent === 'Copied'")
	copied := eval[string](p, "navigator.clipboard.readText()")
	if copied != documents[1] {
		p.t.Errorf("copied is %s, want %s", copied, documents[1])
	}
	if got := p.string("document.getElementById('call-link').rel + document.getElementById('call-link').protocol"); got != "noopener noreferrerhttps:" {
		p.t.Errorf("the link is %s", got)
	}
	at := p.query("call")
	p.press(kb.Escape)
	p.wait("!document.getElementById('call').open && !location.search.includes('call=')")
	p.do(chromedp.NavigateBack())
	p.wait("document.getElementById('call').open")
	p.open(week + "&call=" + at)
	p.wait("document.getElementById('call').open")
	p.click("#call .close")
	p.wait("!document.getElementById('call').open")
	p.open(week + "&call=" + at + "1")
	if got := p.string("document.getElementById('call-facts').textContent"); got != "Call not found: it was deleted, or its time has changed." {
		p.t.Errorf("another call: %s", got)
	}
}

// Whatever a call says is text.
func (p tab) testHostile() {
	p.open("?company=hostile&range=all&tz=UTC")
	titles := eval[[]string](p, "[...document.querySelectorAll('#rows .title')].map(b => b.textContent)")
	want := strings.ReplaceAll(hostileTitle, "\u202e", "") + "\u202e"
	if !slices.Equal(titles, []string{want, "no title"}) {
		p.t.Errorf("titles %q", titles)
	}
	if got := p.string("[...document.querySelectorAll('#rows tr:first-child :is(.host, .space)')].filter(c => c.textContent.startsWith('</td><img')).length"); got != "2" {
		p.t.Errorf("%s names are shown", got)
	}
	p.click("#rows .title")
	p.wait("document.getElementById('call').open")
	p.settle()
	if got := p.string("document.getElementById('call-facts').textContent.split('</td><img').length"); got != "3" {
		p.t.Errorf("the facts of the call are %s", p.string("document.getElementById('call-facts').textContent"))
	}
	if got := p.string("document.getElementById('document').textContent"); !strings.Contains(got, "12345678901234567890.10") || !strings.Contains(got, `"javascript:document`) {
		p.t.Errorf("shown is %s", got)
	}
	p.fill("#workspace", `"><img src=x onerror=document.body.dataset.hurt=4>`)
	for expression, want := range map[string]string{
		"document.querySelectorAll('img, #rows script, main b, [href^=\"javascript\" i]').length": "0",
		"document.getElementById('call-link').hidden":                                             "true",
		"document.getElementById('call-link').hasAttribute('href')":                               "false",
		"document.querySelectorAll('#document a').length":                                         "0",
		"document.body.dataset.hurt":                                                              "undefined",
		"document.documentElement.scrollWidth <= document.documentElement.clientWidth":            "true",
	} {
		if got := p.string(expression); got != want {
			p.t.Errorf("%s is %s", expression, got)
		}
	}
}

// Hosts and workspaces are shown by their names, with the id as title, and a workspace is
// chosen by either.
func (p tab) testNames() {
	const named = "?company=named&range=all&tz=UTC"
	p.open(named)
	const sales = "Sales, Europe & Middle East"
	for expression, want := range map[string]string{
		"[...document.querySelectorAll('#rows .host')].some(c => c.textContent === 'Ada Lovelace' && /^[0-9]+$/.test(c.title))":                      "true",
		"[...document.querySelectorAll('#rows .host')].some(c => c.textContent === c.title && c.title)":                                              "true",
		"[...document.querySelectorAll('#rows .space')].find(c => c.textContent === '" + sales + "').firstChild.title.endsWith('" + workspace + "')": "true",
		"document.querySelector('#workspaces option[value=\"" + workspace + "\"]').label":                                                            sales,
		"document.documentElement.scrollWidth <= document.documentElement.clientWidth":                                                               "true",
	} {
		if got := p.string(expression); got != want {
			p.t.Errorf("%s is %s", expression, got)
		}
	}
	p.fill("#workspace", sales)
	p.wait("location.search.includes('workspace=" + workspace + "')")
	p.settle()
	if got := p.string("document.getElementById('workspace').value"); got != sales {
		p.t.Errorf("the field has %s", got)
	}
	if got := p.string("new Set([...document.querySelectorAll('#rows .plain')].map(b => b.textContent)).size"); got != "1" {
		p.t.Errorf("calls of %s workspaces", got)
	}
	p.click("#rows .title")
	p.wait("document.getElementById('call').open")
	p.settle()
	if got := p.string("document.querySelector('#call-facts bdi[title=\"" + workspace + "\"]').textContent"); got != sales {
		p.t.Errorf("the call is of %s", got)
	}
	p.do(chromedp.Reload())
	p.settle()
	if got := p.string("document.getElementById('workspace').value"); got != sales {
		p.t.Errorf("after a reload the field has %s", got)
	}
	// Without names the table has no column for them.
	p.open(all)
	if got := p.string("getComputedStyle(document.querySelector('#rows .host')).display"); got != "none" {
		p.t.Errorf("without names the hosts are shown: %s", got)
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
		p.click(`#downloads [href*="format=` + format + `"]`)
		select {
		case <-done:
		case <-p.ctx.Done():
			p.t.Fatalf("%s was not downloaded", format)
		}
		if want := "calls-default-2020-03-23-to-2020-03-30." + format; name != want {
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

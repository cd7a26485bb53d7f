package browser

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/callvault/callvault/internal/program"
)

// search types terms into the field and finds by them.
func (p tab) search(text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS("#search"), text+enter))
	p.settle()
}

func (p tab) chips() string {
	p.t.Helper()
	return p.string("[...document.querySelectorAll('#chips bdi')].map(c => c.textContent).join(' | ')")
}

// The figures come with their change against the period before.
func (p tab) testFigures() {
	p.open(month)
	var v struct {
		Figures, Earlier struct{ Calls int }
	}
	p.ask("api/view"+month, &v)
	p.text("#compared", "compared with 1 Feb – 29 Feb")
	change := 100 * (v.Figures.Calls - v.Earlier.Calls) / v.Earlier.Calls
	got := p.string("[...document.querySelectorAll('#figures div')].map(d => [...d.children].map(c => c.textContent).join(' '))")
	if want := fmt.Sprintf("Calls %s %s", strings.TrimSuffix(plural(v.Figures.Calls), " calls"), map[bool]string{true: "▲", false: "▼"}[change > 0]); !strings.HasPrefix(got, want) || strings.Count(got, "%") < 4 {
		p.t.Errorf("the figures are %s, want %s", got, want)
	}
	if want := fmt.Sprintf("(%s)", strings.TrimSuffix(plural(v.Earlier.Calls), " calls")); !strings.Contains(got, want) || strings.Count(got, "(") != 4 {
		p.t.Errorf("the figures are %s, want %s", got, want)
	}
	p.open(all)
	if got := p.string("document.querySelector('#figures .change').textContent + document.getElementById('compared').textContent"); got != "" {
		p.t.Errorf("all calls are compared: %s", got)
	}
}

// A value of a facet filters when it is clicked, and no longer when it is clicked again. Two of
// one facet mean either.
func (p tab) testFacets() {
	p.open(all)
	count := func(term string) int {
		return eval[int](p, fmt.Sprintf("Number(document.querySelector('#facets [data-term=\"%s\"] span:last-child').textContent.replace(',', ''))", term))
	}
	zoom, webex := count("system:Zoom"), count("system:WebEx")
	p.click(`#facets [data-term="system:Zoom"]`)
	p.wait("location.search.includes('where=system%3AZoom')")
	p.total(plural(zoom))
	if got := p.string("document.activeElement.dataset.term"); got != "system:Zoom" {
		p.t.Errorf("the focus went to %s", got)
	}
	if got := count("system:WebEx"); got != webex {
		p.t.Errorf("the others have %d calls in place of %d", got, webex)
	}
	p.click(`#facets [data-term="system:WebEx"]`)
	p.wait("location.search.includes('WebEx')")
	p.total(plural(zoom + webex))
	if got := p.string(`[...document.querySelectorAll('#facets [aria-pressed="true"]')].map(b => b.dataset.term).sort()`); got != "system:WebEx,system:Zoom" {
		p.t.Errorf("pressed are %s", got)
	}
	p.click(`#facets [data-term="system:Zoom"]`)
	p.wait("!location.search.includes('Zoom')")
	p.total(plural(webex))
	p.press(enter)
	p.wait("location.search.includes('Zoom')")
	if few := eval[int](p, "document.querySelectorAll('#facet-host li').length"); few != 6 {
		p.t.Errorf("%d hosts", few)
	}
	p.click("#facet-host > button")
	p.wait("document.querySelectorAll('#facet-host li').length > 6")
	p.click(`#measures [data-value="hours"]`)
	p.wait("location.search.includes('of=hours')")
	p.settle()
	amounts := eval[[]float64](p, "[...document.querySelectorAll('#facet-host li span:last-child')].map(s => Number(s.textContent.replace(/ h$/, '')))")
	if !slices.IsSortedFunc(amounts, func(a, b float64) int { return cmp.Compare(b, a) }) || amounts[0] == 0 {
		p.t.Errorf("by hours the hosts have %v", amounts)
	}
}

// Terms become chips, which stand in the address and are taken away one by one; digits jump to a
// call. The slash goes to the field.
func (p tab) testSearch() {
	p.open(all)
	send(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "/", Text: "/"})
	if got := p.string("document.activeElement.id + document.activeElement.value"); got != "search" {
		p.t.Fatalf("the focus is at %s", got)
	}
	p.search(`Nine HARB system:"google meet" longer:10m`)
	if got := p.chips(); got != `Nine | HARB | system:"google meet" | longer:10m` {
		p.t.Errorf("the chips are %s", got)
	}
	if got := p.query("where"); got != `Nine HARB system:"google meet" longer:10m` {
		p.t.Errorf("the address has %s", got)
	}
	found := p.view(all + "&where=" + url.QueryEscape(p.query("where"))).Figures.Calls
	p.total(plural(found))
	if found == 0 || p.is("[...document.querySelectorAll('#rows tr[data-at]')].some(r => !/harbor nine/i.test(r.textContent) || !/Google Meet/.test(r.textContent))") {
		p.t.Errorf("%d calls, not all of them Harbor Nine's", found)
	}
	// The list can be taken as it is.
	if got := p.string("document.querySelector('.list .downloads a').href"); !strings.Contains(got, "where=Nine+HARB") {
		p.t.Errorf("the export is %s", got)
	}
	if got := p.string("document.querySelector('.line:last-child code').textContent"); !strings.Contains(got, `--where 'Nine HARB system:"google meet" longer:10m'`) {
		p.t.Errorf("the command is %s", got)
	}
	p.click("#chips button:nth-child(3)")
	p.wait("!location.search.includes('system')")
	p.settle()
	if got := p.chips(); got != "Nine | HARB | longer:10m" {
		p.t.Errorf("the chips are %s", got)
	}
	if got := p.string("document.activeElement.title"); got != "longer:10m" {
		p.t.Errorf("the focus went to %s", got)
	}
	p.focus("#search")
	p.press(kb.Backspace)
	p.wait("!location.search.includes('longer')")
	p.do(chromedp.NavigateBack())
	p.wait("location.search.includes('longer')")
	p.settle()

	id := ids(p.t, p.exported("ndjson"))[3]
	p.search(id)
	p.wait("document.getElementById('call').open")
	p.settle()
	if p.query("call") != id {
		p.t.Errorf("%s leads to %s", id, p.query("call"))
	}
	p.press(kb.Escape)
	p.wait("!document.getElementById('call').open")
	p.search("77")
	p.wait("location.search.includes('+77')")
}

// What can't be found is named, and its ✕ takes that alone away.
func (p tab) testCulprits() {
	for _, tt := range []struct{ query, text, culprit, left string }{
		{week + "&where=harbor+host:Nobody", "host:Nobody: nobody here has this name", "host:Nobody", "harbor"},
		{week + "&where=direction:sideways", "direction:sideways: use inbound, outbound", "direction:sideways", ""},
		{week + "&where=workspace:12", "workspace:12: no call here has this workspace", "workspace:12", ""},
		{week + "&company=acm", `Unknown company "acm"`, "acm", ""},
		{week + "&by=fortnight", `Unknown unit "fortnight"; use hour`, "fortnight", ""},
		{"?range=soon&tz=UTC", `Unknown range "soon"; use today`, "soon", ""},
		{"?from=soon&tz=UTC", `From "soon" is not a time; write 2026-01-31`, "soon", ""},
	} {
		p.open(tt.query)
		if got := p.string("document.getElementById('problem-text').textContent"); !strings.HasPrefix(got, tt.text) {
			p.t.Errorf("%s: %s", tt.query, got)
		}
		if got := p.string("document.getElementById('remove').textContent"); got != "✕ Remove "+tt.culprit {
			p.t.Errorf("%s: %s", tt.query, got)
		}
		if p.is("document.getElementById('again').checkVisibility()") {
			p.t.Errorf("%s: trying again can't help", tt.query)
		}
		if strings.Contains(tt.query, "where") {
			p.text("#chips .bad bdi", tt.culprit)
		}
		if got := p.string("document.getElementById('problem-text').textContent"); !strings.HasSuffix(got, " Below is the view without it.") {
			p.t.Errorf("%s: %s", tt.query, got)
		}
		// What there is without the culprit is shown, dimmed, and is not asked for again.
		p.wait("document.getElementById('figures').checkVisibility() && getComputedStyle(document.querySelector('.board')).filter === 'grayscale(1)'")
		total := p.string("document.getElementById('total').textContent")
		p.click("#remove")
		p.wait("!document.getElementById('problem').checkVisibility() && !document.querySelector('.stale')")
		p.total(total)
		if got := p.query("where"); got != tt.left || strings.HasPrefix(tt.query, week) && !strings.Contains(p.string("location.search"), "2020-03-23") {
			p.t.Errorf("%s: left is %s", tt.query, p.string("location.search"))
		}
		if got := p.string("document.activeElement.id"); strings.Contains(tt.query, "where") && got != "search" || got == "" {
			p.t.Errorf("%s: the focus went to %q", tt.query, got)
		}
	}
	// Words that no title has may be a name.
	p.open("?company=named&range=all&tz=UTC&where=longer:1m+ada+lovelace")
	p.total("0 calls")
	p.text("#meant", `host:"ada lovelace"`)
	p.picture("meant-wide-light")
	p.click("#meant button")
	p.wait("location.search.includes('host')")
	p.settle()
	if got := p.query("where"); got != `longer:1m host:"ada lovelace"` || p.is("document.getElementById('empty').checkVisibility()") {
		p.t.Errorf("the search is %s", got)
	}
	// Names that are spelled like a missing one can take its place.
	p.open("?company=named&range=all&tz=UTC&where=longer:1m+host:Lovelase")
	p.text("#near", `host:"Ada Lovelace"`)
	p.click("#near button")
	p.wait("!document.getElementById('problem').checkVisibility()")
	p.settle()
	if got := p.query("where"); got != `longer:1m host:"Ada Lovelace"` {
		p.t.Errorf("the search is %s", got)
	}
}

// A search says how many calls it finds outside the range, also if there are none within, and
// leads to them.
func (p tab) testOutside() {
	everywhere := p.view(all + "&where=harbor").Figures.Calls
	within := p.view(week + "&where=harbor").Figures.Calls
	p.open(week)
	if p.is("document.getElementById('outside').checkVisibility()") {
		p.t.Error("without a search there are calls outside")
	}
	p.search("harbor")
	p.text("#outside", fmt.Sprintf("%d more calls match outside this range. Show all", everywhere-within))
	p.click(`#measures [data-value="hours"]`)
	p.wait("location.search.includes('of=hours')")
	p.settle()
	p.text("#outside", fmt.Sprintf("%d more calls match outside this range. Show all", everywhere-within))
	p.picture("outside-wide-light")
	p.click("#show-all")
	p.wait("location.search.includes('range=all')")
	p.total(plural(everywhere))
	if p.is("document.getElementById('outside').checkVisibility()") {
		p.t.Error("all calls have others outside")
	}
	if got := p.string("document.activeElement.id"); got != "range" {
		p.t.Errorf("the focus went to %s", got)
	}
	p.do(chromedp.NavigateBack())
	p.wait("!location.search.includes('range=all')")
	p.total(plural(within))
	p.open("?from=2019-01-01&to=2019-02-01&tz=UTC&where=harbor")
	p.text("#empty-text", "No calls from 1 Jan to 31 Jan 2019 match.")
	p.text("#outside", fmt.Sprintf("%d calls match outside this range. Show all", everywhere))
	if p.is("document.getElementById('show-newest').checkVisibility()") {
		p.t.Error("the search is offered to be removed, although it finds calls")
	}
	p.click("#show-all")
	p.wait("location.search.includes('range=all')")
	p.total(plural(everywhere))
}

// What comes into the view while the page is open is told, and shown when a person wants it. A
// page that nobody sees asks for nothing.
func (p tab) testNews() {
	cli := program.New(p.t)
	cli.Put("default", records(112)[:100]...)
	p.server = cli.Serve()
	p.open(all)
	p.string(`globalThis.timers = new Set(), globalThis.plainSet = setInterval, globalThis.plainClear = clearInterval,
		globalThis.setInterval = (...of) => { const id = plainSet(...of); timers.add(id); return id; },
		globalThis.clearInterval = (id) => { timers.delete(id); plainClear(id); },
		document.dispatchEvent(new Event('visibilitychange'))`)
	if got := p.string("timers.size"); got != "1" {
		p.t.Fatalf("the page looks by %s timers", got)
	}
	p.string(`globalThis.asked = [], globalThis.plainFetch = fetch, globalThis.fetch = (url, options) => { asked.push(String(url)); return plainFetch(url, options); },
		Object.defineProperty(document, 'hidden', { value: true, configurable: true }), document.dispatchEvent(new Event('visibilitychange'))`)
	cli.Put("default", records(112)...)
	if got := p.string("asked.length + ' ' + timers.size"); got != "0 0" {
		p.t.Errorf("a hidden page asks; requests and timers are %s", got)
	}
	p.string("delete document.hidden, document.dispatchEvent(new Event('visibilitychange'))")
	p.wait("document.getElementById('news').checkVisibility()")
	p.text("#news", "12 new calls ↑")
	p.picture("news-wide-light")
	p.total("100 calls")
	p.click("#news")
	p.wait("document.getElementById('total').textContent === '112 calls'")
	if p.is("document.getElementById('news').checkVisibility()") {
		p.t.Error("the news are still there")
	}
	if got := p.string("document.activeElement.id"); got != "total" {
		p.t.Errorf("the focus went to %s", got)
	}
	cli.Put("default", `{"id":"1","started":"2020-03-31T12:00:00Z"}`) // the page looks by itself
	p.wait("document.getElementById('news').textContent === '1 new call ↑' && document.getElementById('news').checkVisibility()")

	// Calls of another range or search are no news, and the number of their change is asked for once.
	p.open("?from=2020-03-31&to=2020-04-01&tz=UTC&where=harbor")
	total := p.string("document.getElementById('total').textContent")
	p.string(`globalThis.numbers = [], globalThis.plainFetch = fetch, globalThis.fetch = (url, options) => {
		const number = /api.latest.*number=(\d+)/.exec(url);
		if (number) numbers.push(number[1]);
		return plainFetch(url, options); }`)
	const look = "document.dispatchEvent(new Event('visibilitychange'))" // at once, and not when the timer says
	cli.Put("default", `{"id":"2","started":"2020-03-31T13:00:00Z","title":"Nine"}`, `{"id":"3","started":"2020-03-30T13:00:00Z","title":"Harbor"}`)
	p.is(look)
	p.wait("numbers.length >= 1")
	p.wait("(" + look + ", new Set(numbers).size === 2)") // it was counted: the number is the new one
	if p.is("document.getElementById('news').checkVisibility()") {
		p.t.Error("calls of another range and another title are news")
	}
	cli.Put("default", `{"id":"4","started":"2020-03-31T13:00:00Z","title":"Harbor"}`)
	p.wait("document.getElementById('news').checkVisibility()")
	p.text("#news", "1 new call ↑")
	p.total(total)
}

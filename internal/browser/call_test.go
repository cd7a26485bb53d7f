package browser

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A call is opened by a click anywhere on its row, shows its facts and its document to the byte,
// and has an address. Closing it goes back in the history.
func (p tab) testCall() {
	documents := strings.Split(strings.TrimSpace(p.exported("ndjson")), "\n")
	slices.Reverse(documents)
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		sendBrowser(p, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
			BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
		})
	}
	p.open(week)
	steps := p.string("history.length")
	p.click("#rows tr[data-at]:nth-child(3) .number") // the first row is the day's
	p.wait("document.getElementById('call').open")
	p.settle()
	if p.is("document.getElementById('document').checkVisibility()") {
		p.t.Error("the JSON is not folded")
	}
	p.click("#call-json summary")
	if got := p.string("JSON.stringify(JSON.parse(document.getElementById('document').textContent))"); got != documents[1] {
		p.t.Errorf("shown is %s, want %s", got, documents[1])
	}
	id := p.query("call")
	for what, want := range map[string]string{
		"document": documents[1], "link": p.string("location.href"), "curl": "curl -u ACCESS_KEY " + p.server.Base + "/v2/calls/" + id,
	} {
		p.click("#copy-" + what)
		p.wait("document.getElementById('copy-" + what + "').textContent === 'Copied'")
		if copied := eval[string](p, "navigator.clipboard.readText()"); copied != want {
			p.t.Errorf("copied is %s, want %s", copied, want)
		}
	}
	external := p.string("JSON.parse(document.getElementById('document').textContent).clientUniqueId")
	facts := p.string("[...document.querySelectorAll('#call-facts div')].map(d => d.textContent)")
	for _, want := range []string{"Started", "Mar 2020", "Length", "Direction", "System", "Who", "ID" + id, "External ID" + external} {
		if !strings.Contains(facts, want) {
			p.t.Errorf("%s is not among the facts: %s", want, facts)
		}
	}
	// The arrows and j, k walk the list, beyond what is shown of it too.
	walked := func(key, want string) {
		p.press(key)
		p.wait("location.search.includes('" + want + "')")
		p.settle()
		p.wait("JSON.parse(document.getElementById('document').textContent).id === '" + want + "'")
	}
	order := p.rows()
	walked("j", order[2])
	walked(kb.ArrowRight, order[3])
	walked("k", order[2])
	walked(kb.ArrowLeft, order[1])
	for range 49 {
		p.press("j")
		p.settle()
	}
	p.wait("location.search.includes('" + ids(p.t, documents[50])[0] + "')")
	p.settle()
	p.press(kb.Escape)
	p.wait("!document.getElementById('call').open && !location.search.includes('call=')")
	if got := p.string("history.length - " + steps); got != "1" {
		p.t.Errorf("a call and its end are %s steps", got)
	}
	p.do(chromedp.NavigateForward())
	p.wait("document.getElementById('call').open")
	p.do(chromedp.NavigateBack())
	p.wait("!document.getElementById('call').open")
}

// From call to call only the one that is open changes: the list marks it, and nothing else is
// drawn or asked for again.
func (p tab) testWalk() {
	p.open(week + "&where=longer:1m")
	p.string(`globalThis.asked = [], globalThis.plainFetch = fetch, globalThis.fetch = (url, options) => {
		const question = /api.(\w+)/.exec(url)[1];
		if (question !== 'latest') asked.push(question);
		return plainFetch(url, options); }`)
	p.string(`globalThis.changed = [], globalThis.watch = new MutationObserver((changes) => changed.push(...changes.map(({ type, target, attributeName }) => [type, target.localName, target.id, attributeName].join(' ')))),
		watch.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })`)
	steps := p.string("history.length")
	order := p.rows()
	at := func(place int, id string) {
		p.t.Helper()
		p.wait(fmt.Sprintf("document.getElementById('call-place').textContent.startsWith('%d of ')", place))
		if got := p.string("[...document.querySelectorAll('[aria-current=\"true\"]')].map(r => r.dataset.at.split('.')[1]) + ' ' + new URLSearchParams(location.search).get('call')"); got != id+" "+id {
			p.t.Errorf("at place %d the list marks %s, want %s", place, got, id)
		}
		if got := p.string("['before', 'after'].map(name => document.getElementById('call-' + name).ariaDisabled)"); got != fmt.Sprintf("%v,false", place == 1) {
			p.t.Errorf("at place %d the ways on are closed: %s", place, got)
		}
	}
	p.click("#rows tbody:nth-of-type(1) tr[data-at] .number")
	at(1, order[0])
	for i, key := range []string{"j", kb.ArrowRight, "j", "k", kb.ArrowLeft} {
		p.press(key)
		place := []int{2, 3, 4, 3, 2}[i]
		at(place, order[place-1])
	}
	p.do(chromedp.NavigateBack())
	p.wait("!document.getElementById('call').open && !location.search.includes('call=')")
	if got := p.string("document.activeElement.closest('tr').dataset.at.split('.')[1]"); got != order[1] {
		p.t.Errorf("the focus went to %s, want %s", got, order[1])
	}
	if got := p.string("history.length - " + steps); got != "1" {
		p.t.Errorf("a walk is %s steps", got)
	}
	if got := p.string("asked"); got != strings.TrimSuffix(strings.Repeat("call,", 6), ",") {
		p.t.Errorf("the page asked for %s", got)
	}
	if got := p.string(`changed.filter(c => !/ tr  aria-current$|^attributes dialog call open$| call-| (dt|dd|div|button)  (hidden|title)$| document /.test(c))`); got != "" {
		p.t.Errorf("changed are %s", got)
	}
	// j goes on past the end of what is loaded, in the list too.
	p.focus("#rows tbody:last-child tr:last-child .title")
	p.press("j")
	p.wait("document.querySelectorAll('#rows tr[data-at]').length === 100 && document.activeElement === document.querySelectorAll('#rows .title')[50]")
}

// A link to a call opens it whatever the view is, with its neighbours where the view lists it.
func (p tab) testCallLinks() {
	order := ids(p.t, p.exported("ndjson"))
	slices.Reverse(order)
	for _, tt := range []struct{ query, place string }{
		{week, fmt.Sprintf("120 of %d", len(order))},                            // beyond what a list has at first
		{"?range=today&tz=UTC", "not in this list"},                             // outside the range
		{all + "&where=nothinglikethis", "not in this list"},                    // which the search leaves out
		{all + "&where=host:Nobody", "not in this list"},                        // of a view that can't be shown
		{week + "&where=workspace:1+longer:1m", "not in this list"},             // of a workspace that is not there
		{"?from=2020-03-23&to=2020-03-24&tz=Europe/Berlin", "not in this list"}, // too early
	} {
		p.open(tt.query + "&call=" + order[119])
		p.wait("document.getElementById('call').open && document.getElementById('call-place').textContent === '" + tt.place + "'")
		if got := p.string("JSON.parse(document.getElementById('document').textContent).id"); got != order[119] {
			p.t.Errorf("%s: call %s is open", tt.query, got)
		}
	}
	p.open(week + "&call=" + order[119])
	p.wait("document.getElementById('call-place').textContent.startsWith('120 of ')")
	p.press("j")
	p.wait("location.search.includes('" + order[120] + "')")
	p.press("k", "k")
	p.wait("location.search.includes('" + order[118] + "')")
	p.click("#call .close")
	p.wait("!document.getElementById('call').open && !location.search.includes('call=')")
	p.wait("document.activeElement.closest('tr')?.dataset.at.endsWith('." + order[118] + "')")
	p.open(week + "&call=12345")
	p.text("#call-problem", "Call 12345 not found: it was deleted, or it belongs to another company.")
	p.picture("call-gone-wide-light")
	p.press("j", kb.Escape)
	p.wait("!document.getElementById('call').open && !location.search.includes('call=')")
}

// A call says when it was scheduled and how late it started, by the clock of the chosen zone. The
// list says it too, and one click finds the calls that started late.
func (p tab) testLateCall() {
	p.open(week)
	p.click(`#only [data-term="late:1m"]`)
	p.wait("location.search.includes('late%3A1m')")
	p.total(plural(p.view(week + "&where=late:1m").Figures.Calls))
	if p.is("[...document.querySelectorAll('#rows td.late')].some(c => !/^[1-9][0-9]* min$/.test(c.textContent))") {
		p.t.Error("a call is not late")
	}
	late := p.string("document.querySelector('#rows td.late').textContent")
	p.click(`#only [aria-pressed="true"]`)
	p.wait("!location.search.includes('late')")
	p.settle()
	if !p.is("[...document.querySelectorAll('#rows td.late')].some(c => c.textContent === '')") {
		p.t.Error("every call is late")
	}
	p.open(week + "&where=late:1m")
	p.click("#rows .title")
	p.wait("document.getElementById('call').open")
	p.settle()
	want := p.string(`(() => {
		const { scheduled, started } = JSON.parse(document.getElementById('document').textContent);
		const clock = (time) => new Date(time).toLocaleTimeString('de-DE', { timeZone: 'Europe/Berlin' });
		return [clock(scheduled), clock(started), Math.trunc((Date.parse(started) - Date.parse(scheduled)) / 6e4) + ' min'];
	})()`)
	got := p.string(`['Scheduled', 'Started', 'Late'].map(name => [...document.querySelectorAll('#call-facts div')]
		.find(d => d.firstChild.textContent === name)?.lastChild.textContent.replace(/^.* 2020 /, ''))`)
	if got != want || !strings.HasSuffix(got, ","+late) {
		p.t.Errorf("the facts are %s, want %s; the list says %s", got, want, late)
	}
}

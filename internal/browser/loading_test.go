package browser

import (
	"strings"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// An answer that was cut off leaves what was shown, dimmed, and the controls as they were; it
// can be asked for again.
func (p tab) testLoading() {
	p.open(week)
	total := p.string("document.getElementById('total').textContent")
	p.string(`globalThis.plainFetch = fetch, globalThis.fetch = (url, options) => url.includes('api/view')
		? Promise.resolve(new Response(new ReadableStream({
			start(body) { body.enqueue(new TextEncoder().encode('{"before":0,')); body.error(new TypeError('cut off')); } })))
		: plainFetch(url, options)`)
	p.click(`#presets [data-value="all"]`)
	p.wait("document.getElementById('problem').checkVisibility()")
	p.total(total)
	p.text("#problem-text", "The server does not answer. Is it running?")
	p.wait("getComputedStyle(document.querySelector('.board')).filter === 'grayscale(1)'")
	if got := p.string(`document.querySelector('#presets [aria-pressed="true"]').id + location.search`); !strings.HasPrefix(got, "custom?from=2020-03-23") {
		p.t.Errorf("the controls show %s", got)
	}
	p.string("globalThis.fetch = plainFetch")
	p.click("#again")
	p.wait("document.getElementById('total').textContent === '" + plural(stored) + "'")
	p.wait("!document.getElementById('problem').checkVisibility() && !document.querySelector('.stale')")
}

// Until the first answer is there the page says that it loads.
func (p tab) testFirstLoad() {
	send(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: "globalThis.held = [], globalThis.plainFetch = fetch, globalThis.fetch = (...of) => new Promise((go) => held.push(() => go(plainFetch(...of))))",
	})
	p.do(chromedp.Navigate(p.page(week)))
	p.wait("globalThis.held?.length === 1 && document.getElementById('loading').checkVisibility() && !document.querySelector('main').inert")
	if p.is("document.querySelector('.board').checkVisibility()") {
		p.t.Error("an empty frame is there")
	}
	p.string("globalThis.fetch = plainFetch, held[0]()")
	p.wait("document.documentElement.dataset.state === 'shown' && document.querySelector('.board').checkVisibility() && !document.getElementById('loading').checkVisibility()")
}

// Wrong years and a document of many values are shown as well as others.
func (p tab) testFar() {
	p.open("?company=far&range=all&tz=UTC")
	p.total("4 calls")
	p.text("#range", "1 Jan 1 – 31 Dec 9999")
	p.open("?company=far&range=all&tz=Pacific/Kiritimati&from=9999-12-31")
	p.total("1 call")
	p.text("#rows .day", "Sat 1 Jan 10000")
	p.text("#rows time", "13:59")
	p.open("?company=far&from=2020-01-01&to=2021-01-01&tz=UTC")
	p.click("#rows tbody:last-child .title")
	p.wait("document.getElementById('call').open")
	p.settle()
	if got := p.string("JSON.parse(document.getElementById('document').textContent).values.length"); got != "30000" {
		p.t.Errorf("%s values of 30000 are shown", got)
	}
}

// An hour that comes twice is two: at midnight too, where a date would mean the first.
func (p tab) testHourTwice() {
	p.open("?company=far&from=2020-10-31&to=2020-11-02&tz=America/Havana&by=hour")
	p.focus("#chart")
	p.press(kb.Home)
	for range 25 {
		p.press(kb.ArrowRight)
	}
	p.press(enter)
	p.wait("location.search.includes('T00')")
	p.settle()
	p.total("1 call")
	if from, to := p.query("from"), p.query("to"); from != "2020-11-01T00:00:00-05:00" || to != "2020-11-01T01:00:00-05:00" {
		p.t.Errorf("narrowed to %s, %s", from, to)
	}
	p.open("?company=far&from=2020-10-25&to=2020-10-26&tz=Europe/Berlin")
	p.focus("#chart")
	p.press(kb.Home, kb.ArrowRight, kb.ArrowRight)
	p.readout("Sun 25 Oct 2020 02:00 (+02:00) – 02:00 (+01:00): 1 call")
}

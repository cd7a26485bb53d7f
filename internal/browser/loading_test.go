package browser

import "github.com/chromedp/chromedp/kb"

// While one part of a view is there and another is not, nothing is shown that is of
// neither; an answer that was cut off is said to be missing, and can be asked for again.
func (p tab) testLoading() {
	p.open(week)
	where := p.string("document.querySelector('.where').textContent")
	p.string(`globalThis.plainFetch = fetch, globalThis.fetch = (url, options) => url.includes('api/calls')
		? new Promise((answer) => { globalThis.cutOff = () => answer(new Response(new ReadableStream({
			start(body) { body.enqueue(new TextEncoder().encode('{"before":0,')); body.error(new TypeError('cut off')); } }))); })
		: plainFetch(url, options)`)
	p.click(`#presets [data-range="all"]`)
	p.wait("document.getElementById('total').textContent === '" + plural(stored) + "'")
	if got := p.string("document.querySelector('.where').textContent"); got != where {
		p.t.Errorf("the table of before has %s, and now %s", where, got)
	}
	p.string("cutOff()")
	p.settle()
	if got := p.string("document.getElementById('problem-text').textContent"); got != "The server does not answer. Is it running?" {
		p.t.Errorf("the problem is %q", got)
	}
	p.string("globalThis.fetch = plainFetch")
	p.click("#again")
	p.wait("document.querySelector('.where').textContent === '1–50 of 3,000'")
	p.wait("!document.getElementById('problem').checkVisibility()")
}

// Wrong years and a document of many values are shown as well as others.
func (p tab) testFar() {
	p.open("?company=far&range=all&tz=UTC")
	p.total("4 calls")
	if got := p.string("document.getElementById('range').textContent"); got != "1 Jan 1 – 31 Dec 9999, UTC" {
		p.t.Errorf("the range is %s", got)
	}
	p.open("?company=far&range=all&tz=Pacific/Kiritimati&from=9999-12-31")
	p.total("1 call")
	if got := p.string("document.querySelector('#rows time').textContent"); got != "1 Jan 10000 13:59:59" {
		p.t.Errorf("the last call is at %s", got)
	}
	p.open("?company=far&from=2020-01-01&to=2021-01-01&tz=UTC")
	p.click("#rows .title")
	p.wait("document.getElementById('call').open")
	p.settle()
	if got := p.string("document.querySelectorAll('#document .value').length"); got != "30000" {
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

package browser

import (
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Every preset is a step of the history, and stays what it is called.
func (p tab) testPresets() {
	p.open("?tz=Europe/Berlin")
	for _, preset := range []string{"today", "yesterday", "7d", "30d", "90d", "this-month", "last-month", "all"} {
		p.click(`#presets [data-range="` + preset + `"]`)
		var s summary
		p.ask("api/summary?tz=Europe/Berlin&range="+preset, &s)
		p.total(plural(s.Total))
		if got := p.query("range"); got != preset {
			p.t.Errorf("the address of %s has range=%s", preset, got)
		}
		if got := p.string(`[...document.querySelectorAll('#presets [aria-pressed="true"]')].map(b => b.dataset.range)`); got != preset {
			p.t.Errorf("%s: pressed is %s", preset, got)
		}
		if empty := p.is("document.getElementById('empty').checkVisibility()"); empty != (s.Total == 0) {
			p.t.Errorf("%s has %d calls, and says that there are none: %v", preset, s.Total, empty)
		}
	}
	p.total(plural(stored))
	// The last preset before it had none, and says how to see all.
	p.click(`#presets [data-range="today"]`)
	p.total("0 calls")
	p.click("#show-all")
	p.total(plural(stored))
}

// Days are chosen in the calendar, by the mouse and by keys.
func (p tab) testCalendar() {
	p.open("?from=2020-03-10&to=2020-03-20&tz=Europe/Berlin")
	p.click("#custom")
	p.wait("document.getElementById('calendar').open")
	if got := p.string("document.getElementById('month').textContent"); got != "March 2020" {
		p.t.Errorf("the calendar shows %s", got)
	}
	if got := p.string(`document.querySelectorAll('#days [aria-selected="true"]').length`); got != "10" {
		p.t.Errorf("%s days of 10 are selected", got)
	}
	p.click(`#days [data-day="2020-03-28"]`)
	p.click(`#days [data-day="2020-03-29"]`)
	p.click("#calendar .primary")
	var s summary
	p.ask("api/summary?from=2020-03-28&to=2020-03-30&tz=Europe/Berlin", &s)
	p.total(plural(s.Total))
	if p.query("from") != "2020-03-28" || p.query("to") != "2020-03-30" || s.From != "2020-03-28T00:00:00+01:00" || s.To != "2020-03-30T00:00:00+02:00" {
		p.t.Errorf("%s, %+v", p.string("location.search"), s)
	}

	// From the 29th, which the calendar opens with: a week and a month before, to the
	// Sunday of that week.
	p.focus("#custom")
	p.press(enter)
	p.wait("document.activeElement.dataset.day === '2020-03-29'")
	p.press(kb.ArrowUp, kb.PageUp, kb.Home, enter, kb.End, enter)
	p.focus("#from")
	p.press(enter)
	p.wait("!document.getElementById('calendar').open")
	p.settle()
	if p.query("from") != "2020-02-17" || p.query("to") != "2020-02-24" {
		p.t.Errorf("by keys: %s", p.string("location.search"))
	}
	p.focus("#custom")
	p.press(enter)
	p.wait("document.getElementById('calendar').open")
	p.press(kb.Escape)
	p.wait("!document.getElementById('calendar').open && document.activeElement.id === 'custom'")
}

// What is written is read by the server, which says what is wrong with it.
func (p tab) testWrittenRange() {
	p.open(all)
	write := func(from, to string) {
		p.click("#custom")
		p.fill("#from", from)
		p.fill("#to", to)
		p.click("#calendar .primary")
		p.settle()
	}
	write("2020-03-29 01:30", "2020-03-29T04:00:00+02:00")
	var s summary
	p.ask("api/summary?tz=Europe/Berlin&from=2020-03-29T00:30:00Z&to=2020-03-29T02:00:00Z", &s)
	p.total(plural(s.Total))
	if got := p.string("document.getElementById('range').textContent"); got != "Sun 29 Mar 2020 01:30 (+01:00) – 04:00 (+02:00), Europe/Berlin" {
		p.t.Errorf("the range is %s", got)
	}
	write("soon", "")
	if got := p.string("document.getElementById('problem').innerText"); !strings.Contains(got, `From "soon" is not a time; use a date`) {
		p.t.Errorf("the problem is %s", got)
	}
	write("", "")
	p.total(plural(stored))
	if p.is("document.getElementById('problem').checkVisibility()") {
		p.t.Error("the problem is still there")
	}
}

func (p tab) testWorkspaceAndZone() {
	p.open(all)
	var s summary
	p.ask("api/summary"+all+"&workspace="+workspace, &s)
	p.do(chromedp.SendKeys(chromedp.CSS("#workspace"), workspace+enter))
	p.wait("location.search.includes('workspace=')")
	p.total(plural(s.Total))
	if s.Total == 0 || s.Total == stored {
		p.t.Errorf("%d calls in the workspace", s.Total)
	}
	p.fill("#zone", "Australia/Eucla")
	p.wait("location.search.includes('Eucla')")
	p.total(plural(s.Total))
	var at struct{ Calls []struct{ Time string } }
	p.ask("api/calls?range=all&tz=Australia/Eucla&workspace="+workspace, &at)
	if got := p.string("document.querySelector('#rows time').dateTime"); got != at.Calls[0].Time || !strings.HasSuffix(got, "+08:45") {
		p.t.Errorf("the first call is at %s, want %s", got, at.Calls[0].Time)
	}
	// A workspace in the table leads to its calls.
	p.open(all)
	p.click("#rows .plain")
	p.wait("location.search.includes('workspace=')")
	p.settle()
	if got := p.query("workspace"); got != p.string("document.querySelector('#rows .plain').textContent") {
		p.t.Errorf("workspace %s", got)
	}
}

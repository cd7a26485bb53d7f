package browser

import (
	"strings"

	"github.com/chromedp/chromedp/kb"

	"github.com/callvault/callvault/internal/program"
)

// Every preset is a step of the history, and stays what it is called.
func (p tab) testPresets() {
	p.open("?tz=Europe/Berlin")
	for _, preset := range []string{"today", "yesterday", "7d", "30d", "90d", "last-week", "this-month", "last-month", "all"} {
		p.click(`#presets [data-value="` + preset + `"]`)
		total := p.view("?tz=Europe/Berlin&range=" + preset).Figures.Calls
		p.total(plural(total))
		if got := p.query("range"); got != preset {
			p.t.Errorf("the address of %s has range=%s", preset, got)
		}
		if got := p.string(`[...document.querySelectorAll('#presets [aria-pressed="true"]')].map(b => b.dataset.value)`); got != preset {
			p.t.Errorf("%s: pressed is %s", preset, got)
		}
		if empty := p.is("document.getElementById('empty').checkVisibility()"); empty != (total == 0) {
			p.t.Errorf("%s has %d calls, and says that there are none: %v", preset, total, empty)
		}
	}
	p.total(plural(stored))
	p.text("#range", "2 Jan – 1 Apr 2020")
}

// Where there are no calls the page says where there are some, and leads to them. With no range
// the last days that have calls are shown.
func (p tab) testEmpty() {
	p.open("?tz=Europe/Berlin")
	p.text("#range", "3 Mar – 1 Apr 2020")
	lately := p.string("document.getElementById('total').textContent")
	p.click(`#presets [data-value="today"]`)
	p.total("0 calls")
	if got := p.string("document.getElementById('empty-text').textContent"); !strings.HasPrefix(got, "No calls on ") || !strings.HasSuffix(got, ". The newest is of 1 Apr 2020.") {
		p.t.Errorf("the page says %s", got)
	}
	p.click("#show-newest")
	p.wait("!location.search.includes('range')")
	p.total(lately)
	p.open(week + "&where=nothinglikethis")
	p.text("#empty-text", "No calls match in any range.")
	p.click("#show-newest")
	p.wait("!location.search.includes('where')")
	p.settle()
	p.search("nothinglikethis") // hides the chart, which must not be drawn then
	p.wait("document.getElementById('chart').clientWidth === 0")
	p.wait("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
	if got := p.string("document.querySelectorAll('#chart :is([width^=\"-\"], [height^=\"-\"])').length"); got != "0" {
		p.t.Errorf("%s parts of the hidden chart are less than nothing", got)
	}
	p.text("#show-newest", "Remove all search terms")
	p.click("#show-newest")
	p.wait("!location.search.includes('where')")
	p.total(plural(p.view(week).Figures.Calls))
	cli := program.New(p.t)
	cli.Must("key", "create")
	p.server = cli.Serve()
	p.open("?range=all")
	p.text("#empty-text", "This company has no calls yet. Add some: callvault import calls.ndjson")
	p.picture("nothing-wide-light")
	cli.Put("default", records(10)...)
	p.wait("document.getElementById('news').checkVisibility()")
	p.text("#news", "10 new calls ↑")
	p.click("#news")
	p.wait("document.getElementById('total').textContent === '10 calls' && !document.querySelector('.empty')")
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
	p.wait("!document.getElementById('calendar').open")
	s := p.view("?from=2020-03-28&to=2020-03-30&tz=Europe/Berlin")
	p.total(plural(s.Figures.Calls))
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

// What is written is read by the server before the dialog closes: what is wrong stands beside
// its field, and a date as an end includes its day.
func (p tab) testWrittenRange() {
	p.open(all)
	p.click("#custom")
	write := func(from, to string) {
		p.fill("#from", from)
		p.fill("#to", to)
		p.click("#calendar .primary")
	}
	write("soon", "2020-03-29")
	p.wait("document.getElementById('from-problem').textContent.startsWith('From \"soon\" is not a time; write 2026-01-31')")
	p.picture("calendar-wrong-wide-light")
	if got := p.string("document.activeElement.id + document.getElementById('from').ariaInvalid + document.getElementById('calendar').open"); got != "fromtruetrue" {
		p.t.Errorf("after a wrong date: %s", got)
	}
	write("2020-03-30", "2020-03-29")
	p.wait("document.getElementById('to-problem').textContent === 'From is after Through.'")
	write("2020-03-29 01:30", "2020-03-29T04:00:00+02:00")
	p.wait("!document.getElementById('calendar').open")
	p.total(plural(p.view("?tz=Europe/Berlin&from=2020-03-29T00:30:00Z&to=2020-03-29T02:00:00Z").Figures.Calls))
	p.text("#range", "Sun 29 Mar 2020 01:30 (+01:00) – 04:00 (+02:00)")
	p.click("#custom")
	write("2020-03-28", "2020-03-29")
	p.wait("location.search.includes('to=2020-03-30')")
	p.total(plural(p.view("?tz=Europe/Berlin&from=2020-03-28&to=2020-03-30").Figures.Calls))
	p.click("#custom")
	write("", "")
	p.wait("location.search.includes('range=all')")
	p.total(plural(stored))
}

// A zone is searched by the name that it has today.
func (p tab) testZone() {
	p.open(all)
	zones := p.string("[...document.querySelectorAll('#zones option')].map(o => o.value)")
	for name, there := range map[string]bool{"Asia/Kolkata": true, "Asia/Calcutta": false, "Europe/Kyiv": true, "Europe/Kiev": false, "UTC": true} {
		if strings.Contains(","+zones+",", ","+name+",") != there {
			p.t.Errorf("%s is offered: %v", name, !there)
		}
	}
	p.focus("#zone")
	p.fill("#zone", "australia/eucla")
	p.wait("location.search.includes('Eucla') && document.getElementById('zone').value === 'Australia/Eucla'")
	p.total(plural(stored))
	if got, want := p.string("document.querySelector('#rows time').dateTime"), p.view("?range=all&tz=Australia/Eucla").List.Calls[0].Time; got != want || !strings.HasSuffix(got, "+08:45") {
		p.t.Errorf("the first call is at %s, want %s", got, want)
	}
	p.fill("#zone", "Mars/Olympus")
	p.wait("document.getElementById('remove').textContent === '✕ Remove Mars/Olympus'")
	p.click("#remove")
	p.wait("!location.search.includes('tz')")
	p.total(plural(stored))
}

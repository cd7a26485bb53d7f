package browser

import (
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const month = "?from=2020-03-01&to=2020-04-01&tz=Europe/Berlin"

// bars are the days of March 2020, which has a day of 23 hours.
func (p tab) bars() []bar {
	p.t.Helper()
	bars := p.view(month).Chart.Bars
	if len(bars) != 31 {
		p.t.Fatalf("%d bars", len(bars))
	}
	return bars
}

func sum(bars []bar) (n int) {
	for _, b := range bars {
		n += b.count()
	}
	return n
}

// mouse moves the mouse, with its button pressed or not.
func (p tab) mouse(kind input.DispatchMouseEventType, number int) {
	p.t.Helper()
	x, y := p.middle(number)
	button := input.MouseButtonNone
	if kind != chromedp.MouseMoved {
		button = input.MouseButtonLeft
	}
	send(p, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: x, Y: y, Button: button, ClickCount: 1})
}

func (p tab) readout(want string) {
	p.t.Helper()
	got := p.string("document.getElementById('readout').textContent")
	if counted, hours, _ := strings.Cut(got, ", "); counted != want || (hours == "") != (want == "") {
		p.t.Errorf("the chart says %q, want %q and the hours", got, want)
	}
}

// A drag over bars narrows the range to them, in either direction; a click to one.
func (p tab) testDrag() {
	bars := p.bars()
	for _, ends := range [][2]int{{8, 14}, {29, 27}} {
		p.open(month)
		p.mouse(chromedp.MouseMoved, ends[0])
		p.mouse(chromedp.MousePressed, ends[0])
		p.mouse(chromedp.MouseMoved, (ends[0]+ends[1])/2)
		p.mouse(chromedp.MouseMoved, ends[1])
		first, last := min(ends[0], ends[1]), max(ends[0], ends[1])
		chosen := plural(sum(bars[first : last+1]))
		if got := p.string("document.getElementById('readout').textContent"); !strings.Contains(got, ": "+chosen+", ") {
			p.t.Errorf("%s are selected, and the chart says %q", chosen, got)
		}
		p.mouse(chromedp.MouseReleased, ends[1])
		p.total(chosen)
		if from, to := p.query("from"), p.query("to"); from != bars[first].From[:10] || to != bars[last+1].From[:10] {
			p.t.Errorf("narrowed to %s, %s", from, to)
		}
	}
	p.open(month)
	p.mouse(chromedp.MouseMoved, 3)
	p.readout("Wed 4 Mar 2020: " + plural(bars[3].count()))
	p.mouse(chromedp.MousePressed, 28)
	p.mouse(chromedp.MouseReleased, 28)
	p.total(plural(bars[28].count()))
	p.text("#range", "Sun 29 Mar 2020")
	if got := p.string("document.getElementById('chart').dataset.bars"); got != "23" {
		p.t.Errorf("the day has %s hours", got)
	}
}

// A finger does what a mouse does: a tap narrows to a bar, a drag to several.
func (p tab) testTouch() {
	p.screen(390, 844)
	send(p, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true})
	bars := p.bars()
	touch := func(kind input.DispatchTouchEventType, numbers ...int) {
		points := []*input.TouchPoint{}
		for _, number := range numbers {
			x, y := p.middle(number)
			points = append(points, &input.TouchPoint{X: x, Y: y})
		}
		send(p, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
	}
	p.open(month)
	p.do(chromedp.ScrollIntoView(chromedp.CSS("#chart")))
	touch(input.DispatchTouchEventTypeTouchStart, 9)
	touch(input.DispatchTouchEventTypeTouchEnd)
	p.wait("location.search.includes('2020-03-11')")
	p.total(plural(bars[9].count()))

	p.open(month)
	p.do(chromedp.ScrollIntoView(chromedp.CSS("#chart")))
	touch(input.DispatchTouchEventTypeTouchStart, 2)
	touch(input.DispatchTouchEventTypeTouchMove, 4)
	touch(input.DispatchTouchEventTypeTouchMove, 8)
	touch(input.DispatchTouchEventTypeTouchEnd)
	p.wait("location.search.includes('2020-03-10')")
	p.total(plural(sum(bars[2:9])))
}

// Arrows look at bars, with Shift they select, Enter narrows, Escape gives up.
func (p tab) testChartByKeys() {
	bars := p.bars()
	p.open(month)
	p.focus("#chart")
	p.press(kb.ArrowRight)
	p.readout("Sun 1 Mar 2020: " + plural(bars[0].count()))
	p.press(kb.End)
	p.readout("Tue 31 Mar 2020: " + plural(bars[30].count()))
	p.press(kb.ArrowLeft, kb.ArrowLeft)
	p.readout("Sun 29 Mar 2020: " + plural(bars[28].count()))
	p.press(kb.Escape)
	p.readout("")
	p.press(kb.Home, kb.ArrowRight)
	p.shift(kb.ArrowRight)
	p.shift(kb.ArrowRight)
	p.readout("2 Mar – 4 Mar 2020: " + plural(sum(bars[1:4])))
	p.press(enter)
	p.total(plural(sum(bars[1:4])))
	if p.query("from") != "2020-03-02" || p.query("to") != "2020-03-05" {
		p.t.Errorf("narrowed to %s", p.string("location.search"))
	}
	if got := p.string("document.activeElement.id"); got != "chart" {
		p.t.Errorf("the focus went to %s", got)
	}
}

// The ✕ beside the range and Escape widen it again, step by step, also after a reload; a range
// that the chart did not narrow gives way to the one to begin with.
func (p tab) testWiden() {
	p.open(month)
	whole := p.string("document.getElementById('total').textContent")
	p.mouse(chromedp.MousePressed, 8)
	p.mouse(chromedp.MouseMoved, 11)
	p.mouse(chromedp.MouseMoved, 14)
	p.mouse(chromedp.MouseReleased, 14)
	p.wait("location.search.includes('2020-03-16')")
	p.settle()
	narrow := p.string("location.search")
	p.mouse(chromedp.MousePressed, 2)
	p.mouse(chromedp.MouseReleased, 2)
	p.wait("location.search.includes('2020-03-12')")
	p.settle()
	p.do(chromedp.Reload())
	p.settle()
	p.click("#widen")
	p.wait("location.search === '" + narrow + "'")
	p.settle()
	p.press(kb.Escape)
	p.wait("location.search.includes('to=2020-04-01')")
	p.total(whole)
	p.press(kb.Escape)
	p.wait("!location.search.includes('from')")
	p.settle()
	if p.is("document.getElementById('widen').checkVisibility()") {
		p.t.Error("the range to begin with can be widened")
	}
	p.open("?from=2020-03-01")
	p.click("#widen")
	p.wait("location.search === '' && !location.href.endsWith('?')")
}

// The chart switches between calls and hours, is stacked by another field and by another unit,
// and each stands in the address. Weekends are shaded.
func (p tab) testStack() {
	p.open(month)
	layers := func() string {
		return p.string("[...document.querySelectorAll('#legend li')].map(l => (l.querySelector('button') ?? l).firstChild.textContent)")
	}
	if got := layers(); got != "Inbound,Outbound,Conference,Unknown" {
		p.t.Errorf("the layers are %s", got)
	}
	if got := p.string("document.querySelector('#chart .weekend').getAttribute('d').match(/M/g).length"); got != "9" {
		p.t.Errorf("%s days are shaded", got)
	}
	tallest := p.string("document.querySelector('#chart .layer0').getAttribute('d')")
	p.click(`#measures [data-value="hours"]`)
	p.wait("location.search.includes('of=hours')")
	p.settle()
	if got := p.string("document.querySelector('#legend span').textContent"); !strings.HasSuffix(got, " h") {
		p.t.Errorf("the legend of hours says %s", got)
	}
	if tallest == p.string("document.querySelector('#chart .layer0').getAttribute('d')") {
		p.t.Error("hours are drawn as calls are")
	}
	p.click(`#stacks [data-value="scope"]`)
	p.wait("location.search.includes('stack=scope')")
	p.settle()
	if got := layers(); got != "Internal,External,Unknown,no scope" {
		p.t.Errorf("the layers are %s", got)
	}
	p.focus("#chart")
	p.press(kb.End, kb.Tab, enter) // to the first layer of the legend
	p.wait("location.search.includes('where=scope%3AInternal')")
	p.settle()
	if got := layers(); got != "Internal" {
		p.t.Errorf("the internal calls have the layers %s", got)
	}
	p.click("#legend button")
	p.wait("!location.search.includes('where')")
	p.settle()
	p.click(`#units [data-value="week"]`)
	p.wait("location.search.includes('by=week')")
	p.settle()
	if got := p.string("document.getElementById('chart').dataset.bars"); got != "6" {
		p.t.Errorf("March has %s weeks", got)
	}
	if got := p.string(`[...document.querySelectorAll('.chart-bar [aria-pressed="true"]')].map(b => b.dataset.value)`); got != "hours,scope,week" {
		p.t.Errorf("pressed are %s", got)
	}
}

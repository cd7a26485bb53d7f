package browser

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/callvault/callvault/internal/program"
)

// Every view is an address: what is chosen stands in it, and back and forward go
// through it.
func (p tab) testHistory() {
	const address = "?from=2020-03-01&to=2020-04-01&tz=America%2FNew_York&where=system%3AZoom&by=week"
	p.open(address)
	for expression, want := range map[string]string{
		"location.search": address,
		"document.querySelector('#units [aria-pressed=\"true\"]').textContent": "week",
		"document.getElementById('chips').textContent":                         "system:Zoom✕",
		"document.getElementById('zone').value":                                "America/New_York",
		"document.getElementById('chart').dataset.bars":                        "6",
	} {
		if got := p.string(expression); got != want {
			p.t.Errorf("%s is %s, want %s", expression, got, want)
		}
	}
	before := p.string("document.getElementById('total').textContent")
	p.click(`#presets [data-value="all"]`)
	p.settle()
	after := p.string("document.getElementById('total').textContent")
	if before == after {
		p.t.Fatalf("%s twice", before)
	}
	p.do(chromedp.NavigateBack())
	p.wait("location.search === '" + address + "'")
	p.total(before)
	p.do(chromedp.NavigateForward())
	p.wait("location.search.includes('range=all')")
	p.total(after)
	if !strings.Contains(p.string("document.title"), after) {
		p.t.Errorf("the title is %s", p.string("document.title"))
	}
}

// Everything is reached by Tab, shows that it has the focus, and has a name.
func (p tab) testKeyboard() {
	p.open(week)
	p.press(kb.Tab)
	if got := p.string("document.activeElement.className"); got != "skip" {
		p.t.Fatalf("first comes %s", got)
	}
	p.press(enter)
	if got := p.string("document.activeElement.id"); got != "total" {
		p.t.Errorf("the calls are skipped to, but %s has the focus", got)
	}
	p.string("document.querySelector('.skip').focus()")
	var reached []string
	for range 60 {
		p.press(kb.Tab)
		focused := eval[struct {
			Name    string
			Visible bool
			Where   string
		}](p, `(() => {
			const e = document.activeElement, style = getComputedStyle(e.closest('#find') && e.id ? e.parentElement : e);
			const name = e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent;
			return { Name: name.trim(), Visible: style.outlineStyle !== 'none', Where: e.id || e.className || e.textContent };
		})()`)
		if focused.Name == "" || !focused.Visible {
			p.t.Errorf("focus on %+v", focused)
		}
		reached = append(reached, focused.Where)
	}
	for _, want := range []string{"brand", "company", "zone", "Today", "custom", "search", "widen", "Hours", "Scope", "day", "chart", "Zoom", "Longest", "ids"} {
		if !slices.ContainsFunc(reached, func(where string) bool { return strings.HasPrefix(where, want) }) {
			p.t.Errorf("%s was not reached: %q", want, reached)
		}
	}
	// More calls come by keys, and the focus goes to the first of them.
	p.focus("#more")
	p.press(enter)
	p.wait("document.querySelectorAll('#rows tr[data-at]').length === 100")
	p.wait("document.activeElement === document.querySelectorAll('#rows .title')[50]")
	p.focus("#units button:nth-child(3)")
	p.press(enter)
	p.wait("location.search.includes('by=week')")
	p.settle()
	if got := p.string("document.activeElement.textContent"); got != "week" {
		p.t.Errorf("the focus went from the week to %s", got)
	}
	// j and k walk the list, a call opens and closes by keys, and the focus comes back to it.
	p.string("document.activeElement.blur()")
	p.press("j", "j", "j", "k")
	p.wait("document.activeElement === document.querySelectorAll('#rows .title')[1]")
	p.press(enter)
	p.wait("document.getElementById('call').open")
	p.settle()
	p.press("j")
	p.settle()
	p.press(kb.Escape)
	p.wait("!document.getElementById('call').open")
	p.wait("document.activeElement === document.querySelectorAll('#rows .title')[2]")
	// A question mark shows the keys, unless it is typed into the search; the focus comes back.
	p.click("#help")
	p.wait("document.getElementById('keys').open")
	p.press(kb.Escape)
	p.focus("#rows tr:nth-child(4) .title") // the first row is the day's
	p.press("?")
	p.wait("document.getElementById('keys').open")
	p.picture("keys-wide-light")
	p.press(kb.Escape)
	p.wait("!document.getElementById('keys').open && document.activeElement === document.querySelectorAll('#rows .title')[2]")
	p.focus("#search")
	p.press("?")
	if got := p.string("document.getElementById('keys').open + document.getElementById('search').value"); got != "false?" {
		p.t.Errorf("typed into the search: %s", got)
	}
	p.press(kb.Escape, kb.Escape) // the text, then the field
	p.wait("document.activeElement === document.body && document.getElementById('search').value === ''")
}

// cuts are the elements whose text is cut without a sign, or runs out of its section.
const cuts = `[...document.querySelectorAll('body *')].filter(e => {
	if (!e.checkVisibility() || e.closest('.unseen, .skip, svg, option') || innerWidth <= 640 && e.closest('thead') || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) return false;
	const style = getComputedStyle(e);
	const section = e.closest('section, header, .controls, #problem')?.getBoundingClientRect();
	return e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1 && style.textOverflow !== 'ellipsis' ||
		section && !e.closest('.presets') && e.getBoundingClientRect().right > section.right + 1;
}).map(e => (e.id || e.className || e.localName) + ': ' + e.textContent.slice(0, 40))`

// touching are the names on the axis that are too close to the one before.
const touching = `[...document.querySelectorAll('#chart text[text-anchor="middle"]')].map(t => t.getBoundingClientRect())
	.filter((box, i, all) => i > 0 && box.left < all[i - 1].right + 6).length`

// No width scrolls sideways or cuts a text without a sign, whatever is shown; dark is dark.
func (p tab) testWidthsAndThemes() {
	for _, query := range []string{all, week, week + "&by=hour&stack=system", all + "&ids=1&order=longest", "?range=today&tz=UTC", "?from=x", "?company=hostile&range=all&tz=UTC", "?company=hostile&range=all&tz=UTC&where=host:5+workspace:5", "?company=named&range=all&tz=UTC"} {
		p.open(query)
		for _, width := range []int64{2560, 1440, 1024, 768, 390, 320} {
			p.screen(width, 844)
			p.wait("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
			if p.is("document.documentElement.scrollWidth > document.documentElement.clientWidth") {
				beyond := p.string(fmt.Sprintf("[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > %d).map(e => e.id || e.className || e.localName)", width))
				p.t.Errorf("%s at %d pixels scrolls sideways; beyond the edge are %s", query, width, beyond)
			}
			if got := p.string(cuts); got != "" {
				p.t.Errorf("%s at %d pixels cuts %s", query, width, got)
			}
			if got := p.string(touching); got != "0" {
				p.t.Errorf("%s at %d pixels: %s names of the axis touch another", query, width, got)
			}
		}
	}
	p.theme("light")
	light := p.string("getComputedStyle(document.body).backgroundColor")
	p.theme("dark")
	dark := p.string("getComputedStyle(document.body).backgroundColor")
	if light != "rgb(255, 255, 255)" || dark != "rgb(20, 23, 27)" {
		p.t.Errorf("light is %s, dark is %s", light, dark)
	}
}

// A page elsewhere can't read what this one can, neither by a name that resolves to
// loopback nor by asking.
func (p tab) testElsewhere() {
	address := p.server.Manage()
	port := address[strings.LastIndex(address, ":"):]
	p.do(chromedp.Navigate("http://evil.example" + port + "/"))
	if got := p.string("document.body.innerText"); !strings.Contains(got, "this listener is only for this machine") {
		p.t.Errorf("by another name: %s", got)
	}
	if got := eval[int](p, "fetch('/api/site').then(r => r.status)"); got != http.StatusMisdirectedRequest {
		p.t.Errorf("by another name: %d", got)
	}
	p.do(chromedp.Navigate("http://localhost" + port + "/livez"))
	if got := eval[string](p, "fetch('"+address+"/api/site').then(r => r.text(), e => 'refused: ' + e.name)"); got != "refused: TypeError" {
		p.t.Errorf("from another page: %s", got)
	}
	request, err := http.NewRequestWithContext(p.ctx, http.MethodGet, address+"/api/site", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Origin", "http://evil.example")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		p.t.Errorf("another origin: %s", response.Status)
	}
}

// A server that went away is said to be away, and what was shown stays.
func (p tab) testServerGone() {
	cli := program.New(p.t)
	cli.Put("default", records(100)...)
	p.server = cli.Serve()
	p.open(all)
	p.server.Kill()
	p.click(`#units [data-value="week"]`)
	p.wait("document.getElementById('problem').checkVisibility()")
	p.text("#problem-text", "The server does not answer. Is it running?")
	p.total("100 calls")
	p.picture("gone-wide-light")
	p.is("document.getElementById('problem').hidden = true")
	p.click("#more")
	p.wait("document.getElementById('problem').checkVisibility()")
	if got := p.string("document.querySelectorAll('#rows tr[data-at]').length"); got != "50" {
		p.t.Errorf("%s calls are shown", got)
	}
}

// Where other machines reach it, the page is that of a key's company.
func (p tab) testBeyondLoopback() {
	t, cli := p.t, program.New(p.t)
	cli.Put("default", records(10)...)
	cli.Put("acme", records(100)...)
	key := cli.Key("--company", "acme")
	server := cli.Serve("--manage", "0.0.0.0:0")
	address := server.Manage()
	page := "http://127.0.0.1" + address[strings.LastIndex(address, ":"):] + "/"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(key.AccessKey, key.AccessKeySecret)
	response, err := chromedp.RunResponse(p.ctx, chromedp.Navigate(page+all))
	if err == nil && response.Status != http.StatusUnauthorized || err != nil && !strings.Contains(err.Error(), "ERR_INVALID_AUTH") {
		t.Errorf("without a key: %v, %v", response, err)
	}
	send(p, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Authorization": request.Header.Get("Authorization")}})
	p.do(chromedp.Navigate(page + all))
	p.total("100 calls")
	if got := p.string("document.getElementById('about').textContent"); strings.Contains(got, "callvault.db") {
		t.Errorf("the header names the store: %s", got)
	}
	if p.is("document.getElementById('company-field').checkVisibility()") {
		t.Error("a company can be chosen")
	}
	if got := p.string("[...document.querySelectorAll('.line code')].map(c => c.textContent)"); strings.Contains(got, cli.DB) || !strings.Contains(got, "--url "+server.Base) {
		t.Errorf("the lines are %s", got)
	}
	p.do(chromedp.Navigate(page + all + "&company=default"))
	p.settle()
	if got := p.string("document.getElementById('problem-text').textContent"); got != `The key does not belong to company "default". Below is the view without it.` {
		t.Errorf("another company: %s", got)
	}
	p.do(chromedp.Navigate(page + all))
	p.total("100 calls")
	p.refuseToLogIn()
	send(p, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{}})
	p.click(`#units [data-value="week"]`)
	p.wait("document.getElementById('problem').checkVisibility()")
	if got := p.string("document.getElementById('problem-text').textContent"); !strings.HasPrefix(got, "This key is no longer valid.") {
		t.Errorf("no key: %s", got)
	}
}

// refuseToLogIn closes the browser's question for a key, as a person can.
func (p tab) refuseToLogIn() {
	p.t.Helper()
	err := chromedp.Listen(p.ctx, func(event any) {
		// Commands wait for what this function would hold up.
		switch event := event.(type) {
		case *fetch.EventRequestPaused:
			go chromedp.Call(p.ctx, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: event.RequestID})
		case *fetch.EventAuthRequired:
			answer := &fetch.AuthChallengeResponse{Response: fetch.AuthChallengeResponseResponseCancelAuth}
			go chromedp.Call(p.ctx, fetch.ContinueWithAuth, fetch.ContinueWithAuthParams{RequestID: event.RequestID, AuthChallengeResponse: answer})
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	send(p, fetch.Enable, fetch.EnableParams{HandleAuthRequests: new(true)})
}

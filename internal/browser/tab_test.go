package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/callvault/callvault/internal/program"
)

// tab is a page in a profile of its own. What goes wrong in its scripts fails its
// test.
type tab struct {
	t      *testing.T
	ctx    context.Context
	cli    *program.CLI    // has the store
	server *program.Server // shows it
}

func (b *chromium) tab(t *testing.T, cli *program.CLI, server *program.Server) tab {
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	err := chromedp.Listen(ctx, func(event any) {
		if thrown, ok := event.(*cdpruntime.EventExceptionThrown); ok {
			t.Errorf("the page's script: %+v", thrown.ExceptionDetails)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, program.Patience)
	t.Cleanup(cancel)
	p := tab{t, ctx, cli, server}
	p.screen(1280, 900)
	return p
}

// page is the address of the page with a query.
func (p tab) page(query string) string { return p.server.Manage() + "/" + query }

func (p tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// send sends a command to the tab.
func send[P, R any](p tab, command cdp.Command[P, R], parameters P) R {
	p.t.Helper()
	result, err := chromedp.Call(p.ctx, command, parameters)
	if err != nil {
		p.t.Fatal(err)
	}
	return result
}

// sendBrowser sends a command to the browser.
func sendBrowser[P, R any](p tab, command cdp.Command[P, R], parameters P) {
	p.t.Helper()
	if _, err := chromedp.CallBrowser(p.ctx, command, parameters); err != nil {
		p.t.Fatal(err)
	}
}

// screen makes the tab as wide and high; up to 500 pixels are a phone's.
func (p tab) screen(width, height int64) {
	p.t.Helper()
	send(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width <= 500,
	})
}

// theme is light or dark.
func (p tab) theme(name string) {
	p.t.Helper()
	send(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
}

// eval is the value of an expression, or what its promise brings.
func eval[T any](p tab, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func (p tab) string(expression string) string {
	p.t.Helper()
	return eval[string](p, "String("+expression+")")
}

func (p tab) is(expression string) bool {
	p.t.Helper()
	return eval[bool](p, "Boolean("+expression+")")
}

// wait waits until an expression is true. It may break while a page is loaded.
func (p tab) wait(expression string) {
	p.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		met, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if met {
			return
		}
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			p.t.Fatalf("never was: %s (%v)", expression, err)
		}
	}
}

// settle waits until what was asked for is shown.
func (p tab) settle() {
	p.t.Helper()
	p.wait("document.documentElement.dataset.state === 'shown'")
}

// text is what an element says.
func (p tab) text(selector, want string) {
	p.t.Helper()
	if got := p.string(fmt.Sprintf("document.querySelector(%q).textContent", selector)); got != want {
		p.t.Errorf("%s: %s says %q, want %q", p.string("location.search"), selector, got, want)
	}
}

// open opens the page and waits until all is there.
func (p tab) open(query string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.page(query)))
	p.settle()
}

// total waits for a headline.
func (p tab) total(want string) {
	p.t.Helper()
	p.settle()
	p.text("#total", want)
}

// click clicks in the middle of what a selector finds, once no answer is awaited that would draw
// it anew.
func (p tab) click(selector string) {
	p.t.Helper()
	p.wait("document.documentElement.dataset.state !== 'loading'")
	p.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// press presses keys, one after the other: a rune of package kb, or a letter.
func (p tab) press(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		p.do(chromedp.KeyEvent(key))
	}
}

// shift presses a key with Shift.
func (p tab) shift(key string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(key, chromedp.KeyModifiers(chromedp.ModifierShift)))
}

// bar is a bar of the chart, as the server counted it.
type bar struct {
	From  string `json:"from"`
	Calls []int  `json:"calls"`
}

func (b bar) count() (n int) {
	for _, calls := range b.Calls {
		n += calls
	}
	return n
}

// view is what the server says of a view.
type view struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Figures struct {
		Calls int `json:"calls"`
	} `json:"figures"`
	Chart struct {
		Bars []bar `json:"bars"`
	} `json:"chart"`
	List struct {
		Calls []struct {
			At   string `json:"at"`
			Time string `json:"time"`
		} `json:"calls"`
	} `json:"list"`
}

// view asks the server for the view of a query.
func (p tab) view(query string) (v view) {
	p.t.Helper()
	p.ask("api/view"+query, &v)
	return v
}

// ask asks the server as the page does.
func (p tab) ask(path string, v any) {
	p.t.Helper()
	response, err := http.Get(p.page(path))
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %s", path, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(v); err != nil {
		p.t.Fatal(err)
	}
}

// middle is where a bar of the chart stands on the screen.
func (p tab) middle(number int) (x, y float64) {
	p.t.Helper()
	at := eval[[]float64](p, fmt.Sprintf(`(() => {
		const box = document.querySelector('#chart svg').getBoundingClientRect();
		const axis = document.querySelector('#chart .axis');
		const left = Number(axis.getAttribute('x1'));
		const band = (box.width - left) / Number(document.getElementById('chart').dataset.bars);
		return [box.left + left + band * (%d + 0.5), box.top + box.height / 2];
	})()`, number))
	return at[0], at[1]
}

// focus puts the focus somewhere.
func (p tab) focus(selector string) {
	p.t.Helper()
	p.do(chromedp.Focus(chromedp.CSS(selector)))
}

// fill makes a field have a value, as if a person had written or chosen it.
func (p tab) fill(selector, value string) {
	p.t.Helper()
	p.is(fmt.Sprintf(`(() => {
		const field = document.querySelector(%q);
		field.value = %q;
		for (const name of ['input', 'change']) field.dispatchEvent(new Event(name, { bubbles: true }));
		return true;
	})()`, selector, value))
}

func (p tab) query(name string) string {
	p.t.Helper()
	return parameters(p.t, p.string("location.href")).Get(name)
}

// plural is a number of calls as the page writes it.
func plural(n int) string {
	text := fmt.Sprint(n)
	if n >= 1000 {
		text = fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	if n == 1 {
		return text + " call"
	}
	return text + " calls"
}

// rows are the ids of the calls in the table.
func (p tab) rows() []string {
	p.t.Helper()
	return eval[[]string](p, `[...document.querySelectorAll('#rows td.id:last-child')].map(cell => cell.textContent)`)
}

// ids are the ids of documents, one to the line.
func ids(t *testing.T, ndjson string) (ids []string) {
	t.Helper()
	for line := range strings.Lines(ndjson) {
		var call struct{ ID string }
		if err := json.Unmarshal([]byte(line), &call); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, call.ID)
	}
	return ids
}

const enter = kb.Enter

package browser

import (
	"fmt"
	"strings"

	"github.com/callvault/callvault/internal/program"
)

// The header of a mirrored company says how its mirror stands. It opens to the lines of its
// status, which follow the mirror, and fits every width.
func (p tab) testMirror() {
	account, cli := program.New(p.t), program.New(p.t)
	account.Put("default", records(300)...)
	upstream, credentials := account.Serve(), cli.File("credentials", account.Must("key", "create"))
	mirror := func() {
		cli.Must("mirror", "--once", "--whole", "--url", upstream.Base, "--credentials", credentials,
			"--company", "acme", "--pace", "1000/s", "--daily", "100000", "--log-level", "warn")
	}
	cli.Put("default", records(10)...)
	mirror()
	p.server = cli.Serve()
	p.open(all)
	if p.is("document.getElementById('mirror').checkVisibility()") {
		p.t.Error("a company without a mirror has its line")
	}
	p.fill("#company", "acme")
	p.total("300 calls")
	host := strings.TrimPrefix(upstream.Base, "http://")
	p.mirror("Mirror of "+host+": current, newest call ", "current")
	if p.is("document.getElementById('mirror-lines').checkVisibility()") {
		p.t.Error("the lines are open")
	}
	p.click("#mirror")
	p.wait("document.getElementById('mirror-lines').checkVisibility()")
	p.wait("document.getElementById('mirror-lines').textContent.includes('300 here, 300 upstream')")
	if got := p.string("document.querySelector('#mirror-lines progress[aria-label=\"old round\"]').position"); got != "1" {
		p.t.Errorf("the bar of a round that is done stands at %s", got)
	}
	p.picturesOfMirror("mirror")
	account.Must("delete", "--before", "2020-02-01", "--yes")
	left := account.Count()
	mirror()
	p.is("document.dispatchEvent(new Event('visibilitychange'))")
	held := fmt.Sprintf("on hold: %d calls not deleted", 300-left)
	p.wait("document.getElementById('mirror').textContent.includes('" + held + "')")
	p.mirror("Mirror of "+host+": "+held, "trouble")
	if got := p.string("document.getElementById('mirror-lines').textContent"); !strings.Contains(got, "callvault mirror accept ") || !strings.Contains(got, " --company acme") {
		p.t.Errorf("nothing says what releases the hold: %s", got)
	}
	p.picturesOfMirror("mirror-held")
	p.server.Kill()
	p.is("document.dispatchEvent(new Event('visibilitychange'))")
	p.wait("document.getElementById('mirror').textContent.startsWith('Mirror status unknown: The server does not answer')")
}

// mirror tells whether the header has a line that begins so.
func (p tab) mirror(text, state string) {
	p.t.Helper()
	if got := p.string("document.getElementById('mirror').innerText"); !strings.HasPrefix(got, text) {
		p.t.Errorf("the mirror's line is %q, want %q", got, text)
	}
	if got := p.string("document.getElementById('mirror').dataset.state"); got != state {
		p.t.Errorf("the mirror is %s, want %s", got, state)
	}
}

// picturesOfMirror looks at every width, in light and dark.
func (p tab) picturesOfMirror(name string) {
	for _, width := range []int64{320, 390, 768, 1024, 1440} {
		p.screen(width, 900)
		p.wait("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
		if p.is("document.documentElement.scrollWidth > document.documentElement.clientWidth") {
			p.t.Errorf("%s scrolls sideways at %d pixels", name, width)
		}
		for _, theme := range []string{"light", "dark"} {
			p.theme(theme)
			p.picture(fmt.Sprintf("%s-%d-%s", name, width, theme))
		}
	}
}

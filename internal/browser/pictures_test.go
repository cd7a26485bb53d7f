package browser

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
)

// picture leaves a picture of what is on the screen, where anybody wants it.
func (p tab) picture(name string) {
	p.t.Helper()
	folder := pictures(p.t)
	if folder == "" {
		return
	}
	png := send(p, page.CaptureScreenshot, page.CaptureScreenshotParams{}).Data
	if err := os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// testPictures leaves a picture of every state of the page, wide and on a phone, in
// light and dark.
func (p tab) testPictures() {
	if pictures(p.t) == "" {
		p.t.Skip("nobody wants pictures: CALLVAULT_SCREENSHOTS names no folder")
	}
	_, first, _ := strings.Cut(p.view(all).List.Calls[0].At, ".")
	for _, screen := range []struct {
		name          string
		width, height int64
	}{{"wide", 1440, 900}, {"phone", 390, 844}, {"huge", 2560, 1440}} {
		for _, theme := range []string{"light", "dark"} {
			p.screen(screen.width, screen.height)
			p.theme(theme)
			take := func(state string) { p.picture(state + "-" + screen.name + "-" + theme) }
			p.open(all)
			take("page")
			if screen.name == "huge" {
				continue
			}
			p.open("?from=2020-03-29&to=2020-03-30&tz=Europe/Berlin")
			p.focus("#chart")
			p.press(kb.ArrowRight, kb.ArrowRight)
			take("day")
			p.open(all + "&call=" + first)
			take("call")
			p.click("#call-json summary")
			take("call-json")
			p.open("?range=today&tz=UTC")
			take("empty")
			p.open(all + "&where=harbor+host:Nobody")
			take("culprit")
			p.open(all + "&where=harbor+system:Zoom&order=longest&of=hours&stack=system&ids=1")
			take("search")
			p.open("?company=hostile&range=all&tz=UTC")
			take("hostile")
			p.focus("#rows tr:last-child .title")
			p.press(kb.Enter)
			p.wait("document.getElementById('call').open")
			p.settle()
			take("hostile-call")
			p.open("?company=named&range=all&tz=UTC&where=workspace:" + workspace)
			take("named")
			p.open(week)
			p.click("#custom")
			take("calendar")
			p.open(week)
			p.string("scrollTo(0, document.body.scrollHeight)")
			take("foot")
		}
	}
}

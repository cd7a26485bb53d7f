package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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

// testPictures leaves a picture of every state of the page on four screens, in light and dark.
func testPictures(t *testing.T, newTab func(*testing.T) tab) {
	if pictures(t) == "" {
		t.Skip("nobody wants pictures: CALLVAULT_SCREENSHOTS names no folder")
	}
	for _, screen := range []struct {
		name          string
		width, height int64
	}{{"phone", 390, 844}, {"tablet", 768, 1024}, {"wide", 1440, 900}, {"huge", 2560, 1440}} {
		for _, theme := range []string{"light", "dark"} {
			t.Run(screen.name+" "+theme, func(t *testing.T) {
				p := newTab(t)
				p.screen(screen.width, screen.height)
				p.theme(theme)
				p.pictures(screen.name + "-" + theme)
			})
		}
	}
}

// pictures leaves a picture of every state.
func (p tab) pictures(screen string) {
	_, id, _ := strings.Cut(p.view(all).List.Calls[0].At, ".")
	call := "&call=" + id
	const named, hostile = "?company=named&range=all&tz=UTC", "?company=hostile&range=all&tz=UTC"
	states := []struct {
		name, query string
		then        func()
	}{
		{"page", all, nil},
		{"month", month, nil},
		{"day", "?from=2020-03-29&to=2020-03-30&tz=Europe/Berlin", func() { p.focus("#chart"); p.press(kb.ArrowRight, kb.ArrowRight) }},
		{"stuck", all, func() { p.string("scrollTo(0, 1400)") }},
		{"foot", week, func() {
			p.string("document.getElementById('scripts').open = true, scrollTo(0, document.body.scrollHeight)")
		}},
		{"search", all + "&where=harbor+system:Zoom&order=longest&of=hours&stack=system&ids=1", nil},
		{"chips", named + "&where=workspace:" + workspace + "+scope:External+longer:10m+late:1m+system:\"Google+Meet\"+system:Zoom", nil},
		{"none", all + "&where=nothinglikethis", nil},
		{"empty", "?range=today&tz=UTC", nil},
		{"wrong", all + "&where=harbor+host:Nobody", nil},
		{"stale", all, func() { p.search("direction:sideways") }},
		{"named", named, nil},
		{"hostile", hostile, nil},
		{"call", all + call, nil},
		{"call-json", all + call, func() { p.click("#call-json summary") }},
		{"call-hostile", hostile, func() {
			p.focus("#rows tr:last-child .title")
			p.press(kb.Enter)
			p.wait("document.getElementById('call').open")
			p.settle()
		}},
		{"help", week, func() { p.click("#help") }},
		{"calendar", week, func() { p.click("#custom") }},
	}
	for _, state := range states {
		p.open(state.query)
		if state.then != nil {
			state.then()
		}
		p.picture(state.name + "-" + screen)
	}
}

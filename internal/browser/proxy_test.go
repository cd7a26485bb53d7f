package browser

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/chromedp/chromedp"

	"github.com/callvault/callvault/internal/program"
)

// Behind a proxy that names its upstream as the host, as nginx does unless told
// otherwise, the page says why it shows nothing. With the lines of docs/security.md it
// shows the calls.
func (p tab) testProxy() {
	t, cli := p.t, program.New(p.t)
	cli.Put("default", records(100)...)
	key := cli.Key()
	open := cli.Serve()
	closed := cli.Serve("--manage", "0.0.0.0:0")
	for _, c := range []struct {
		name   string
		server *program.Server
		change func(*httputil.ProxyRequest)
		shown  bool
	}{
		{"as it comes", open, func(*httputil.ProxyRequest) {}, false},
		{"as it comes, beyond loopback", closed, func(*httputil.ProxyRequest) {}, false},
		{"the host passed on", closed, func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host }, true},
		{"no origin, on loopback", open, func(r *httputil.ProxyRequest) { r.Out.Header.Del("Origin") }, true},
	} {
		upstream, err := url.Parse(c.server.Manage())
		if err != nil {
			t.Fatal(err)
		}
		proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			if c.server == closed {
				r.Out.SetBasicAuth(key.AccessKey, key.AccessKeySecret)
			}
			c.change(r)
		}})
		defer proxy.Close()
		p.do(chromedp.Navigate(proxy.URL + "/" + all))
		if c.shown {
			p.total("100 calls")
			if p.is("document.getElementById('mute')") {
				t.Errorf("%s: the page says that its scripts were refused", c.name)
			}
			continue
		}
		p.wait("document.getElementById('mute')?.checkVisibility({ visibilityProperty: true })")
		if got := p.string("document.getElementById('mute').textContent"); !strings.Contains(got, "proxy_set_header Host") {
			t.Errorf("%s: it says %s", c.name, got)
		}
	}
}

package main

import (
	"io"
	"path/filepath"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/api"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/manage"
	"github.com/callvault/callvault/internal/openapi"
	"github.com/callvault/callvault/internal/page"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/web"
)

// show lets the operator's listener show the store.
func (s *service) show(store callvault.Store, handler *api.Handler, metrics *prometheus.Registry) error {
	calls, err := page.New(page.Config{
		Store:   store,
		Formats: pageFormats(),
		API:     web.BoundURL(s.api),
		Command: s.listCommand(),
		Links:   s.pageLinks(),
		Log:     s.log,
	})
	if err != nil {
		return err
	}
	panel := manage.Config{Store: store, Key: handler.Key, Page: calls.Serve, Metrics: metrics, Log: s.log}
	if panel.Description, err = openapi.Document(web.URL(s.api)); err != nil {
		return err
	}
	if panel.Docs, err = openapi.Page(web.URL(s.api)); err != nil {
		return err
	}
	return s.panel.Start(panel)
}

// pageLinks are the other pages of the operator's listener. Beyond loopback, the key of
// the page does not open profiles.
func (s *service) pageLinks() []page.Link {
	links := []page.Link{
		{Text: "The API", URL: "docs"}, {Text: "Its description", URL: "openapi.json"}, {Text: "Metrics", URL: "metrics"},
	}
	if web.IsLoopback(s.manage.Addr()) {
		links = append(links, page.Link{Text: "Profiles", URL: "debug/pprof/"})
	}
	return links
}

// listCommand lists the calls of the store on this machine. Beyond loopback it is nil:
// nobody elsewhere learns where the store is.
func (s *service) listCommand() []string {
	if !web.IsLoopback(s.manage.Addr()) {
		return nil
	}
	command := []string{"callvault", "calls"}
	switch path, err := filepath.Abs(s.db); {
	case postgres.HasPassword(s.db): // CALLVAULT_DB names it
		return command
	case postgres.IsURL(s.db) || err != nil:
		return append(command, "--db", s.db)
	default:
		return append(command, "--db", path)
	}
}

func pageFormats() []page.Format {
	of := func(name string, format bulk.Format, contentType string) page.Format {
		return page.Format{Name: name, Extension: string(format), ContentType: contentType, New: func(w io.Writer) (page.Writer, error) {
			return bulk.NewWriter(w, format)
		}}
	}
	return []page.Format{
		of("CSV", bulk.CSV, "text/csv; charset=utf-8"),
		of("NDJSON", bulk.NDJSON, "application/x-ndjson"),
		of("Parquet", bulk.Parquet, "application/vnd.apache.parquet"),
	}
}

// newRegistry has the metrics of the process; the rooms add their own.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	promauto.With(registry).NewGauge(prometheus.GaugeOpts{
		Name:        "callvault_build_info",
		Help:        "Always 1; the labels say what this program is.",
		ConstLabels: prometheus.Labels{"version": buildVersion(), "go_version": runtime.Version()},
	}).Set(1)
	return registry
}

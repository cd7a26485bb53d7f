package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/manage"
	"github.com/callvault/callvault/internal/page"
	"github.com/callvault/callvault/internal/postgres"
)

// page is the web page of a store's calls.
func (s *service) page(store callvault.Store) (*page.Handler, error) {
	return page.New(page.Config{
		Store:   store,
		Formats: pageFormats(),
		API:     address(s.api),
		Command: s.listCommand(),
		Links:   s.pageLinks(),
		Log:     s.log,
	})
}

// pageLinks are the other pages of the operator's listener. Beyond loopback profiles are
// not among them, because the key of the page does not open them.
func (s *service) pageLinks() []page.Link {
	links := []page.Link{
		{Text: "The API", URL: "docs"}, {Text: "Its description", URL: "openapi.json"}, {Text: "Metrics", URL: "metrics"},
	}
	if manage.IsLoopback(s.manage.Addr()) {
		links = append(links, page.Link{Text: "Profiles", URL: "debug/pprof/"})
	}
	return links
}

// pageLine is the line of the demo's greeting that says where the page is; empty
// where there is none.
func (s *service) pageLine() string {
	if s.manage == nil {
		return ""
	}
	return fmt.Sprintf("  web page    %s\n", opened(s.manage, s.asked.manage))
}

// listCommand is how a person on this machine lists the calls of the store. Nobody
// else sees where that is: who sees the page from elsewhere lists them through the
// API.
func (s *service) listCommand() []string {
	if !manage.IsLoopback(s.manage.Addr()) {
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

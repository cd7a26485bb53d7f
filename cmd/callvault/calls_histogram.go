package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/when"
)

// histograms are the units of a histogram.
var histograms = []string{string(when.Hour), string(when.Day), string(when.Week), string(when.Month)}

// maxBars is more than anybody looks at, and few enough to count one by one.
const maxBars = 10_000

func parseHistogram(name string) (when.Unit, error) {
	if !slices.Contains(histograms, strings.ToLower(name)) {
		return "", usagef("--histogram %.40q: accepted are %s", name, strings.Join(histograms, ", "))
	}
	return when.Unit(strings.ToLower(name)), nil
}

// drawHistogram counts the calls of each unit of the range, and draws or prints the
// counts. Half a histogram would look like a whole one: there is none unless all is
// counted.
func (a *app) drawHistogram(ctx context.Context, source callSource, p callsPlan, r *callsReport) error {
	var spans []when.Span
	var parts []callvault.Range
	for span := range p.span.By(p.histogram) {
		if len(spans) == maxBars {
			return usagef("the range has more than %s %ss; accepted is a shorter one, or a wider unit", humanize.Comma(maxBars), p.histogram)
		}
		spans = append(spans, span)
		parts = append(parts, rangeOf(span))
	}
	counts, err := source.counts(ctx, p.query, parts, r)
	r.clear()
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.New("interrupted; nothing was drawn")
	case err != nil:
		return fmt.Errorf("%s; nothing was drawn", screen.Clean(err.Error()))
	}
	if err := a.printBars(p.histogram, spans, counts); err != nil {
		return err
	}
	if !r.quiet {
		total := 0
		for _, count := range counts {
			total += count
		}
		fmt.Fprintln(a.stderr, r.listed(total))
	}
	if r.skipped > 0 {
		return errSkipped
	}
	return nil
}

// printBars draws on a terminal, and elsewhere prints the beginning of each unit and
// its count.
func (a *app) printBars(unit when.Unit, spans []when.Span, counts []int) error {
	bars := make([]screen.Bar, len(spans))
	plain := new(strings.Builder)
	offsets := ""
	if unit == when.Hour && spans[0].From.Format("-07:00") != spans[len(spans)-1].From.Format("-07:00") {
		offsets = " -07:00" // an hour may be there twice
	}
	for i, span := range spans {
		bars[i] = screen.Bar{Label: unit.Label(span.From) + span.From.Format(offsets), Count: counts[i]}
		fmt.Fprintf(plain, "%s  %d\n", span.From.Format(time.RFC3339), counts[i])
	}
	if screen.IsTerminal(a.stdout) {
		return screen.Bars(a.stdout, screen.Width(a.stdout), bars)
	}
	_, err := fmt.Fprint(a.stdout, plain)
	return err
}

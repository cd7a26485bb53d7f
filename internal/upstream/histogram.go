package upstream

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/when"
)

// maxBars is more than anybody looks at.
const maxBars = 10_000

// Histogram is how many calls are in each unit of a range. It is complete or an error: half of
// one would look whole.
type Histogram struct {
	Query  callvault.Query // an end that is open is where the calls end
	Span   when.Span       // of the query, for people
	Zone   *time.Location
	Unit   when.Unit
	IsPart bool // the source passes over calls, so that those it gives may begin later and end sooner

	Walked
	spans  []when.Span
	counts []int
}

// TooManyBarsError is the error of a histogram that nobody could look at.
type TooManyBarsError struct{ Unit when.Unit }

func (e *TooManyBarsError) Error() string {
	return fmt.Sprintf("the range has more than %s %ss; use a shorter range or a wider unit", screen.Number(maxBars), e.Unit)
}

// Count counts the calls of a source. The error is a *TooManyBarsError, or one of the source.
func (h *Histogram) Count(ctx context.Context, source Source) (err error) {
	span, q := h.Span, h.Query
	if q.To == callvault.MaxTime {
		if span.To, err = source.LastTime(ctx, q, time.Now()); err != nil {
			return err
		}
		span.To = span.To.Add(time.Microsecond).In(h.Zone)
	}
	if q.From == callvault.MinTime { // from the beginning of the first day
		if span.From, err = source.FirstTime(ctx, q, span.To); err != nil {
			return err
		}
		year, month, day := span.From.In(h.Zone).Date()
		span.From = time.Date(year, month, day, 0, 0, 0, 0, h.Zone)
	}
	var ranges []callvault.Range
	for bar := range span.By(h.Unit) {
		if len(ranges) == maxBars {
			return &TooManyBarsError{h.Unit}
		}
		h.spans = append(h.spans, bar)
		ranges = append(ranges, callvault.Range{From: callvault.CeilTime(bar.From), To: callvault.CeilTime(bar.To)})
	}
	if len(ranges) == 0 {
		return nil
	}
	q.Range = callvault.Range{From: ranges[0].From, To: ranges[len(ranges)-1].To}
	if h.counts, h.Walked, err = source.Counts(ctx, q, ranges); err == nil && h.IsPart {
		h.trim()
	}
	return err
}

// trim leaves out empty bars at ends that are open.
func (h *Histogram) trim() {
	for h.Query.From == callvault.MinTime && len(h.counts) > 0 && h.counts[0] == 0 {
		h.spans, h.counts = h.spans[1:], h.counts[1:]
	}
	for last := len(h.counts) - 1; h.Query.To == callvault.MaxTime && last >= 0 && h.counts[last] == 0; last-- {
		h.spans, h.counts = h.spans[:last], h.counts[:last]
	}
}

// Draw draws bars on a terminal, and elsewhere prints the beginning of each unit and its count.
func (h *Histogram) Draw(w io.Writer) error {
	if !screen.IsTerminal(w) {
		lines := bufio.NewWriter(w)
		for i, span := range h.spans {
			fmt.Fprintf(lines, "%s  %d\n", span.From.Format(time.RFC3339), h.counts[i])
		}
		return lines.Flush()
	}
	bars := make([]screen.Bar, len(h.spans))
	offsets := ""
	if last := len(bars) - 1; h.Unit == when.Hour && last >= 0 && h.spans[0].From.Format("-07:00") != h.spans[last].From.Format("-07:00") {
		offsets = " -07:00" // an hour may be there twice
	}
	for i, span := range h.spans {
		bars[i] = screen.Bar{Label: h.Unit.Label(span.From) + span.From.Format(offsets), Count: h.counts[i]}
	}
	return screen.Bars(w, screen.Width(w), bars)
}

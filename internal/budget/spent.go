package budget

import (
	"context"
	"time"

	"github.com/callvault/callvault"
)

// Spent is what the requests of the last 24 hours were for.
type Spent struct {
	Used     int            `json:"used"`
	Limit    int            `json:"limit"` // 0 if no mirror has sent a request
	Purposes map[string]int `json:"purposes"`
}

// ReadSpent reads what a mirror has spent, by the machine's clock. Any process may ask.
func ReadSpent(ctx context.Context, state callvault.MirrorReads, now time.Time) (Spent, error) {
	s := Spent{Purposes: make(map[string]int)}
	var limits Limits
	if err := readValue(ctx, state, limitsKey, &limits); err != nil {
		return s, err
	}
	s.Limit = limits.Daily
	kept, err := readBins(ctx, state)
	if err != nil {
		return s, err
	}
	counting := kept.counting(max(binOf(now), kept.latest()))
	s.Used = counting.total()
	for class := range Class(classes) {
		s.Purposes[class.String()] = 0
		for i := range counting {
			s.Purposes[class.String()] += counting[i].of(func(c Class) bool { return c == class })
		}
	}
	return s, nil
}

package budget

import (
	"context"
	"time"
)

// Spent is what the requests of the last 24 hours were for.
type Spent struct {
	Used     int            `json:"used"`
	Limit    int            `json:"limit"` // 0 if no mirror has sent a request
	Purposes map[string]int `json:"purposes"`

	// Paused is until when nothing is sent because the upstream asked for that, and Halved until
	// when half of the limits apply after a 429; zero if that is over.
	Paused, Halved time.Time `json:"-"`
}

// ReadSpent reads what a mirror has spent, by the machine's clock. Any process may ask.
func ReadSpent(ctx context.Context, state values, now time.Time) (Spent, error) {
	s := Spent{Purposes: make(map[string]int)}
	var limits Limits
	if err := readValue(ctx, state, limitsKey, &limits); err != nil {
		return s, err
	}
	s.Limit = limits.Daily
	for key, until := range map[string]*time.Time{pauseKey: &s.Paused, halvedKey: &s.Halved} {
		var kept span
		if err := readValue(ctx, state, key, &kept); err != nil {
			return s, err
		}
		if left := kept.left(now); left > 0 {
			*until = now.Add(left)
		}
	}
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

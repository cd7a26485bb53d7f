package gong

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// On a host of gong.io a client keeps to three requests a second; elsewhere it
// keeps to what it is told.
func TestPace(t *testing.T) {
	for _, tt := range []struct {
		base      string
		perSecond float64
		want      time.Duration
	}{
		{"https://us-12345.api.gong.io", 0, 3 * time.Second},
		{"https://API.GONG.IO:443", 0, 3 * time.Second},
		{"https://gong.io", 10, 900 * time.Millisecond},
		{"https://api.gong.io", -1, 0},
		{"https://notgong.io", 0, 0},
		{"https://gong.io.example.com", 0, 0},
		{"https://calls.example.com", 2, 4500 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{t: t, calls: made(100, everyMinute), size: 10}
			c := f.client()
			c.BaseURL, c.PerSecond = tt.base, tt.perSecond
			begun := time.Now()
			met, err := ids(c, ListCallsQuery{})
			wantAll(t, met, err, 100)
			if took := time.Since(begun).Round(time.Millisecond); took != tt.want.Round(time.Millisecond) {
				t.Errorf("%s: ten pages took %v, want %v", tt.base, took, tt.want)
			}
		})
	}
}

// A day has so many requests, whoever sends them, and the next has them again.
func TestDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{t: t, calls: made(1000, everyMinute), size: 10}
		c := f.client()
		c.PerDay = 25
		for range 2 {
			met, err := ids(c, ListCallsQuery{})
			if !errors.Is(err, ErrDayUsedUp) || len(met) != 250 {
				t.Errorf("met %d calls, %v", len(met), err)
			}
			time.Sleep(24 * time.Hour)
		}
		c.BaseURL, c.PerDay, c.PerSecond = "https://api.gong.io", 0, -1
		c.pace.sent = 9_999
		c.pace.day = time.Now().Unix() / 86400
		if met, err := ids(c, ListCallsQuery{}); !errors.Is(err, ErrDayUsedUp) || len(met) != 10 {
			t.Errorf("met %d calls, %v", len(met), err)
		}
	})
}

// What may pass is repeated, after pauses that grow; what does not is not.
func TestRetries(t *testing.T) {
	broken := errors.New("connection reset by peer")
	for name, tt := range map[string]struct {
		status   int // 0: the connection breaks
		failures int
		retries  int
		sent     int
		ok       bool
		least    time.Duration
		most     time.Duration
	}{
		"once":       {503, 1, 0, 2, true, 250 * time.Millisecond, 500 * time.Millisecond},
		"connection": {0, 3, 0, 4, true, 1750 * time.Millisecond, 3500 * time.Millisecond},
		"five":       {500, 5, 0, 6, true, 7750 * time.Millisecond, 15500 * time.Millisecond},
		"too often":  {500, 6, 0, 6, false, 7750 * time.Millisecond, 15500 * time.Millisecond},
		"twelve":     {502, 12, 12, 13, true, 105 * time.Second, 242 * time.Second},
		"never":      {500, 1, -1, 1, false, 0, 0},
		"501":        {501, 1, 0, 1, false, 0, 0},
		"400":        {400, 1, 0, 1, false, 0, 0},
		"401":        {401, 1, 0, 1, false, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{t: t, calls: made(1, everyMinute), size: 10}
			f.fail = func(n int) error {
				if tt.status == 0 && n <= tt.failures {
					return broken
				}
				return nil
			}
			f.refuse = func(n int, w http.ResponseWriter) bool {
				if tt.status != 0 && n <= tt.failures {
					say(w, tt.status, "no")
					return true
				}
				return false
			}
			c := f.client()
			c.Retries = tt.retries
			waits := 0
			c.Waiting = func(time.Duration, error) { waits++ }
			begun := time.Now()
			_, err := c.ListCalls(t.Context(), ListCallsQuery{}, "")
			took := time.Since(begun)
			if (err == nil) != tt.ok || len(f.requests) != tt.sent || waits != tt.sent-1 || took < tt.least || took > tt.most {
				t.Errorf("%s: %v after %d requests, %d pauses and %v", name, err, len(f.requests), waits, took)
			}
		})
	}
}

// The client waits as long as Retry-After says, up to its patience.
func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		status   int
		header   func() string
		refusals int
		patience time.Duration
		wait     time.Duration
		ok       bool
	}{
		{429, func() string { return "7" }, 3, 0, 21 * time.Second, true},
		{429, func() string { return "" }, 2, 0, 10 * time.Second, true},
		{429, func() string { return "soon" }, 1, 0, 5 * time.Second, true},
		{429, func() string { return time.Now().Add(9 * time.Second).UTC().Format(http.TimeFormat) }, 1, 0, 9 * time.Second, true},
		{429, func() string { return "150" }, 2, 0, 300 * time.Second, true},
		{429, func() string { return "301" }, 1, 0, 0, false},
		{429, func() string { return "43200" }, 1, 24 * time.Hour, 12 * time.Hour, true},
		{429, func() string { return "1" }, 1, -1, 0, false},
		{429, func() string { return "-5" }, 1, 0, 5 * time.Second, true},
		{429, func() string { return "99999999999999999999" }, 1, 0, 0, false},
		{429, func() string { return time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat) }, 1, 0, 5 * time.Second, true},
		{429, func() string { return time.Now().Add(time.Hour).UTC().Format(http.TimeFormat) }, 1, 0, 0, false},
		{429, func() string { return "Fri, 31 Dec 9999 23:59:59 GMT" }, 1, 0, 0, false}, // longer than a Duration
		{503, func() string { return "120" }, 2, 0, 240 * time.Second, true},
		{503, func() string { return "120" }, 3, 0, 240 * time.Second, false},
		{502, func() string { return "9" }, 1, 0, 9 * time.Second, true},
		{503, func() string { return time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat) }, 1, 0, 90 * time.Second, true},
		{503, func() string { return "3600" }, 1, 0, 0, false},
		{503, func() string { return "1" }, 200, 0, 200 * time.Second, true}, // more often than Retries
		{501, func() string { return "1" }, 1, 0, 0, false},
		{403, func() string { return "1" }, 1, 0, 0, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{t: t, calls: made(1, everyMinute), size: 10}
			f.refuse = func(n int, w http.ResponseWriter) bool {
				if n > tt.refusals {
					return false
				}
				w.Header().Set("Retry-After", tt.header())
				say(w, tt.status, LimitExceeded)
				return true
			}
			c := f.client()
			c.Patience = tt.patience
			begun := time.Now()
			_, err := c.ListCalls(t.Context(), ListCallsQuery{}, "")
			if took := time.Since(begun); (err == nil) != tt.ok || took != tt.wait {
				t.Errorf("%d, Retry-After %q %d times: %v after %v, want %v", tt.status, tt.header(), tt.refusals, err, took, tt.wait)
			}
		})
	}
}

// The error of a pause that is too long names the pause and the longest one.
func TestTooLongAPause(t *testing.T) {
	f := &fake{t: t, refuse: func(_ int, w http.ResponseWriter) bool {
		w.Header().Set("Retry-After", "7200")
		say(w, http.StatusServiceUnavailable, "maintenance")
		return true
	}}
	_, err := f.client().ListCalls(t.Context(), ListCallsQuery{}, "")
	const want = "gong: the server answered 503: maintenance (retry in 2h0m0s) (request failed); a request waits 5m0s at most"
	if refusal := (*Error)(nil); !errors.As(err, &refusal) || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// A pause ends when the caller gives up, and the error is that of the server.
func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{t: t, refuse: func(_ int, w http.ResponseWriter) bool {
			w.Header().Set("Retry-After", "100")
			say(w, http.StatusTooManyRequests, LimitExceeded)
			return true
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		_, err := f.client().ListCalls(ctx, ListCallsQuery{}, "")
		if refusal := (*Error)(nil); !errors.As(err, &refusal) || refusal.RetryAfter != 100*time.Second || time.Since(begun) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		c := f.client()
		c.PerSecond = 0.01
		c.pace.take(time.Now(), c.PerSecond, 0)
		if _, err := c.ListCalls(ctx, ListCallsQuery{}, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

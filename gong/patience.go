package gong

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Defaults of a Client.
const (
	gongPerSecond   = 3      // "3 API calls per second", Gong's documentation
	gongPerDay      = 10_000 // "10,000 API calls per day"
	defaultRetries  = 5
	defaultPatience = 5 * time.Minute

	// unsaidPause is the pause after a 429 without a Retry-After.
	unsaidPause = 5 * time.Second

	// The first and the longest pause before what failed is repeated.
	firstPause   = 500 * time.Millisecond
	longestPause = 30 * time.Second
)

// patiently calls send, at the client's pace, until it succeeds or repeating
// it is of no use.
func (c *Client) patiently(ctx context.Context, host string, send func() error) error {
	retries, patience := c.Retries, c.Patience
	if retries == 0 {
		retries = defaultRetries
	}
	if patience == 0 {
		patience = defaultPatience
	}
	waited := time.Duration(0)
	for pause := firstPause; ; {
		if err := c.turn(ctx, host); err != nil {
			return err
		}
		err := send()
		if err == nil || ctx.Err() != nil {
			return err
		}
		wait := asked(err)
		switch {
		case wait > 0 && patience <= 0:
			return err
		case wait > 0 && wait > patience-waited:
			return fmt.Errorf("%w; a request waits %v at most", err, patience)
		case wait > 0:
			waited += wait
		case passes(err) && retries > 0:
			retries--
			wait = pause/2 + rand.N(pause/2+1)
			pause = min(2*pause, longestPause)
		default:
			return err
		}
		if c.Waiting != nil {
			c.Waiting(wait, err)
		}
		if sleep(ctx, wait) != nil {
			return err
		}
	}
}

// asked is how long a server wants a client to wait: the Retry-After of a 429 or 5xx, or
// unsaidPause after a 429 without one.
func asked(err error) time.Duration {
	switch refusal := asError(err); {
	case refusal == nil || refusal.Status != http.StatusTooManyRequests && !passes(refusal):
		return 0
	case refusal.RetryAfter == 0 && refusal.Status == http.StatusTooManyRequests:
		return unsaidPause
	default:
		return refusal.RetryAfter
	}
}

// passes tells whether a repeated request may succeed.
func passes(err error) bool {
	if refusal := asError(err); refusal != nil {
		return refusal.Status >= 500 && refusal.Status != http.StatusNotImplemented
	}
	unanswered := (*NoAnswerError)(nil)
	return errors.As(err, &unanswered) && unanswered.passes
}

// retryAfter parses the header of that name: seconds or a date. It is 0 without a valid
// one, and at most 68 years.
func retryAfter(header string, now time.Time) time.Duration {
	seconds, err := strconv.ParseUint(strings.TrimSpace(header), 10, 31)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, math.MaxInt32)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		until := max(0, min(at.Sub(now), math.MaxInt32*time.Second))
		return (until + time.Second - 1).Truncate(time.Second)
	}
	return 0
}

// sleep waits, unless the context is done before.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pace is when the next request may begin, and how many were sent today.
type pace struct {
	mu   sync.Mutex
	next time.Time
	day  int64 // since 1970, UTC
	sent int
}

// IsGongHost tells whether a host, without its port, is gong.io or below it.
func IsGongHost(host string) bool {
	host = strings.ToLower(host)
	return host == "gong.io" || strings.HasSuffix(host, ".gong.io")
}

// turn waits until a request may be sent, and counts it.
func (c *Client) turn(ctx context.Context, host string) error {
	perSecond, perDay := c.PerSecond, c.PerDay
	if IsGongHost(host) {
		if perSecond == 0 {
			perSecond = gongPerSecond
		}
		if perDay == 0 {
			perDay = gongPerDay
		}
	}
	wait, err := c.pace.take(time.Now(), perSecond, perDay)
	if err != nil || wait == 0 {
		return err
	}
	return sleep(ctx, wait)
}

// take counts a request and returns how long it has to wait. A limit of 0 or
// less does not limit.
func (p *pace) take(now time.Time, perSecond float64, perDay int) (wait time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if today := now.Unix() / (24 * 60 * 60); today != p.day {
		p.day, p.sent = today, 0
	}
	if perDay > 0 && p.sent >= perDay {
		return 0, ErrDayUsedUp
	}
	p.sent++
	if perSecond <= 0 {
		return 0, nil
	}
	if p.next.Before(now) {
		p.next = now
	}
	wait = p.next.Sub(now)
	p.next = p.next.Add(time.Duration(float64(time.Second) / perSecond))
	return wait, nil
}

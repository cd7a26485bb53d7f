package budget

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault/gong"
)

const (
	mostOfGong = 3   // requests a second that Gong allows a company, all its integrations together
	leastDaily = 100 // with fewer the last hours are read every few hours

	// A deletion needs three requests within a minute, also at half of the pace.
	leastPace = 6 / 60.0
)

// ParsePace reads a pace, such as 1/s or 30/min, as requests in a second.
func ParsePace(text string) (float64, error) {
	number, unit, _ := strings.Cut(text, "/")
	per := map[string]time.Duration{"s": time.Second, "min": time.Minute}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || per == 0 || !(n > 0) || n > 1000 {
		return 0, fmt.Errorf("%.40q is not a pace; use N/s or N/min, such as 1/s or 30/min", text)
	}
	return n / per.Seconds(), nil
}

// Check refuses limits that a host forbids, or that no mirror can live on.
func (l Limits) Check(host string) error {
	switch {
	case gong.IsGongHost(host) && l.Pace > mostOfGong:
		return errors.New("--pace must be at most 3/s for a host of gong.io, which is what Gong allows a company")
	case l.Pace < leastPace:
		return errors.New("--pace must be at least 6/min: the mirror deletes a call only after several requests in a minute")
	case l.Daily < leastDaily:
		return fmt.Errorf("--daily %d must be at least %d", l.Daily, leastDaily)
	}
	return nil
}

//go:build unix

package postgres

import (
	"testing"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/storetest"
)

// Two processes have one bucket: together they get what the limit allows.
func TestProcessesShareASecond(t *testing.T) {
	url := database(t)
	storetest.SecondIsShared(t, open(t, url), open(t, url))
}

// A bucket that nobody took from for an hour holds no more than its limit, and
// one of before the server's clock was set back by an hour is empty, and fills.
func TestSecondsOfOtherTimes(t *testing.T) {
	s, second := open(t, database(t)), callvault.QuotaSecond{Company: "acme", Limit: 50}
	for _, tt := range []struct {
		moved      string
		least, top int
	}{{"-3600", 50, 50}, {"+3600", 0, 0}} {
		if _, _, err := s.TakeSecond(t.Context(), second, 50); err != nil {
			t.Fatal(err)
		}
		execute(t, s, `UPDATE callvault.seconds SET full_at = full_at `+tt.moved)
		asked := time.Now()
		taken, wait, err := s.TakeSecond(t.Context(), second, 1000)
		if most := tt.top + int(50*time.Since(asked).Seconds()); err != nil || taken < tt.least || taken > most || wait > time.Second/50 {
			t.Errorf("moved by %s seconds: took %d, the next in %v, %v", tt.moved, taken, wait, err)
		}
	}
}

// A share of a second waits for no disk: what it writes to is not logged.
func TestSecondsAreNotLogged(t *testing.T) {
	s := open(t, database(t))
	var persistence string
	err := s.pool.QueryRow(t.Context(), `SELECT relpersistence::text FROM pg_class WHERE oid = 'callvault.seconds'::regclass`).Scan(&persistence)
	if err != nil || persistence != "u" {
		t.Errorf("%q, %v", persistence, err)
	}
}

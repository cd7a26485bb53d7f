//go:build unix

package program_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// callLine is a call: the later the higher its id.
func callLine(id int) string {
	return fmt.Sprintf(`{"id":"%d","started":"%s","title":"%s"}`, id, timeOf(id).Format(time.RFC3339), title(id))
}

func timeOf(id int) time.Time {
	return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC).Add(time.Duration(id) * time.Second)
}

func title(id int) string { return fmt.Sprintf("title of call %06d", id) }

// records are some calls, one a line, up to an id and in an order that is not
// the one in which they are kept: the highest id comes first.
func records(count, highest int) string {
	var b strings.Builder
	for id := highest; id > highest-count; id-- {
		b.WriteString(callLine(id) + "\n")
	}
	return b.String()
}

// ids are the numbers from first to last.
func ids(first, last int) (ids []string) {
	for id := first; id <= last; id++ {
		ids = append(ids, strconv.Itoa(id))
	}
	return ids
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// profile is how many samples of a machine fell to the server, to PostgreSQL and
// to anybody, and those of the server to each place.
type profile struct {
	server, database, all int
	places                map[string]int
}

// place is a part of the program by what stands on the stacks of its samples.
type place struct {
	name string
	all  []string // each of these,
	any  []string // and one of these
}

// places are looked for in this order; the first that fits has the sample.
func places() []place {
	const kernel, write, read = "entry_SYSCALL", "internal/poll.(*FD).Write", "internal/poll.(*FD).Read"
	return []place{
		{name: "collecting garbage", any: []string{"runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.bgsweep", "runtime.bgscavenge", "runtime.gcStart"}},
		{name: "reading the store's file (kernel)", all: []string{"modernc.org/sqlite", kernel}},
		{name: "SQLite", any: []string{"modernc.org/", "zombiezen.com/go/sqlite"}},
		{name: "gzip", any: []string{"klauspost/compress", "compress/"}},
		{name: "asking the database and waiting (kernel)", all: []string{"jackc/pgx", kernel}},
		{name: "pgx", any: []string{"jackc/"}},
		{name: "sending the answer (mostly kernel)", any: []string{write, "net/http.(*response).finishRequest", "net/http.checkConnErrorWriter"}},
		{name: "taking the request (mostly kernel)", any: []string{read}},
		{name: "the request log", any: []string{"log/slog", "api.(*Handler).record"}},
		{name: "cursors", any: []string{"api.(*sealer)", "api.(*cursor)", "api.cursor"}},
		{name: "copying documents into the page", any: []string{"api.(*pageBody)"}},
		{name: "the rest of callvault", any: []string{"callvault/callvault"}},
		{name: "net/http", any: []string{"net/http."}},
		{name: "goroutines that wait and wake (runtime and kernel)"},
	}
}

// has tells whether the samples of a stack fall to the place.
func (p *place) has(stack string) bool {
	for _, part := range p.all {
		if !strings.Contains(stack, part) {
			return false
		}
	}
	for _, part := range p.any {
		if strings.Contains(stack, part) {
			return true
		}
	}
	return len(p.any) == 0
}

// postmaster is the name that the kernel has for the processes of PostgreSQL.
const postmaster = "postgres"

// readProfile reads what "perf script" prints of the fields comm, pid, ip and
// sym: for each sample the process, then its stack, a frame to a line, then an
// empty line. The server is told from others of its name by its number.
func readProfile(r io.Reader, server int) (profile, error) {
	p := profile{places: make(map[string]int)}
	places := places()
	var process string
	var stack strings.Builder
	end := func() {
		if process == "" {
			return
		}
		p.all++
		switch name, pid := cutLast(process); {
		case pid == strconv.Itoa(server):
			p.server++
			p.places[placeOf(places, stack.String())]++
		case name == postmaster:
			p.database++
		}
		process = ""
		stack.Reset()
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		switch text := strings.TrimSpace(line); {
		case text == "":
			end()
		case process == "":
			process = text
		default:
			fmt.Fprintln(&stack, text)
		}
	}
	end()
	return p, lines.Err()
}

func placeOf(places []place, stack string) string {
	for i := range places {
		if places[i].has(stack) {
			return places[i].name
		}
	}
	return ""
}

// cutLast takes the last word off a text.
func cutLast(text string) (before, last string) {
	i := strings.LastIndexByte(text, ' ') + 1
	return strings.TrimSpace(text[:i]), text[i:]
}

// share is a count as per cent of all.
func share(n, all int) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(n)/float64(all))
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/demo"
)

// seed makes every run measure the same calls and ask for the same pages.
const seed = 1

// sample is invented calls: a file of them, and what is needed to ask for
// ranges of them and to know the answer.
type sample struct {
	count      int
	ordered    string      // the NDJSON in the order of time
	all        moments     // of all calls
	workspaces []workspace // those with most calls first
}

// workspace is a workspace of a sample with the moments of its calls.
type workspace struct {
	id callvault.ID
	moments
}

// moments are the times of calls, ascending.
type moments []callvault.Time

// invent makes up calls, the same on every run of a day.
func invent(count int) iter.Seq[gong.Call] {
	return demo.Calls(demo.Options{Seed: seed, Day: time.Now(), Count: count})
}

// rareOne is one call in how many that the rare workspace of skewed has.
const rareOne = 1_000_000

// skewed puts all calls into one workspace but one in a million, or one at all
// where there are fewer: those are in a workspace of their own.
func skewed(calls iter.Seq[gong.Call], count int) iter.Seq[gong.Call] {
	most, rare := "1", "2"
	return func(yield func(gong.Call) bool) {
		n := 0
		for c := range calls {
			c.WorkspaceID = &most
			if n%rareOne == min(count, rareOne)/2 {
				c.WorkspaceID = &rare
			}
			n++
			if !yield(c) {
				return
			}
		}
	}
}

// newSample writes calls to a file. It holds no call in memory: the peak of this
// process would count as that of the processes it starts.
func newSample(calls iter.Seq[gong.Call], path string) (*sample, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<20)
	s := &sample{ordered: path}
	within := make(map[callvault.ID]moments)
	var line []byte
	for c := range calls {
		call, err := callvault.AppendCall(line[:0], &c)
		if err != nil {
			return nil, fmt.Errorf("call %s: %w", c.ID, err)
		}
		line = append(call.Document, '\n')
		if _, err := w.Write(line); err != nil {
			return nil, err
		}
		s.count++
		s.all = append(s.all, call.Time)
		within[call.Workspace] = append(within[call.Workspace], call.Time)
	}
	slices.Sort(s.all) // within a second the demo's calls are in no order
	for id, m := range within {
		slices.Sort(m)
		s.workspaces = append(s.workspaces, workspace{id, m})
	}
	slices.SortFunc(s.workspaces, func(a, b workspace) int { return len(b.moments) - len(a.moments) })
	return s, w.Flush()
}

// second is the workspace with the second most calls: those of a page are far
// apart in the table.
func (s *sample) second() workspace { return s.workspaces[1] }

// shuffle writes the lines of a file to another one, in no order.
func shuffle(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	offsets, err := lineOffsets(in)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	w := bufio.NewWriterSize(out, 1<<20)
	for _, i := range rand.New(rand.NewPCG(seed, 1)).Perm(len(offsets) - 1) {
		line := io.NewSectionReader(in, offsets[i], offsets[i+1]-offsets[i])
		if _, err := io.Copy(w, line); err != nil {
			return err
		}
	}
	return w.Flush()
}

// lineOffsets is where each line begins, and at last the end.
func lineOffsets(in io.Reader) ([]int64, error) {
	offsets := []int64{0}
	lines := bufio.NewReaderSize(in, callvault.MaxDocument+1)
	for {
		line, err := lines.ReadSlice('\n')
		if err == io.EOF {
			return offsets, nil
		}
		if err != nil {
			return nil, err
		}
		offsets = append(offsets, offsets[len(offsets)-1]+int64(len(line)))
	}
}

// span is a range that holds exactly count of the moments, or false when there
// are not so many. Where it holds all of them its ends are chosen freely.
func (m moments) span(r *rand.Rand, count int) (callvault.Range, bool) {
	if count > len(m) {
		return callvault.Range{}, false
	}
	const tries = 10_000
	for range tries {
		first := r.IntN(len(m) - count + 1)
		if m.shares(first) || m.shares(first+count) {
			continue // with the call outside: the bound cannot part them
		}
		return callvault.Range{From: m.bound(r, first), To: m.bound(r, first+count)}, true
	}
	return callvault.Range{}, false
}

// shares tells whether the call with a number has the time of the one before.
func (m moments) shares(i int) bool { return i > 0 && i < len(m) && m[i-1] == m[i] }

// bound parts the calls before a number from that one and those after it.
func (m moments) bound(r *rand.Rand, i int) callvault.Time {
	const day = 24 * 60 * 60 * 1_000_000
	switch i {
	case 0:
		return m[0] - callvault.Time(r.Int64N(day))
	case len(m):
		return m[i-1] + 1 + callvault.Time(r.Int64N(day))
	}
	return m[i-1] + 1 + callvault.Time(r.Int64N(int64(m[i]-m[i-1])))
}

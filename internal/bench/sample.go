package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/demo"
)

// seed makes every run measure the same calls and ask for the same pages.
const seed = 1

// sample is invented calls: two files of them, and what is needed to ask for
// ranges of them and to know the answer.
type sample struct {
	count     int
	ordered   string       // the NDJSON in the order of time
	shuffled  string       // the same lines in no order
	all       moments      // of all calls
	workspace callvault.ID // the one with the second most calls: a page of it is far apart in the table
	within    moments      // of the calls in the workspace
}

// moments are the times of calls, ascending.
type moments []callvault.Time

// newSample writes the files. It holds no call in memory: the peak of this
// process would count as that of the processes it starts.
func newSample(count int, prefix string) (*sample, error) {
	s := &sample{count: count, ordered: prefix + "-ordered.ndjson", shuffled: prefix + "-shuffled.ndjson"}
	offsets, workspaces, err := s.writeOrdered()
	if err != nil {
		return nil, err
	}
	perWorkspace := make(map[callvault.ID]int)
	for _, w := range workspaces {
		perWorkspace[w]++
	}
	ids := make([]callvault.ID, 0, len(perWorkspace))
	for id := range perWorkspace {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b callvault.ID) int { return perWorkspace[b] - perWorkspace[a] })
	s.workspace = ids[min(1, len(ids)-1)]
	for i, w := range workspaces {
		if w == s.workspace {
			s.within = append(s.within, s.all[i])
		}
	}
	slices.Sort(s.all) // within a second the demo's calls are in no order
	slices.Sort(s.within)
	return s, s.writeShuffled(offsets)
}

// writeOrdered returns where each line begins, and at last the end.
func (s *sample) writeOrdered() (offsets []int64, workspaces []callvault.ID, err error) {
	file, err := os.Create(s.ordered)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<20)
	offsets = append(make([]int64, 0, s.count+1), 0)
	workspaces = make([]callvault.ID, 0, s.count)
	var line []byte
	for c := range demo.Calls(demo.Options{Seed: seed, Day: time.Now(), Count: s.count}) {
		call, err := callvault.AppendCall(line[:0], &c)
		if err != nil {
			return nil, nil, fmt.Errorf("call %s: %w", c.ID, err)
		}
		line = append(call.Document, '\n')
		if _, err := w.Write(line); err != nil {
			return nil, nil, err
		}
		offsets = append(offsets, offsets[len(offsets)-1]+int64(len(line)))
		workspaces = append(workspaces, call.Workspace)
		s.all = append(s.all, call.Time)
	}
	return offsets, workspaces, w.Flush()
}

func (s *sample) writeShuffled(offsets []int64) error {
	in, err := os.Open(s.ordered)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(s.shuffled)
	if err != nil {
		return err
	}
	defer out.Close()
	w := bufio.NewWriterSize(out, 1<<20)
	for _, i := range rand.New(rand.NewPCG(seed, 1)).Perm(s.count) {
		line := io.NewSectionReader(in, offsets[i], offsets[i+1]-offsets[i])
		if _, err := io.Copy(w, line); err != nil {
			return err
		}
	}
	return w.Flush()
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

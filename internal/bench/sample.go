package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/demo"
)

// seed makes every run measure the same calls and ask for the same pages.
const seed = 1

// sample is invented calls: files of them, and what is needed to ask for ranges
// of them and to know the answer.
type sample struct {
	count    int
	ordered  string // the NDJSON in the order of time
	shuffled string // the same lines in no order

	all    workspace // every call
	second workspace // the workspace with the second most calls, which lie apart in a table
}

// workspace is a workspace with the times of its calls, ascending.
type workspace struct {
	id      callvault.ID // zero: all
	moments []callvault.Time
}

// newSample invents calls, the same on every run of a day, into files of a folder.
func newSample(count int, folder string) (*sample, error) {
	s := &sample{
		count:    count,
		ordered:  filepath.Join(folder, fmt.Sprintf("%d-ordered.ndjson", count)),
		shuffled: filepath.Join(folder, fmt.Sprintf("%d-shuffled.ndjson", count)),
	}
	file, err := os.Create(s.ordered)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	ends, err := s.invent(file)
	if err != nil {
		return nil, err
	}
	return s, s.shuffle(file, ends)
}

// invent writes the calls one by one, since ten million don't fit into memory. It
// returns where lines end, after the beginning of the file.
func (s *sample) invent(file io.Writer) (ends []int64, err error) {
	w := bufio.NewWriterSize(file, 1<<20)
	within := make(map[callvault.ID][]callvault.Time)
	var line []byte
	ends = []int64{0}
	for c := range demo.Calls(demo.Options{Seed: seed, End: time.Now(), Count: s.count}) {
		call, err := callvault.NewCall(&c)
		if err != nil {
			return nil, fmt.Errorf("call %s: %w", c.ID, err)
		}
		line = append(call.Document, '\n')
		if _, err := w.Write(line); err != nil {
			return nil, err
		}
		ends = append(ends, ends[len(ends)-1]+int64(len(line)))
		s.all.moments = append(s.all.moments, call.Time)
		within[call.Workspace] = append(within[call.Workspace], call.Time)
	}
	slices.Sort(s.all.moments) // within a second the demo's calls are in no order
	var workspaces []workspace
	for id, moments := range within {
		slices.Sort(moments)
		workspaces = append(workspaces, workspace{id, moments})
	}
	slices.SortFunc(workspaces, func(a, b workspace) int { return len(b.moments) - len(a.moments) })
	s.second = workspaces[1]
	return ends, w.Flush()
}

// shuffle writes the lines of a file to the other one, in no order.
func (s *sample) shuffle(in io.ReaderAt, ends []int64) error {
	out, err := os.Create(s.shuffled)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	for _, i := range rand.New(rand.NewPCG(seed, 1)).Perm(s.count) {
		if _, err := io.Copy(w, io.NewSectionReader(in, ends[i], ends[i+1]-ends[i])); err != nil {
			return errors.Join(err, out.Close())
		}
	}
	return errors.Join(w.Flush(), out.Close())
}

package demo

import (
	"slices"
	"sort"

	"github.com/callvault/callvault"
)

// index keeps places in the one order of calls, and counts them by workspace. It is a list
// of chunks: with millions of places a change costs microseconds, and so does a count.
type index struct {
	chunks []*chunk
}

// maxChunk is when a chunk is split.
const maxChunk = 1024

type chunk struct {
	places []place
	of     [MaxWorkspaces]uint16 // places of each workspace
}

// place is where a call stands. Its id is that of its number.
type place struct {
	at        callvault.Time
	call      uint32
	workspace uint8
}

// precedes tells whether a place stands before a position, or at it.
func (p place) precedes(at callvault.Time, id uint64) bool {
	return p.at < at || p.at == at && idOf(p.call) <= id
}

// spot is a place's place: where in which chunk.
type spot struct{ chunk, place int }

// seek finds the first place that stands after a position.
func (x *index) seek(at callvault.Time, id uint64) spot {
	c := sort.Search(len(x.chunks), func(i int) bool {
		places := x.chunks[i].places
		return !places[len(places)-1].precedes(at, id)
	})
	if c == len(x.chunks) {
		return spot{chunk: c}
	}
	places := x.chunks[c].places
	return spot{c, sort.Search(len(places), func(i int) bool { return !places[i].precedes(at, id) })}
}

// add adds a place that is not there.
func (x *index) add(p place) {
	s := x.seek(p.at, idOf(p.call))
	if s.chunk == len(x.chunks) {
		if s.chunk == 0 || len(x.chunks[s.chunk-1].places) == maxChunk {
			x.chunks = append(x.chunks, &chunk{places: make([]place, 0, maxChunk)})
		} else {
			s.chunk--
		}
		s.place = len(x.chunks[s.chunk].places)
	}
	c := x.chunks[s.chunk]
	if len(c.places) == maxChunk {
		x.split(s.chunk)
		x.add(p)
		return
	}
	c.places = slices.Insert(c.places, s.place, p)
	c.of[p.workspace]++
}

func (x *index) split(i int) {
	c := x.chunks[i]
	half := &chunk{places: make([]place, maxChunk/2, maxChunk)}
	copy(half.places, c.places[maxChunk/2:])
	c.places = c.places[:maxChunk/2]
	for _, p := range half.places {
		c.of[p.workspace]--
		half.of[p.workspace]++
	}
	x.chunks = slices.Insert(x.chunks, i+1, half)
}

// remove removes a place that is there.
func (x *index) remove(p place) {
	s := x.seek(p.at, idOf(p.call)-1)
	c := x.chunks[s.chunk]
	c.places = slices.Delete(c.places, s.place, s.place+1)
	c.of[p.workspace]--
	if len(c.places) == 0 {
		x.chunks = slices.Delete(x.chunks, s.chunk, s.chunk+1)
	}
}

// count counts the places from one time on and before another, of one workspace or of all.
func (x *index) count(from, to callvault.Time, workspace int) int {
	n := x.rank(to, workspace) - x.rank(from, workspace)
	return max(0, n)
}

// rank counts the places before a time.
func (x *index) rank(at callvault.Time, workspace int) (n int) {
	s := x.seek(at, 0)
	for _, c := range x.chunks[:s.chunk] {
		if workspace == everyWorkspace {
			n += len(c.places)
		} else {
			n += int(c.of[workspace])
		}
	}
	if s.chunk == len(x.chunks) {
		return n
	}
	for _, p := range x.chunks[s.chunk].places[:s.place] {
		if workspace == everyWorkspace || int(p.workspace) == workspace {
			n++
		}
	}
	return n
}

// everyWorkspace stands for all of them.
const everyWorkspace = -1

// from visits the places that stand after a position, until visit returns false.
func (x *index) from(at callvault.Time, id uint64, visit func(place) bool) {
	s := x.seek(at, id)
	for c := s.chunk; c < len(x.chunks); c++ {
		for _, p := range x.chunks[c].places[s.place:] {
			if !visit(p) {
				return
			}
		}
		s.place = 0
	}
}

// without is the index without some calls.
func (x *index) without(isOut func(call uint32) bool) (rest index) {
	for _, c := range x.chunks {
		for _, p := range c.places {
			if !isOut(p.call) {
				rest.add(p)
			}
		}
	}
	return rest
}

package spool

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// entry is an entry with its place among those with its key.
type entry struct{ key, value string }

// However many runs there are, and however large: a merge has all entries in order, and equal
// keys in the order of their runs. An emptied file is as a new one.
func TestMerge(t *testing.T) {
	s, err := newRuns(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		var want []entry
		for number := range random.IntN(20) {
			var run []entry
			for range random.IntN(1 + random.IntN(400)) {
				value := bytes.Repeat([]byte{byte('a' + number)}, random.IntN(1<<random.IntN(12)))
				run = append(run, entry{fmt.Sprint(random.IntN(500)), string(value)})
			}
			slices.SortStableFunc(run, byKey)
			run = slices.CompactFunc(run, func(a, b entry) bool { return a.key == b.key })
			want = append(want, run...)
			for _, e := range run {
				half := len(e.value) / 2
				if err := s.add([]byte(e.key), []byte(e.value)[:half], []byte(e.value)[half:]); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.endRun(); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, byKey)
		for range 2 { // it can be merged again
			var got []entry
			err := s.merge(func(key, value []byte) error {
				got = append(got, entry{string(key), string(value)})
				return nil
			})
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("seed %d: %d entries, want %d; %v", seed, len(got), len(want), err)
			}
		}
		if err := s.empty(); err != nil || s.size != 0 {
			t.Fatalf("%d bytes are left, %v", s.size, err)
		}
	}
}

func byKey(a, b entry) int { return bytes.Compare([]byte(a.key), []byte(b.key)) }

// An error of visit ends a merge, and a file that was cut off is an error.
func TestMergeFails(t *testing.T) {
	s, err := newRuns(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := two(s); err != nil {
		t.Fatal(err)
	}
	broken, visits := errors.New("disk on fire"), 0
	if err := s.merge(func(_, _ []byte) error { visits++; return broken }); err != broken || visits != 1 {
		t.Errorf("%v after %d visits", err, visits)
	}
	for size := s.ends[0].end - 1; size >= 0; size-- {
		if err := s.file.Truncate(size); err != nil {
			t.Fatal(err)
		}
		if err := s.merge(func(_, _ []byte) error { return nil }); err == nil {
			t.Errorf("%d bytes are merged", size)
		}
	}
}

// two adds a run of two entries.
func two(s *runs) error {
	return errors.Join(s.add([]byte("a"), []byte("value")), s.add([]byte("b"), []byte("value")), s.endRun())
}

// Nothing is left in the folder.
func TestNothingIsLeft(t *testing.T) {
	folder := t.TempDir()
	s, err := newRuns(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(two(s), s.close()); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

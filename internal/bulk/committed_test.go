package bulk

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// calls are n records with ids from first on, and sep between them.
func calls(first, n int, sep string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(sep)
		}
		fmt.Fprintf(&b, `{"id":"%d",%s}`, first+i, at)
	}
	return b.String()
}

// A place acknowledges whole lines: one that is cut by a batch is not there
// until its last record is.
func TestCommittedLines(t *testing.T) {
	var pages strings.Builder
	for i := range 200 {
		fmt.Fprintf(&pages, `{"requestId":"r","calls":[%s]}`+"\n", calls(1+300*i, 300, ","))
	}
	one := calls(1, maxCalls+7, ",")
	for _, tt := range []struct {
		name    string
		sources []Source
		want    []string
	}{
		{"an array on one line", []Source{text("a", "["+one+"]")}, []string{"[] 50000", "[a:1] 7"}},
		{"an array on one line, exactly full", []Source{text("a", "["+calls(1, maxCalls, ",")+"]")}, []string{"[a:1] 50000"}},
		{"records on one line", []Source{text("a", strings.ReplaceAll(one, "},{", "}{"))}, []string{"[] 50000", "[a:1] 7"}},
		{"lines", []Source{text("a", strings.ReplaceAll(one, "},{", "}\n{"))}, []string{"[a:50000] 50000", "[a:50007] 7"}},
		{"an array of lines", []Source{text("a", "[", strings.ReplaceAll(one, "},{", "},\n{"), "]")}, []string{"[a:50001] 50000", "[a:50008] 7"}},
		{"two to a line", []Source{text("a", `{"id":"0",`+at+`}`, strings.ReplaceAll(one, "},{", "}\n{")+`{"id":"0",`+at+`}`)}, []string{"[] 50000", "[a] 8"}},
		{"pages on a line each", []Source{text("a", pages.String())}, []string{"[a:166] 50000", "[a:200] 10000"}},
		{"two files", []Source{text("a", "["+calls(1, 3, ",")+"]"), text("b", "["+calls(4, maxCalls, ",")+"]"), text("c", "no,id,id")}, []string{"[a:1] 50000", "[b:1] 3"}},
		{"no line end at the end", []Source{source("a", strings.NewReader(calls(1, 3, "\n"))), source("b", strings.NewReader(calls(4, 2, " ")))}, []string{"[a:3 b:1] 5"}},
		{"nothing but bad records", []Source{text("a", `{"id":1.5}`, `{}`)}, []string{"[a:2] 0"}},
		{"nothing", []Source{text("a", `[]`)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var a acknowledged
			im := Import{Calls: &a.memory, Report: &a}
			synctest.Test(t, func(t *testing.T) { im.Run(t.Context(), tt.sources) })
			if diff := cmp.Diff(tt.want, a.lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// acknowledged writes down places and the number of calls that are kept with
// them.
type acknowledged struct {
	memory
	lines []string
	kept  int
	told  func(Place)
}

func (a *acknowledged) Skipped(Place, []gong.FieldError) {}
func (a *acknowledged) Note(Place, string)               {}
func (a *acknowledged) Sorted(int64)                     {}
func (a *acknowledged) Storing()                         {}
func (a *acknowledged) Committed(last []Place, _ callvault.PutResult, _ int64) {
	n := 0
	for _, size := range a.batches {
		n += size
	}
	a.lines = append(a.lines, fmt.Sprintf("%v %d", last, n-a.kept))
	a.kept = n
	for _, at := range last {
		if a.told != nil {
			a.told(at)
		}
	}
}

// A line that a slow source has not ended is kept, and acknowledged when it
// has ended, even if nothing more comes.
func TestCommittedInTheMiddleOfALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a acknowledged
		in, out := io.Pipe()
		go func() {
			for _, piece := range []string{"{\"id\":\"0\"," + at + "}\n[" + calls(1, 2, ",") + ",", calls(3, 1, "") + "]", "\n" + calls(4, 1, ""), "\n"} {
				io.WriteString(out, piece)
				time.Sleep(3 * commitEvery / 2)
			}
			out.Close()
		}()
		im := Import{Calls: &a.memory, Report: &a, Endless: true}
		if _, err := im.Run(t.Context(), []Source{source("-", in)}); err != nil {
			t.Fatal(err)
		}
		want := []string{"[-:1] 3", "[] 1", "[-:2] 1", "[-:3] 0"}
		if diff := cmp.Diff(want, a.lines); diff != "" {
			t.Error(diff)
		}
	})
}

// layout is a source of any form, and the ids of the records that begin on
// each of its lines.
type layout struct {
	text strings.Builder
	ids  [][]string
	last int
}

// record adds a record that is on one line or on three, or is bad.
func (l *layout) record(random *rand.Rand) {
	line := strings.Count(l.text.String(), "\n")
	for len(l.ids) <= line {
		l.ids = append(l.ids, nil)
	}
	l.last++
	sep := []string{"", "\n"}[random.IntN(2)]
	if random.IntN(8) == 0 {
		fmt.Fprintf(&l.text, `{"id":"x",%s"title":5}`, sep)
		return
	}
	l.ids[line] = append(l.ids[line], fmt.Sprint(l.last))
	fmt.Fprintf(&l.text, `{"id":"%d",%s%s}`, l.last, sep, at)
}

func randomLayout(random *rand.Rand) *layout {
	l := &layout{}
	ends := []string{"", " ", "\n", "\n", " \n\n"}
	for range 12 {
		form := [][3]string{{"", "", ""}, {"[", ",", "]"}, {`{"calls":[`, ",", `],"records":{}}`}}[random.IntN(3)]
		end := func() string { return ends[random.IntN(len(ends))] }
		l.text.WriteString(form[0] + end())
		for i := range 1 + random.IntN(4) {
			if i > 0 {
				l.text.WriteString(form[1] + end())
			}
			l.record(random)
		}
		l.text.WriteString(end() + form[2] + end())
	}
	return l
}

// However the records of a source are laid out, however slowly it comes, and
// whenever the store breaks: what is acknowledged is kept, and all of it when
// nothing breaks.
func TestCommittedIsKept(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 7))
		l := randomLayout(random)
		breaks := random.IntN(8)
		var a acknowledged
		a.put = func() error {
			if len(a.batches) == breaks {
				return errors.New("disk on fire")
			}
			return nil
		}
		reached := 0
		a.told = func(at Place) {
			if at.Line <= reached {
				t.Errorf("seed %d: line %d is acknowledged behind %d", seed, at.Line, reached)
			}
			reached = at.Line
			for _, ids := range l.ids[:at.Line] {
				for _, digits := range ids {
					id, err := callvault.ParseID(digits)
					if err != nil {
						t.Fatal(err)
					}
					if _, kept := a.index[id]; !kept {
						t.Errorf("seed %d: %s is acknowledged and not kept", seed, id)
					}
				}
			}
		}
		synctest.Test(t, func(t *testing.T) {
			in, out := io.Pipe()
			written := make(chan struct{})
			go func() {
				defer close(written)
				defer out.Close()
				for rest := l.text.String(); rest != ""; {
					n := min(1+random.IntN(120), len(rest))
					if _, err := io.WriteString(out, rest[:n]); err != nil {
						return
					}
					rest = rest[n:]
					time.Sleep(time.Duration(random.Int64N(int64(commitEvery))))
				}
			}()
			im := Import{Calls: &a.memory, Report: &a, Endless: true}
			_, err := im.Run(t.Context(), []Source{source("-", in)})
			in.Close()
			<-written
			if err == nil && reached != len(l.ids) {
				t.Errorf("seed %d: line %d of %d is acknowledged", seed, reached, len(l.ids))
			}
		})
		if t.Failed() {
			t.Fatal(l.text.String())
		}
	}
}

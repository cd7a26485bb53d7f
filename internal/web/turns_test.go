package web

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// crowd is companies that ask for places, and the turns they got. It runs in a bubble.
type crowd struct {
	*testing.T
	turns   *Turns
	entered chan *asked
	waiting []*asked // in the order in which they asked
	making  []*asked
	sending []*asked
	order   []string // of the companies whose turn came
}

// asked is a request for a place.
type asked struct {
	company string
	giveUp  context.CancelFunc
	place   *Place         // once it was given
	entered bool           // which was noted
	seen    map[string]int // turns of others while it was the first of its company
}

func newCrowd(t *testing.T, atOnce, room int) *crowd {
	return &crowd{T: t, turns: NewTurns(atOnce, room), entered: make(chan *asked, 1000)}
}

// ask asks for a place of a company, and returns when it was given or has to wait.
func (c *crowd) ask(company string) *asked {
	ctx, giveUp := context.WithCancel(c.Context())
	a := &asked{company: company, giveUp: giveUp, seen: map[string]int{}}
	c.waiting = append(c.waiting, a)
	go func() {
		place, err := c.turns.Enter(ctx, company)
		if err == nil {
			a.place = place
			c.entered <- a
		}
	}()
	c.settle()
	return a
}

// settle notes whose turn has come. The order within a step is not visible from here.
func (c *crowd) settle() {
	c.Helper()
	synctest.Wait()
	turns := map[string]int{}
	for len(c.entered) > 0 {
		a := <-c.entered
		a.entered = true
		turns[a.company]++
		c.making = append(c.making, a)
		c.order = append(c.order, a.company)
	}
	c.check(turns)
	c.waiting = slices.DeleteFunc(c.waiting, func(a *asked) bool { return a.entered })
	for name, company := range c.turns.companies {
		if len(company.queue) > 0 && c.turns.resting > 0 && c.turns.hasRoom(company) {
			c.Fatalf("%s waits for nothing", name)
		}
	}
}

// check tests the law of turns: the first request of a company has its next turn, and no
// other company has two turns while it waits and could be served.
func (c *crowd) check(turns map[string]int) {
	c.Helper()
	left := map[string]int{}
	for name, n := range turns {
		left[name] = n
	}
	for _, a := range c.waiting {
		first := left[a.company] >= 0
		if a.entered {
			if left[a.company]--; !first {
				c.Errorf("%s was overtaken by one of its own", a.company)
			}
			continue
		}
		left[a.company] = -1 // whoever of it comes after this one is late
		company := c.turns.companies[a.company]
		if !first || turns[a.company] > 0 || !c.turns.hasRoom(company) || company.making >= c.turns.half {
			clear(a.seen)
			continue
		}
		for name, n := range turns {
			if a.seen[name] += n; a.seen[name] > 1 {
				c.Errorf("%s had %d turns while %s waited", name, a.seen[name], a.company)
			}
		}
	}
}

// end ends the oldest answer that a company makes.
func (c *crowd) end(company string) {
	i := slices.IndexFunc(c.making, func(a *asked) bool { return a.company == company })
	if i < 0 {
		c.Fatalf("%s makes nothing", company)
	}
	c.making[i].place.Leave()
	c.making = slices.Delete(c.making, i, i+1)
	c.settle()
}

// A company with a hundred requests makes no other wait for more than a turn, and has
// half of the places while another waits.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 4, 1000)
		for range 100 {
			c.ask("greedy")
		}
		if len(c.making) != 4 {
			t.Fatalf("%d of 4 places are in use by the only company", len(c.making))
		}
		c.order = nil
		for range 5 {
			c.ask("modest")
		}
		c.end("greedy")
		c.end("greedy")
		if want := []string{"modest", "modest"}; !slices.Equal(c.order, want) {
			t.Errorf("turns went to %v, want %v", c.order, want)
		}
		c.order = nil
		c.ask("third")
		c.end("greedy")
		c.end("modest")
		c.end("modest")
		if want := []string{"greedy", "modest", "third"}; !slices.Equal(c.order, want) {
			t.Errorf("turns went to %v, want %v", c.order, want)
		}
	})
}

// Half of the places is at most half of them, and at least one.
func TestHalfOfThePlaces(t *testing.T) {
	for atOnce, want := range map[int]int{1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 16: 8} {
		if got := NewTurns(atOnce, 100).half; got != want {
			t.Errorf("half of %d is %d, want %d", atOnce, got, want)
		}
	}
}

// Whatever companies do, no place stays free while a request could have it, no place is
// given twice, and turns go round.
func TestTurnsByChance(t *testing.T) {
	for seed := range uint64(100) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 0))
				atOnce := 1 + random.IntN(6)
				c := newCrowd(t, atOnce, 2+random.IntN(40))
				for range 300 {
					c.step(random)
					if n := len(c.making); n > atOnce || n+c.turns.resting != atOnce {
						t.Fatalf("%d answers are made and %d places rest, of %d", n, c.turns.resting, atOnce)
					}
				}
				for len(c.making)+len(c.sending) > 0 {
					c.leaveAll()
				}
				if len(c.waiting) > 0 {
					t.Fatalf("%d wait though nobody is there", len(c.waiting))
				}
				if held, _ := c.turns.Held(); held != 0 || c.turns.resting != atOnce || len(c.turns.waiting) != 0 || len(c.turns.sending) != 0 {
					t.Errorf("%+v is left", c.turns)
				}
			})
		})
	}
}

// step does one thing by chance.
func (c *crowd) step(random *rand.Rand) {
	take := func(from *[]*asked) *asked {
		i := random.IntN(len(*from))
		a := (*from)[i]
		*from = slices.Delete(*from, i, i+1)
		return a
	}
	switch chance := random.IntN(10); {
	case chance < 4:
		c.ask(string(rune('a' + random.IntN(5)*random.IntN(2)))) // one asks more than the others
	case chance < 6 && len(c.making) > 0:
		a := take(&c.making)
		a.place.Weigh(random.IntN(10), nil)
		c.sending = append(c.sending, a)
	case chance < 7 && len(c.making) > 0:
		take(&c.making).place.Leave()
	case chance < 9 && len(c.sending) > 0:
		take(&c.sending).place.Leave()
	case len(c.waiting) > 0:
		take(&c.waiting).giveUp()
	}
	c.settle()
}

// leaveAll ends all answers, one after the other.
func (c *crowd) leaveAll() {
	for _, of := range []*[]*asked{&c.making, &c.sending} {
		for len(*of) > 0 {
			a := (*of)[0]
			*of = (*of)[1:]
			a.place.Leave()
			c.settle()
		}
	}
}

// A company whose clients do not read fills half of the room and then waits for itself.
// Others go on, and take turns when the whole room is full.
func TestTurnsInAFullRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 2, 100)
		fill := func(company string) *Place {
			place := c.ask(company).place
			if place == nil {
				t.Fatalf("there is no place for %s", company)
			}
			c.making = nil
			place.Weigh(50, nil)
			return place
		}
		first := fill("greedy")
		c.ask("greedy")
		second := fill("other")
		for range 3 {
			c.ask("other")
		}
		third := c.ask("third")
		c.order = nil
		second.Leave()
		c.settle()
		slices.Sort(c.order) // both have come at once
		if want := []string{"other", "third"}; !slices.Equal(c.order, want) {
			t.Errorf("turns went to %v, want %v", c.order, want)
		}
		third.place.Leave()
		first.Leave()
		for _, a := range c.waiting {
			a.giveUp()
		}
	})
}

// An answer is cut off when its client has had it for some time and another request has
// waited for the room as long, and not before.
func TestCutOff(t *testing.T) {
	for _, tt := range []struct {
		name            string
		waits           string // the company that does
		own, ofAll, cut bool   // what is full, and whether that is cut off
	}{
		{"its own room is full", "a", true, false, true},
		{"another's is", "b", true, false, false},
		{"all is full", "b", true, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				turns := NewTurns(1, 100)
				var cut time.Time
				enter := func(company string, size int) *Place {
					p, err := turns.Enter(t.Context(), company)
					if err != nil {
						t.Fatal(err)
					}
					p.Weigh(size, func() { cut = time.Now() })
					return p
				}
				size := 50
				if tt.ofAll {
					size = 100
				}
				late := enter("a", size)
				time.Sleep(10 * PressWithin)
				began := time.Now()
				ctx, giveUp := context.WithTimeout(t.Context(), 2*PressWithin)
				defer giveUp()
				p, err := turns.Enter(ctx, tt.waits)
				if err == nil {
					p.Leave()
				}
				if !tt.cut && (err != nil || !cut.IsZero()) || tt.cut && cut.Sub(began) != PressWithin {
					t.Errorf("cut off at %v, %v", cut.Sub(began), err)
				}
				late.Leave()
			})
		})
	}
}

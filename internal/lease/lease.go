// Package lease keeps the lease of a company's mirror: it takes it, renews it while work runs,
// and gives it back, so that one process at a time mirrors a company.
package lease

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/callvault/callvault"
)

// How a lease is kept and taken. All times are by the clock of the process that waits.
const (
	renewEvery = 10 * time.Second
	deadAfter  = 30 * time.Second // without a renewal anyone may take it
	lookEvery  = time.Second
	leaveTime  = 5 * time.Second // for giving the lease back
)

// HeldError is the error of a mirror whose company another mirror is writing.
type HeldError struct {
	Holder string
}

func (e *HeldError) Error() string {
	return "another mirror of this company runs: " + InShort(e.Holder)
}

// InShort is a holder for people: without what tells it from other processes of its number.
func InShort(holder string) string {
	who, _, _ := strings.Cut(holder, " since ")
	return who
}

// Keeper keeps the lease of a company's mirror. It may hold it again and again.
type Keeper struct {
	state    callvault.MirrorState
	upstream string
	log      *slog.Logger

	holder string            // this process
	isGone func(string) bool // whether a holder has certainly ended
	told   bool              // the log knows that another one has it
}

// New makes a Keeper for this process.
func New(state callvault.MirrorState, upstream string, log *slog.Logger) *Keeper {
	return &Keeper{state: state, upstream: upstream, log: log, holder: holder(), isGone: isGone}
}

// Hold takes the lease, renews it while work runs, and gives it back. When another mirror
// takes it over, the context of work ends with ErrLeaseLost as its cause.
//
// A lease whose process on this machine is gone is taken at once. Any other is watched for 30
// seconds: Hold returns a *HeldError as soon as somebody renews or takes it, and ErrLeaseLost if
// the mirror ends meanwhile.
func (k *Keeper) Hold(ctx context.Context, work func(context.Context, callvault.Lease) error) error {
	lease, err := k.take(ctx)
	if err != nil {
		return err
	}
	working, end := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		k.renew(working, end, lease)
	}()
	err = work(working, lease)
	if lost := context.Cause(working); err != nil && errors.Is(lost, callvault.ErrLeaseLost) {
		err = lost // and not that the context has ended
	}
	end(nil)
	<-renewed
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer cancel()
	if left := k.state.Return(leaving, lease); err == nil && !errors.Is(left, callvault.ErrLeaseLost) {
		err = left // which says nothing that err would not
	}
	return err
}

// take takes the lease when nobody holds it any more.
func (k *Keeper) take(ctx context.Context) (callvault.Lease, error) {
	first, err := k.state.Lease(ctx)
	if err != nil {
		return first, err
	}
	for watched := time.Now(); first.Upstream == k.upstream && first.Holder != "" && !k.isGone(first.Holder); {
		if !k.told {
			k.told = true
			k.log.Info("another process mirrors this company, or has died; this one takes over if the other shows no sign of life for 30 seconds", "other", InShort(first.Holder))
		}
		if time.Since(watched) >= deadAfter {
			break
		}
		if err := Pause(ctx, lookEvery); err != nil {
			return first, err
		}
		now, err := k.state.Lease(ctx)
		if err != nil {
			return first, err
		}
		switch {
		case now.Upstream == "": // an operator has ended the mirror
			return first, callvault.ErrLeaseLost
		case now.Holder != "" && now != first:
			return first, &HeldError{now.Holder}
		}
		first = now
	}
	waited := k.told
	k.told = false
	lease, err := k.state.Take(ctx, first, k.upstream, k.holder)
	if err == nil && waited {
		k.log.Info("this process mirrors the company now")
	}
	if errors.Is(err, callvault.ErrLeaseLost) {
		now, err := k.state.Lease(ctx)
		if err != nil {
			return now, err
		}
		return now, &HeldError{now.Holder}
	}
	return lease, err
}

// Pause waits, unless the context ends before.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// renew shows that the holder is alive until the context ends, and ends it when the lease is
// lost. A store that does not answer is asked again: only a lost lease is the end.
func (k *Keeper) renew(ctx context.Context, end context.CancelCauseFunc, lease callvault.Lease) {
	wait := renewEvery
	for Pause(ctx, wait) == nil {
		_, err := k.state.Renew(ctx, lease)
		switch {
		case errors.Is(err, callvault.ErrLeaseLost):
			end(callvault.ErrLeaseLost)
			return
		case err != nil && ctx.Err() == nil:
			k.log.Warn("the lease of this mirror was not renewed", "error", err)
			wait = lookEvery
		default:
			wait = renewEvery
		}
	}
}

// unknown is this process in words, where others can't tell whether it has ended.
func unknown() string { return fmt.Sprintf("%s: process %d", hostname(), os.Getpid()) }

// hostname is the name of this machine, for people.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "a machine"
	}
	return name
}

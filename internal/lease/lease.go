// Package lease keeps the lease of a company's mirror: it takes it, renews it while work runs,
// and gives it back, so that one process at a time mirrors a company.
package lease

import (
	"context"
	"errors"
	"log/slog"
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

// leases is the part of callvault.MirrorState that has to do with the lease.
type leases interface {
	Lease(ctx context.Context) (callvault.Lease, error)
	Take(ctx context.Context, seen callvault.Lease, upstream, holder string) (callvault.Lease, error)
	Renew(ctx context.Context, lease callvault.Lease) (callvault.Lease, error)
	Return(ctx context.Context, lease callvault.Lease) error
}

// HeldError is the error of a mirror whose company another mirror is writing.
type HeldError struct {
	Holder string
}

func (e *HeldError) Error() string {
	return "another mirror of this company runs: " + inShort(e.Holder)
}

// inShort is a holder without what tells it from earlier processes of the same number.
func inShort(holder string) string {
	who, _, _ := strings.Cut(holder, " since ")
	return who
}

// Keeper keeps the lease of a company's mirror.
type Keeper struct {
	State    callvault.MirrorState
	Upstream string
	Log      *slog.Logger
}

// Hold takes the lease, renews it while work runs, and gives it back. When another mirror
// takes it over, the context of work ends with ErrLeaseLost as its cause.
//
// A lease whose process on this machine is gone is taken at once. Any other is watched for 30
// seconds: Hold returns a *HeldError as soon as somebody renews or takes it.
func (k Keeper) Hold(ctx context.Context, work func(context.Context, callvault.Lease) error) error {
	return hold{k.State, k.Upstream, self(), k.Log}.run(ctx, work)
}

// hold is what Keeper.Hold works with.
type hold struct {
	state    leases
	upstream string
	me       process
	log      *slog.Logger
}

func (h hold) run(ctx context.Context, work func(context.Context, callvault.Lease) error) error {
	lease, err := h.take(ctx)
	if err != nil {
		return err
	}
	working, end := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		h.renew(working, end, lease)
	}()
	err = work(working, lease)
	if lost := context.Cause(working); err != nil && errors.Is(lost, callvault.ErrLeaseLost) {
		err = lost // and not that the context has ended
	}
	end(nil)
	<-renewed
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer cancel()
	if left := h.state.Return(leaving, lease); left != nil && !errors.Is(left, callvault.ErrLeaseLost) {
		err = errors.Join(err, left)
	}
	return err
}

// take takes the lease when nobody holds it any more.
func (h hold) take(ctx context.Context) (callvault.Lease, error) {
	first, err := h.state.Lease(ctx)
	if err != nil {
		return first, err
	}
	told := false
	for watched := time.Now(); first.Upstream == h.upstream && first.Holder != "" && !h.me.isGone(first.Holder); {
		if !told {
			told = true
			h.log.Info("another process mirrors this company, or did until it died; this one begins if the other shows no sign of life for 30 seconds", "other", inShort(first.Holder))
		}
		if time.Since(watched) >= deadAfter {
			break
		}
		if err := pause(ctx, lookEvery); err != nil {
			return first, err
		}
		now, err := h.state.Lease(ctx)
		if err != nil {
			return first, err
		}
		if now.Holder != "" && now != first {
			return first, &HeldError{now.Holder}
		}
		first = now
	}
	lease, err := h.state.Take(ctx, first, h.upstream, h.me.holder())
	if errors.Is(err, callvault.ErrLeaseLost) {
		now, err := h.state.Lease(ctx)
		if err != nil {
			return now, err
		}
		return now, &HeldError{now.Holder}
	}
	return lease, err
}

// pause waits, unless the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// renew shows that the holder is alive until the context ends, and ends it when the lease is
// lost. A store that does not answer is asked again: only a lost lease is the end.
func (h hold) renew(ctx context.Context, end context.CancelCauseFunc, lease callvault.Lease) {
	wait := renewEvery
	for pause(ctx, wait) == nil {
		_, err := h.state.Renew(ctx, lease)
		switch {
		case errors.Is(err, callvault.ErrLeaseLost):
			end(callvault.ErrLeaseLost)
			return
		case err != nil && ctx.Err() == nil:
			h.log.Warn("the lease of this mirror was not renewed", "error", err)
			wait = lookEvery
		default:
			wait = renewEvery
		}
	}
}

// process is this process, and what it knows of others.
type process interface {
	// holder is the process in words: for people, and for isGone of other processes.
	holder() string

	// isGone tells whether a holder is certainly no longer there. It is false where that
	// can't be known.
	isGone(holder string) bool
}

package mirrortest

import (
	"context"

	"github.com/callvault/callvault"
)

// hooked is a store that calls functions around each commit of a mirror; nil is none.
type hooked struct {
	callvault.Store
	before func(callvault.MirrorChange)
	after  func(callvault.MirrorChange) error // of a commit that is done
}

type hookedState struct {
	callvault.MirrorState
	by hooked
}

func (h hooked) Mirror(company string) callvault.MirrorState {
	return hookedState{h.Store.Mirror(company), h}
}

func (s hookedState) Commit(ctx context.Context, lease callvault.Lease, change callvault.MirrorChange) (callvault.PutResult, error) {
	if s.by.before != nil {
		s.by.before(change)
	}
	result, err := s.MirrorState.Commit(ctx, lease, change)
	if err == nil && s.by.after != nil {
		err = s.by.after(change)
	}
	return result, err
}

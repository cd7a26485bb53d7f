//go:build unix

package upstream

import (
	"context"
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe that nobody writes to does not keep ctrl-C from ending the command.
func TestCredentialOfASilentPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadCredential(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

package main

import (
	"runtime/debug"
	"testing"
)

func TestVersionOf(t *testing.T) {
	for recorded, want := range map[string]string{
		"v1.2.3": "v1.2.3",
		"v1.2.4-0.20261125030700-bdf454b1c0de+dirty": "v1.2.4-0.20261125030700-bdf454b1c0de+dirty",
		"(devel)": "unknown",
		"":        "unknown",
	} {
		if got := versionOf(&debug.BuildInfo{Main: debug.Module{Version: recorded}}); got != want {
			t.Errorf("of %q: got %q, want %q", recorded, got, want)
		}
	}
}

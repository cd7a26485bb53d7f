//go:build !linux

package lease

// self is this process, which can't be told from others here.
func self() process { return stranger{} }

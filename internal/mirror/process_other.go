//go:build !linux

package mirror

// self is this process, which can't be told from others here.
func self() process { return stranger{} }

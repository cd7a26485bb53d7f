//go:build !linux

package sqlite

// Users are the processes that have a store open, as far as they can be seen: not here.
func Users(string) []int { return nil }

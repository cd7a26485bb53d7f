// Package faults holds tests that break something while the built program works:
// the program itself, its database, its disk, its clients. go test runs a short
// form of each; "make faults" runs them at length and prints the figures of
// docs/reliability.md.
package faults

// Package conformance holds black-box tests of the built program. They start
// it as processes, drive it over HTTP and by its command line as clients and
// people do, and import nothing of the module: whatever they know of calls,
// times, order and pages they know from the contract, so a mistake in the
// program's own vocabulary cannot hide itself here.
package conformance

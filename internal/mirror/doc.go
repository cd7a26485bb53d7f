// Package mirror keeps a company's calls equal to those of an upstream, within a budget of
// requests. A Mirror is a machine that is driven: Step does one thing that is due, which is a
// request and its commit, and tells when the next is due.
package mirror

// Package doctor finds what keeps a callvault from working and says what to do.
//
// Each check looks at one thing and returns findings; it changes nothing. Checks
// take what they look at as it was read: what only an engine knows of itself is
// asked by whoever wires them.
package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Status is how something is.
type Status string

// A warning is of what works and may not for long, or not for everybody; wrong is
// what does not work.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Wrong   Status = "wrong"
)

// Finding is how one thing is, and what to do about it.
type Finding struct {
	Check  string `json:"check"` // what was looked at, in one word
	Status Status `json:"status"`
	What   string `json:"what"`
	Do     string `json:"do,omitempty"` // empty when nothing is to be done
}

// String is the finding in one line, however many an error in it has.
func (f Finding) String() string {
	what := strings.Join(strings.Fields(f.What), " ")
	if f.Do != "" {
		what += "; " + f.Do
	}
	return fmt.Sprintf("%-8s %-10s %s", f.Status, f.Check, what)
}

// Report collects findings, and tells of each as it comes.
type Report struct {
	tell     func(Finding)
	findings []Finding
}

// NewReport makes a report that tells whoever waits of each finding.
func NewReport(tell func(Finding)) *Report { return &Report{tell: tell} }

// Add adds findings.
func (r *Report) Add(findings ...Finding) {
	for _, f := range findings {
		r.findings = append(r.findings, f)
		r.tell(f)
	}
}

// Wrong is how many things are wrong.
func (r *Report) Wrong() (n int) {
	for _, f := range r.findings {
		if f.Status == Wrong {
			n++
		}
	}
	return n
}

// WriteJSON writes the findings as an array.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(r.findings)
}

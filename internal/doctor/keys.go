package doctor

import (
	"fmt"
	"slices"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// expiresSoon is how long before its end a key is worth a warning.
const expiresSoon = 14 * 24 * time.Hour

// Keyring is the keys of a store and the companies that it has.
type Keyring struct {
	Companies []string
	Keys      []callvault.Key

	// Create is the command that makes a key in this store.
	Create string
}

// Look tells who can read calls, company by company.
func (r Keyring) Look(now time.Time) (findings []Finding) {
	add := func(status Status, what, do string) {
		findings = append(findings, Finding{"keys", status, what, do})
	}
	valid, first := make(map[string]int), make(map[string]callvault.Key) // to expire
	for _, k := range r.Keys {
		if !k.ActiveAt(now) || !k.Allows(gong.ScopeCallsRead) {
			continue
		}
		valid[k.Company]++
		other, ok := first[k.Company]
		if !k.Expires.IsZero() && k.Expires.Sub(now) < expiresSoon && (!ok || k.Expires.Before(other.Expires)) {
			first[k.Company] = k
		}
	}
	if len(valid) == 0 {
		add(Wrong, "no valid key may read calls, so every client is refused", "make one: "+r.create(r.company()))
		return findings
	}
	for _, name := range r.Companies {
		if valid[name] == 0 {
			add(Warning, fmt.Sprintf("company %q has no valid key that may read calls", name), "make one: "+r.create(name))
		}
		if k, ok := first[name]; ok {
			add(Warning, fmt.Sprintf("key %s of company %q expires soon, at %s", k.ID, name, k.Expires.Format(time.RFC3339)), "make another in time: "+r.create(name))
		}
	}
	if len(findings) == 0 {
		add(OK, fmt.Sprintf("every company (%d) has a valid key that may read calls", len(r.Companies)), "")
	}
	return findings
}

// company is a company of the store: the default one if it is there.
func (r Keyring) company() string {
	if len(r.Companies) == 0 || slices.Contains(r.Companies, callvault.DefaultCompany) {
		return callvault.DefaultCompany
	}
	return slices.Min(r.Companies)
}

// create is the command that makes a key of a company.
func (r Keyring) create(company string) string {
	if company == callvault.DefaultCompany {
		return r.Create
	}
	return r.Create + " --company " + company
}

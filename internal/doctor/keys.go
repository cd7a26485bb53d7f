package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// expiresSoon is how long before its end a key is worth a word.
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
	valid := make(map[string]int) // keys that let somebody read calls
	for _, name := range r.Companies {
		valid[name] = 0
	}
	expiring, powerless := make(map[string][]string), make(map[string][]string)
	total := 0
	for i := range r.Keys {
		k := &r.Keys[i]
		switch {
		case !k.ActiveAt(now):
			continue
		case !k.Allows(gong.ScopeCallsRead) && k.Allows(callvault.ScopeProfilesRead): // an operator's
			continue
		case !k.Allows(gong.ScopeCallsRead):
			powerless[k.Company] = append(powerless[k.Company], k.ID)
			continue
		case !k.Expires.IsZero() && k.Expires.Sub(now) < expiresSoon:
			expiring[k.Company] = append(expiring[k.Company], fmt.Sprintf("%s at %s", k.ID, k.Expires.Format(time.RFC3339)))
		}
		valid[k.Company]++
		total++
	}
	if total == 0 {
		findings = append(findings, Finding{"keys", Wrong, "no key is valid that may read calls: every client is refused", "make one: " + r.create(r.first())})
	}
	for _, name := range slices.Sorted(maps.Keys(valid)) {
		if total > 0 && valid[name] == 0 {
			findings = append(findings, Finding{"keys", Warning, fmt.Sprintf("company %q has no valid key that may read calls", name), "make one: " + r.create(name)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(expiring)) {
		findings = append(findings, Finding{"keys", Warning, fmt.Sprintf("keys of company %q expire soon: %s", name, some(expiring[name])), "make others in time: " + r.create(name)})
	}
	for _, name := range slices.Sorted(maps.Keys(powerless)) {
		findings = append(findings, Finding{"keys", Warning, fmt.Sprintf("keys of company %q without the scope %s are answered with 401: %s", name, gong.ScopeCallsRead, some(powerless[name])), "make others: " + r.create(name)})
	}
	if len(findings) == 0 {
		findings = []Finding{{"keys", OK, fmt.Sprintf("valid keys that may read calls: %d, companies: %d", total, len(valid)), ""}}
	}
	return findings
}

// first is a company of the store: the default one if it is there.
func (r Keyring) first() string {
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

// some is a list of which the first few are shown.
func some(list []string) string {
	const shown = 3
	if len(list) <= shown {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:shown], ", "), len(list)-shown)
}

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

// Keys tells who can read calls with the keys of a store, company by company.
func Keys(companies []string, keys []callvault.Key, now time.Time) (findings []Finding) {
	valid := make(map[string]int) // keys that let somebody read calls
	for _, name := range companies {
		valid[name] = 0
	}
	var expiring, powerless []string
	total := 0
	for i := range keys {
		k := &keys[i]
		switch {
		case !k.ActiveAt(now):
			continue
		case !k.Allows(gong.ScopeCallsRead) && k.Allows(callvault.ScopeProfilesRead): // an operator's
			continue
		case !k.Allows(gong.ScopeCallsRead):
			powerless = append(powerless, k.ID)
			continue
		case !k.Expires.IsZero() && k.Expires.Sub(now) < expiresSoon:
			expiring = append(expiring, fmt.Sprintf("%s at %s", k.ID, k.Expires.Format(time.RFC3339)))
		}
		valid[k.Company]++
		total++
	}
	if total == 0 {
		findings = append(findings, Finding{"keys", Wrong, "no key is valid that may read calls: every client is refused", "make one: callvault key create"})
	}
	for _, name := range slices.Sorted(maps.Keys(valid)) {
		if total > 0 && valid[name] == 0 {
			findings = append(findings, Finding{"keys", Warning, fmt.Sprintf("company %q has no valid key that may read calls", name), "callvault key create --company " + name})
		}
	}
	if len(expiring) > 0 {
		findings = append(findings, Finding{"keys", Warning, "soon to expire: " + some(expiring), "make others in time: callvault key create"})
	}
	if len(powerless) > 0 {
		findings = append(findings, Finding{"keys", Warning, fmt.Sprintf("without the scope %s, and answered with 401: %s", gong.ScopeCallsRead, some(powerless)), "make others: callvault key create"})
	}
	if len(findings) == 0 {
		findings = []Finding{{"keys", OK, fmt.Sprintf("valid keys that may read calls: %d, companies: %d", total, len(valid)), ""}}
	}
	return findings
}

// some is a list of which the first few are shown.
func some(list []string) string {
	const shown = 3
	if len(list) <= shown {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:shown], ", "), len(list)-shown)
}

package postgres

import (
	"net/url"
	"regexp"
	"strings"
)

// IsURL tells whether a name of a store is a PostgreSQL URL.
func IsURL(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

// HasPassword tells whether a URL shows a password.
func HasPassword(name string) bool { return Redact(name) != name }

// inQuery finds a password among the parameters of a URL.
var inQuery = regexp.MustCompile(`(?i)([?&](?:ssl)?password=)[^&]+`)

// inUser finds one before the host, also in a URL that does not parse.
var inUser = regexp.MustCompile(`^(postgres(?:ql)?://[^:/@]*):[^?]*@`)

// Redact is a URL without its passwords, for people to read.
func Redact(name string) string {
	name = inQuery.ReplaceAllString(name, "${1}xxxxx")
	if u, err := url.Parse(name); err == nil && u.User != nil {
		if _, ok := u.User.Password(); !ok {
			return name
		}
	}
	return inUser.ReplaceAllString(name, "$1:xxxxx@")
}

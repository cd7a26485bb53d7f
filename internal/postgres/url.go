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

// inQuery finds the parameters of a URL.
var inQuery = regexp.MustCompile(`[?&][^?&=]*=[^&]+`)

// Where a password stands before the host. In a URL that parses, what follows a
// path and a question mark and has an equals sign is its query; one that does not
// parse may have been broken by any character of its password. When in doubt it is
// taken for a password.
var (
	inUser   = longest(`(?s)^(postgres(?:ql)?://[^:/]*):(?:[^?]*|[^=]*|[^/]*|\d*[?#].*)@`)
	inBroken = regexp.MustCompile(`(?s)^(postgres(?:ql)?://[^:/]*):.*@`)
)

// longest is a pattern that takes as much as it can, whichever way.
func longest(pattern string) *regexp.Regexp {
	re := regexp.MustCompile(pattern)
	re.Longest()
	return re
}

// Redact is a URL without its passwords, for people to read. It hides until there
// is nothing more to hide: what is left may look like another URL.
func Redact(name string) string {
	for {
		hidden := redactOnce(name)
		if hidden == name {
			return name
		}
		name = hidden
	}
}

func redactOnce(name string) string {
	name = inQuery.ReplaceAllStringFunc(name, redactParameter)
	u, err := url.Parse(name)
	if err != nil {
		return inBroken.ReplaceAllString(name, "$1:xxxxx@")
	}
	if u.User != nil {
		if _, ok := u.User.Password(); !ok {
			return name
		}
	}
	return inUser.ReplaceAllString(name, "$1:xxxxx@")
}

// redactParameter hides the value of a parameter that is a password, however its
// name is written.
func redactParameter(parameter string) string {
	rawName, _, _ := strings.Cut(parameter[1:], "=")
	name, err := url.QueryUnescape(rawName)
	if err != nil || !strings.EqualFold(name, "password") && !strings.EqualFold(name, "sslpassword") {
		return parameter
	}
	return parameter[:1] + rawName + "=xxxxx"
}

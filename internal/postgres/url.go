package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// IsURL tells whether a name of a store is a PostgreSQL URL.
func IsURL(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

// nearlyURL is one with a typing error, or libpq's keywords.
var nearlyURL = regexp.MustCompile(`(?i)^postgres(ql)?:|^postgres(ql)?/.*@|(dbname|password)\s*=|^\s*(host|hostaddr|port|user|service)\s*=`)

// IsNearlyURL tells whether a name is meant for PostgreSQL and is not a URL. As a SQLite file it
// would be named after its password.
func IsNearlyURL(name string) bool { return nearlyURL.MatchString(name) }

// HasPassword tells whether a URL shows a password.
func HasPassword(name string) bool { return Redact(name) != name }

var (
	// inQuery finds the parameters of a URL.
	inQuery = regexp.MustCompile(`[?&][^?&=]*=[^&]+`)

	// inUser finds a password before the host: it may have any character, and so goes up to
	// the last @. When in doubt a text is taken for a password.
	inUser = regexp.MustCompile(`(?s)^(postgres(?:ql)?://[^:/]*):.*@`)
)

// Redact is a URL without its passwords, for people to read.
func Redact(name string) string {
	return inUser.ReplaceAllString(inQuery.ReplaceAllStringFunc(name, redactParameter), "$1:xxxxx@")
}

// malformed is pgx's error for a bad URL, without the URL, which the caller names, and
// without the texts of Go's packages.
func malformed(err error) error {
	text := err.Error()
	text = text[strings.LastIndex(text, "`: ")+len("`: "):]
	wrong, _, _ := strings.Cut(text, " (")
	cause := errors.Unwrap(err)
	switch number := (*strconv.NumError)(nil); {
	case errors.As(cause, &number):
		return fmt.Errorf("%s; use a whole number", wrong)
	case cause != nil && strings.HasPrefix(cause.Error(), "time: "):
		return fmt.Errorf("%s; use a time such as 30s or 1h", wrong)
	}
	return errors.New(text)
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

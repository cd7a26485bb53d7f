package gong

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SetText sets a field of the contract from plain text, such as a cell of a
// table. Enums and booleans are taken in any case, times as ParseTime takes
// them, a duration as a whole number with or without a fraction of zeros. It
// returns a *FieldError, or ErrUnknownField.
func (c *Call) SetText(name, text string) error {
	if !IsField(name) {
		return ErrUnknownField
	}
	if err := ValidText(text); err != nil {
		return &FieldError{name, err.Error()}
	}
	if err := c.set(name, text); err != nil {
		return &FieldError{name, err.Error()}
	}
	return nil
}

// set sets a field from valid text. The error lacks the field's name.
func (c *Call) set(name, text string) error {
	switch name {
	case "id":
		c.ID = text
		return nil
	case "scheduled":
		return setParsed(&c.Scheduled, text, ParseTime)
	case "started":
		return setParsed(&c.Started, text, ParseTime)
	case "duration":
		return setParsed(&c.Duration, text, parseWhole)
	case "direction":
		return setParsed(&c.Direction, text, oneOf(directions[:]))
	case "scope":
		return setParsed(&c.Scope, text, oneOf(callScopes[:]))
	case "media":
		return setParsed(&c.Media, text, oneOf(mediaTypes[:]))
	case "isPrivate":
		return setParsed(&c.IsPrivate, text, parseBool)
	}
	*c.text(name) = new(text)
	return nil
}

// setParsed sets a field to what parse makes of a text.
func setParsed[T any](field **T, text string, parse func(string) (T, error)) error {
	value, err := parse(text)
	if err == nil {
		*field = &value
	}
	return err
}

// oneOf parses one of the accepted values, in any case.
func oneOf[T ~string](accepted []T) func(string) (T, error) {
	return func(text string) (T, error) {
		for _, value := range accepted {
			if len(text) == len(value) && strings.EqualFold(text, string(value)) {
				return value, nil
			}
		}
		names := make([]string, len(accepted))
		for i, value := range accepted {
			names[i] = string(value)
		}
		return "", fmt.Errorf("%.*q is not one of %s", maxEcho, text, strings.Join(names, ", "))
	}
}

func parseBool(text string) (bool, error) {
	switch {
	case strings.EqualFold(text, "true"):
		return true, nil
	case strings.EqualFold(text, "false"):
		return false, nil
	}
	return false, fmt.Errorf("%.*q is neither true nor false", maxEcho, text)
}

// parseWhole parses a whole number of at least 0, which some tools write with
// a fraction of zeros.
func parseWhole(text string) (int64, error) {
	digits, fraction, point := strings.Cut(text, ".")
	zeros := strings.Trim(fraction, "0") == "" && point == (fraction != "")
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || !zeros {
		hint := ""
		if strings.Contains(text, ",") {
			hint = "; write it without a comma"
		}
		return 0, fmt.Errorf("%.*q is not a whole number of at least 0%s", maxEcho, text, hint)
	}
	return int64(n), nil
}

var (
	errNUL       = errors.New("must not have a NUL character")
	errUTF8      = errors.New("is not valid UTF-8")
	errSurrogate = errors.New("must not have a lone surrogate")
	errTwice     = errors.New("appears twice")
	errDeep      = fmt.Errorf("is nested more than %d deep", maxDepth)
)

// ValidText tells what keeps a text out of a document, or nil: it must be
// UTF-8 without NUL, which not every store can hold.
func ValidText(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return errNUL
	}
	if !utf8.ValidString(s) {
		return errUTF8
	}
	return nil
}

// ValidID tells what keeps a text from being the id of a call or a workspace, or
// nil: it must have 1 to 20 decimal digits without leading zeros.
func ValidID(digits string) error {
	switch {
	case digits == "":
		return errNoID
	case len(digits) > 20 || strings.Trim(digits, "0123456789") != "":
		return fmt.Errorf("%.*q is not a number of 1 to 20 digits", maxEcho, digits)
	case len(digits) > 1 && digits[0] == '0':
		return fmt.Errorf("%q has leading zeros; write the number of 1 to 20 digits without them", digits)
	}
	return nil
}

var errNoID = errors.New("is missing or empty; it must be a number of 1 to 20 digits, under exactly this name")

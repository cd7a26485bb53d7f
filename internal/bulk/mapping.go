package bulk

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/when"
)

// Mapping says which columns of tables fill which fields. With it, cells may have times
// as a clock shows them and as seconds since 1970, durations as h:mm:ss, directions
// with more words, dashes for none, and caller IDs of a host.
type Mapping struct {
	Zone *time.Location // of times without an offset; nil refuses them

	columns map[string]string // by field
}

var errNotMapped = errors.New("--map is for CSV, and this file is of another format; leave it out")

const useMap = `use FIELD=COLUMN, such as id="Call ID",started=Start,duration=Length`

// With is the mapping with the columns that a text adds, such as id="Call ID",started=Start.
// Quotation marks may enclose a column, and must if it has a comma.
func (m Mapping) With(text string) (Mapping, error) {
	m.columns = maps.Clone(m.columns)
	if m.columns == nil {
		m.columns = make(map[string]string)
	}
	for rest := text; rest != ""; {
		field, column, next, ok := cutMap(rest)
		switch {
		case !ok:
			return Mapping{}, fmt.Errorf("%.80q: %s", text, useMap)
		case !gong.IsField(field):
			return Mapping{}, fmt.Errorf("%.80q: %.40q is not a field; use one of %s", text, field, strings.Join(gong.FieldNames(), ", "))
		case m.columns[field] != "":
			return Mapping{}, fmt.Errorf("%.80q: the field %s has a column already; map it once", text, field)
		case m.has(column):
			return Mapping{}, fmt.Errorf("%.80q: the column %.40q fills a field already; map it once", text, column)
		}
		m.columns[field], rest = column, next
	}
	return m, nil
}

// cutMap takes the first field and column of a text.
func cutMap(text string) (field, column, rest string, ok bool) {
	field, rest, ok = strings.Cut(text, "=")
	if marked, found := strings.CutPrefix(rest, `"`); found {
		column, rest, found = strings.Cut(marked, `"`)
		ok = ok && found && (rest == "" || rest[0] == ',')
		rest = strings.TrimPrefix(rest, ",")
	} else {
		column, rest, _ = strings.Cut(rest, ",")
	}
	return strings.TrimSpace(field), column, rest, ok && column != ""
}

func (m Mapping) isEmpty() bool { return len(m.columns) == 0 }

// Fills tells whether a column fills a field.
func (m Mapping) Fills(field string) bool { return m.columns[field] != "" }

// has tells whether a column is mapped.
func (m Mapping) has(name string) bool {
	for _, column := range m.columns {
		if isLike(column, name) {
			return true
		}
	}
	return false
}

// isLike tells whether two names are equal but for case and spaces around them.
func isLike(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) }

// apply gives mapped columns the names of their fields. It leaves out columns that are named
// like a field which another column fills, or like any but for case and spaces.
func (m Mapping) apply(h *header) error {
	if m.isEmpty() {
		return nil
	}
	h.leftOut = make(map[int]string)
	for i, name := range h.sent {
		if field := likeField(name); field != "" && (field != name || m.Fills(field)) {
			h.leftOut[i] = name
		}
	}
	h.names = slices.Clone(h.sent)
	for i := range h.leftOut {
		h.names[i] = ""
	}
	for _, field := range gong.FieldNames() {
		if !m.Fills(field) {
			continue
		}
		i, err := find(h.sent, m.columns[field])
		if err != nil && h.isData() {
			return h.headerless()
		}
		if err != nil {
			return fmt.Errorf("%w in the header %s; map %s to a column of it", err, h.shown(), field)
		}
		h.names[i] = field
		delete(h.leftOut, i)
	}
	return nil
}

// find is the place of a column. Where no name is equal, one may differ by case and by
// spaces around it.
func find(names []string, column string) (place int, err error) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, isLike} {
		found := 0
		for i, name := range names {
			if same(name, column) {
				place, found = i, found+1
			}
		}
		if found == 1 {
			return place, nil
		}
		if found > 1 {
			return 0, fmt.Errorf("the column %.40q of --map appears twice", column)
		}
	}
	return 0, fmt.Errorf("the column %.40q of --map was not found", column)
}

// cell is a cell as gong.Call.SetText takes it, empty for none, or what is wrong with it.
func (m Mapping) cell(name, cell string) (text, problem string) {
	if m.isEmpty() {
		return cell, ""
	}
	var err error
	switch name {
	case "scheduled", "started", "duration", "direction":
		if strings.Trim(cell, "- ") == "" { // such as "--", for none
			return "", ""
		}
	}
	switch name {
	case "scheduled", "started":
		cell, err = m.time(strings.TrimSpace(cell))
	case "duration":
		cell, err = seconds(strings.TrimSpace(cell))
	case "direction":
		cell = direction(cell)
	case "primaryUserId":
		cell = caller(cell)
	}
	if err != nil {
		return "", err.Error()
	}
	return cell, ""
}

// time reads an instant, seconds since 1970, or what the zone's clock showed.
func (m Mapping) time(cell string) (string, error) {
	if isNumber(cell) && 9 <= len(cell) && len(cell) <= 11 {
		n, _ := strconv.ParseInt(cell, 10, 64)
		return gong.TimeOf(time.Unix(n, 0).UTC()).String(), nil
	}
	instant := strings.Replace(cell, " ", "T", 1)
	if _, err := gong.ParseTime(instant); err == nil {
		return instant, nil
	}
	zone := m.Zone
	if zone == nil {
		zone = time.UTC
	}
	t, err := when.Clock(cell, zone)
	if err != nil {
		return "", err
	}
	if m.Zone == nil {
		return "", fmt.Errorf("%.40q has no UTC offset; pass --tz and its zone, such as --tz Europe/Berlin", cell)
	}
	return gong.TimeOf(t).String(), nil
}

// seconds reads h:mm:ss and m:ss; what has no colon is left as it is.
func seconds(cell string) (string, error) {
	parts := strings.Split(cell, ":")
	if len(parts) == 1 {
		return cell, nil
	}
	total := 0
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if len(parts) > 3 || err != nil || !isNumber(part) || len(part) > 6 || i > 0 && (n > 59 || len(part) != 2) {
			return "", fmt.Errorf("%.40q is not a duration; use seconds, m:ss or h:mm:ss", cell)
		}
		total = total*60 + n
	}
	return strconv.Itoa(total), nil
}

// direction is the direction that a text begins with, such as outbound-api.
func direction(cell string) string {
	for _, d := range []gong.Direction{gong.Inbound, gong.Outbound} {
		if n := len(d); len(cell) >= n && strings.EqualFold(cell[:n], string(d)) {
			return string(d)
		}
	}
	return cell
}

// caller is the name of a caller ID such as "Ana Silva" <200>, or without a name the number.
func caller(cell string) string {
	name, number, _ := strings.Cut(strings.TrimSpace(cell), "<")
	number, isWhole := strings.CutSuffix(number, ">")
	if !isWhole || strings.Trim(number, "+*#0123456789") != "" {
		return cell
	}
	return cmp.Or(strings.Trim(name, `" `), number)
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// ParseSource reads the name of the system that calls come from. Its error says what to type.
func ParseSource(text string) (string, error) {
	if err := gong.ValidText(text); err != nil {
		return "", fmt.Errorf("%.40q %w; use a name such as pbx1", text, err)
	}
	return text, nil
}

// ParseAppURL reads the address of the app that calls are seen in. Its error says what to type.
func ParseAppURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%.80q: use an address such as https://us-10001.app.example.com", text)
	}
	return strings.TrimRight(text, "/"), nil
}

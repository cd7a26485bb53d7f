package bulk

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/callvault/callvault/gong"
)

// delimiters may separate the cells of a table. Spreadsheets name another one in a first
// line such as sep=^.
const delimiters = ",;\t|"

// header is the first record of a table, which names its columns.
type header struct {
	names     []string
	delimiter byte
	lines     int  // of the source, with those of the header
	returns   bool // lines end with a carriage return alone, as the header does
}

// readHeader takes the header, behind white space. The delimiter is the one that gives the most names of
// fields, among them id or document.
func readHeader(in *bufio.Reader, space string) (header, error) {
	h := header{lines: strings.Count(space, "\n") + strings.Count(space, "\r") - strings.Count(space, "\r\n")}
	in.Discard(strings.LastIndexAny(space, "\r\n") + 1)
	line, err := h.line(in)
	if err != nil {
		return h, err
	}
	if err := nameKind(line); err != nil {
		return h, err
	}
	named, isNamed := namedDelimiter(line)
	if isNamed {
		if line, err = h.line(in); err != nil {
			return h, err
		}
	}
	if err := gong.ValidText(string(line)); err != nil {
		return h, fmt.Errorf("the header %w; convert the file: iconv -f WINDOWS-1252 -t UTF-8 FILE | callvault import -", err)
	}
	if isNamed {
		h.delimiter = named
		h.names, err = splitHeader(line, named)
	} else {
		err = h.decide(line)
	}
	if err != nil {
		return h, err
	}
	return h, h.check()
}

// line takes a line. A line end within quotation marks does not end it.
func (h *header) line(in *bufio.Reader) ([]byte, error) {
	var line []byte
	quoted := false
	for {
		c, err := in.ReadByte()
		switch {
		case err == io.EOF && quoted || len(line) > 4*maxRecord:
			if kind := nameKind(line); kind != nil {
				return nil, kind
			}
			if !quoted {
				return nil, fmt.Errorf("the first line is longer than %d bytes: %w", 4*maxRecord, errNoFormat)
			}
			return nil, errors.New("a quotation mark in the header is not closed")
		case err == io.EOF:
			h.lines++
			return line, nil
		case err != nil:
			return nil, err
		}
		ended := !quoted && (c == '\n' || len(line) > 0 && line[len(line)-1] == '\r')
		if ended && c != '\n' {
			in.UnreadByte()
			h.lines++
			h.returns = true
			return line, nil
		}
		line = append(line, c)
		switch {
		case c == '\n':
			h.lines++
			if ended {
				h.returns = false
				return line, nil
			}
		case c == '"':
			quoted = !quoted
		}
	}
}

// namedDelimiter is the delimiter that a line such as sep=; names.
func namedDelimiter(line []byte) (delimiter byte, ok bool) {
	line = bytes.Trim(line, "\r\n\"")
	if len(line) != 5 || !strings.EqualFold(string(line[:4]), "sep=") || line[4] == 0 || line[4] >= 0x80 {
		return 0, false
	}
	return line[4], true
}

func splitHeader(line []byte, delimiter byte) ([]string, error) {
	table := csv.NewReader(bytes.NewReader(bytes.TrimRight(line, "\r\n")))
	table.Comma = rune(delimiter)
	names, err := table.Read()
	if err == io.EOF {
		return nil, errors.New("the header after the line sep= is missing")
	}
	if err != nil {
		return nil, fmt.Errorf("not a CSV header: %s", csvProblem(err))
	}
	return names, nil
}

// decide finds the delimiter.
func (h *header) decide(line []byte) error {
	most := -1
	var broken error
	for _, delimiter := range []byte(delimiters) {
		names, err := splitHeader(line, delimiter)
		if err != nil {
			broken = err
			continue
		}
		n := known(names)
		if n > most {
			h.names, h.delimiter, most = names, delimiter, n
		}
	}
	if h.names == nil {
		return broken
	}
	return nil
}

// known counts the names that are fields. It is 0 if neither id nor document is among
// them.
func known(names []string) int {
	n, isTable := 0, false
	for _, name := range names {
		if field, ok := likeField(name); ok {
			n++
			isTable = isTable || field == "id" || field == documentColumn
		}
	}
	if !isTable {
		return 0
	}
	return n
}

// check returns what is wrong with the names.
func (h *header) check() error {
	if err := h.mixed(); err != nil {
		return err
	}
	return checkNames(h.names, h.delimiter)
}

// checkNames returns what is wrong with the names of a table's columns.
func checkNames(names []string, delimiter byte) error {
	seen := make(map[string]bool, len(names))
	var mistakes []string
	for _, name := range names {
		if strings.ContainsAny(name, "\r\n") {
			return fmt.Errorf("the column name %.40q has a line end; a quotation mark may not be closed", name)
		}
		if field, ok := likeField(name); ok && field != name && !seen[name] {
			mistakes = append(mistakes, fmt.Sprintf("%.40q to %s", name, field))
		}
		if seen[name] && name != "" {
			return fmt.Errorf("the column %.40q appears twice", name)
		}
		seen[name] = true
	}
	switch {
	case len(mistakes) > 0:
		return fmt.Errorf("columns differ from fields only by case, spaces or invisible characters; rename %s", strings.Join(mistakes[:min(len(mistakes), 21)], ", "))
	case seen["_airbyte_data"] && !seen["id"] && !seen[documentColumn]:
		return errors.New("the column _airbyte_data holds the calls; rename it to document")
	case !seen["id"] && !seen[documentColumn]:
		return missingColumns(names, delimiter)
	}
	return nil
}

// mixed refuses a name that another delimiter splits into names of fields.
func (h *header) mixed() error {
	for _, name := range h.names {
		for _, other := range delimiters {
			parts := strings.Split(name, string(other))
			if len(parts) > 1 && !slices.ContainsFunc(parts, func(part string) bool { return !slices.Contains(tableColumns, part) }) {
				return fmt.Errorf("the header mixes the delimiters %q and %q, in %.40q; use one of them throughout", h.delimiter, other, name)
			}
		}
	}
	return nil
}

// likeField returns the field, or document, that a name equals except for case, spaces
// and invisible characters.
func likeField(name string) (field string, ok bool) {
	bare := strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.White_Space, unicode.Cc, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
			return -1
		}
		return r
	}, name)
	i := slices.IndexFunc(tableColumns, func(field string) bool { return strings.EqualFold(field, bare) })
	if i < 0 {
		return "", false
	}
	return tableColumns[i], true
}

// tableColumns are the columns of a table that are not further fields.
var tableColumns = append(gong.FieldNames(), documentColumn)

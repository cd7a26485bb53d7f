package bulk

import (
	"errors"
	"slices"

	"github.com/callvault/callvault/gong"
)

// documentColumn is the last column of a table: the whole call, which is what an
// import goes by where it is there.
const documentColumn = "document"

// unknownColumns are those that become further fields.
func unknownColumns(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return gong.IsField(name) || name == documentColumn || name == "" })
}

// parseDocument reads a call from the column document.
func parseDocument(document []byte) (gong.Call, error) {
	call, err := parseRecord(document)
	var e *gong.CallError
	if !errors.As(err, &e) {
		return call, err
	}
	for i := range e.Problems {
		if e.Problems[i].Field == "" {
			e.Problems[i].Field = documentColumn
			e.Problems[i].Problem += "; this column is for whole calls, as JSON"
		}
	}
	return call, e
}

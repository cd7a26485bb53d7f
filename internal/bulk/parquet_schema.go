package bulk

import (
	"reflect"

	"github.com/parquet-go/parquet-go"

	"github.com/callvault/callvault/gong"
)

// The numbers of fields whose columns are no texts, or have few values.
const (
	idField        = 0
	scheduledField = 3
	startedField   = 4
	durationField  = 5
	hostField      = 6
	directionField = 7
	scopeField     = 9
	mediaField     = 10
	workspaceField = 12
	privateField   = 18
)

// parquetSchema has the columns in the order of the contract, then names, and the document last. Times are
// instants of whole microseconds, floored; the document has the text that was sent. It uses
// only encodings that every reader knows: plain values, and a dictionary where they are few.
func parquetSchema() *parquet.Schema {
	table := &parquetTable{Node: parquet.Group{}}
	for i, name := range gong.FieldNames() {
		node := parquetNode(i)
		if i != idField { // which every call has
			node = parquet.Optional(node)
		}
		table.fields = append(table.fields, namedNode{node, name})
	}
	for _, name := range nameColumns {
		node := parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
		table.fields = append(table.fields, namedNode{node, name})
	}
	document := parquet.Encoded(parquet.Leaf(textType{parquet.String().Type()}), &parquet.Plain)
	table.fields = append(table.fields, namedNode{document, documentColumn})
	return parquet.NewSchema("calls", table)
}

// parquetNode is the type of the column of a field.
func parquetNode(field int) parquet.Node {
	switch field {
	case scheduledField, startedField:
		return parquet.Encoded(parquet.Timestamp(parquet.Microsecond), &parquet.Plain)
	case durationField:
		return parquet.Encoded(parquet.Int(64), &parquet.Plain)
	case privateField:
		return parquet.Encoded(parquet.Leaf(parquet.BooleanType), &parquet.Plain)
	case directionField, scopeField, mediaField, workspaceField:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	}
	return parquet.Encoded(parquet.Leaf(textType{parquet.String().Type()}), &parquet.Plain)
}

// parquetTable is a group whose fields stay in their order; those of a
// parquet.Group are in the order of their names.
type parquetTable struct {
	parquet.Node
	fields []parquet.Field
}

func (t *parquetTable) Fields() []parquet.Field { return t.fields }

// namedNode is a column.
type namedNode struct {
	parquet.Node
	name string
}

func (n namedNode) Name() string                           { return n.name }
func (n namedNode) Value(base reflect.Value) reflect.Value { return base }

// textType is text whose bounds are shortened before they are kept. The library
// shortens them only in the end, and keeps the whole texts until the file is
// closed: two of each page.
type textType struct{ parquet.Type }

func (t textType) NewColumnIndexer(limit int) parquet.ColumnIndexer {
	return &textIndexer{t.Type.NewColumnIndexer(limit), limit}
}

type textIndexer struct {
	parquet.ColumnIndexer
	limit int
}

func (i *textIndexer) IndexPage(values, nulls int64, least, most parquet.Value) {
	i.ColumnIndexer.IndexPage(values, nulls, i.short(least), i.short(most))
}

// short is a bound with one byte more than is kept, so that the library sees that
// it goes on.
func (i *textIndexer) short(v parquet.Value) parquet.Value {
	if v.IsNull() || len(v.ByteArray()) <= i.limit {
		return v
	}
	return parquet.ByteArrayValue(v.ByteArray()[:i.limit+1])
}

package bulk

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/callvault/callvault/gong"
)

// meaning is what the values of a column stand for.
type meaning int

const (
	otherMeaning meaning = iota // nothing that is read
	aText
	aWhole
	anUnsigned
	aFraction
	aBoolean
	anInstant
	aLocalTime // a date and time of no zone
	aDate
)

func (m meaning) String() string {
	return [...]string{"values of a type that is not read", "text", "whole numbers", "whole numbers", "numbers with a fraction",
		"booleans", "instants", "times without a zone", "dates without a time"}[m]
}

// parquetField puts the values of a column into calls.
type parquetField struct {
	name    string
	means   meaning
	unit    time.Duration // of an instant
	narrow  bool          // its numbers have 32 bits
	isField bool          // the contract names it
}

// newParquetField says what a column is for, and refuses one that cannot be read
// without a guess.
func newParquetField(e *format.SchemaElement) (*parquetField, error) {
	f := &parquetField{name: e.Name, isField: gong.IsField(e.Name), narrow: e.Type.V == format.Int32}
	f.means, f.unit = meaningOf(e)
	if f.means == otherMeaning {
		return nil, fmt.Errorf("the column %.40q has %v (%s); accepted are text, numbers, booleans and timestamps", f.name, f.means, typeName(e))
	}
	if wanted := f.wants(); wanted != "" {
		return nil, fmt.Errorf("the column %.40q has %v; accepted are %s", f.name, f.means, wanted)
	}
	return f, nil
}

func typeName(e *format.SchemaElement) string {
	if e.LogicalType.Value != nil {
		return e.LogicalType.String()
	}
	return e.Type.V.String()
}

// wants is what a column would have to have; empty when it has that.
func (f *parquetField) wants() string {
	isDigits := f.means == aText || f.means == aWhole || f.means == anUnsigned
	switch {
	case f.name == documentColumn:
		if f.means != aText {
			return "texts, each a whole call as JSON"
		}
	case !f.isField:
	case f.name == "scheduled" || f.name == "started":
		if f.means != aText && f.means != anInstant {
			return "timestamps in UTC, and texts with a UTC offset such as 2018-02-18T02:30:00-07:00"
		}
	case f.name == "duration":
		if !isDigits && f.means != aFraction {
			return "whole numbers"
		}
	case f.name == "isPrivate":
		if f.means != aText && f.means != aBoolean {
			return "booleans"
		}
	case f.name == "id" || f.name == "workspaceId" || f.name == "primaryUserId":
		if !isDigits { // a float64 holds 15 digits of an id's 20
			return "texts of digits, and whole numbers"
		}
	case !isDigits:
		return "texts"
	}
	return ""
}

// meaningOf reads the type of a column, by its newer form and by its older one.
func meaningOf(e *format.SchemaElement) (meaning, time.Duration) {
	switch t := e.LogicalType.Value.(type) {
	case nil:
		return meaningOfOlder(e)
	case *format.StringType, *format.EnumType, *format.JsonType:
		if e.Type.V == format.ByteArray {
			return aText, 0
		}
	case *format.IntType:
		return whole(e.Type.V, t.IsSigned), 0
	case *format.DateType:
		return aDate, 0
	case *format.TimestampType:
		if e.Type.V != format.Int64 || t.Unit.Value == nil {
			return otherMeaning, 0
		}
		if !t.IsAdjustedToUTC {
			return aLocalTime, 0
		}
		return anInstant, t.Unit.Value.Duration()
	}
	return otherMeaning, 0
}

func whole(t format.Type, isSigned bool) meaning {
	switch {
	case t != format.Int32 && t != format.Int64:
		return otherMeaning
	case isSigned:
		return aWhole
	}
	return anUnsigned
}

func meaningOfOlder(e *format.SchemaElement) (meaning, time.Duration) {
	if !e.ConvertedType.Valid {
		return meaningOfPlain(e.Type.V), 0
	}
	switch e.ConvertedType.V {
	case deprecated.UTF8, deprecated.Enum, deprecated.Json:
		return meaningOfPlain(e.Type.V), 0
	case deprecated.Date:
		return aDate, 0
	case deprecated.TimestampMillis:
		return anInstant, time.Millisecond
	case deprecated.TimestampMicros:
		return anInstant, time.Microsecond
	case deprecated.Int8, deprecated.Int16, deprecated.Int32, deprecated.Int64:
		return whole(e.Type.V, true), 0
	case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
		return whole(e.Type.V, false), 0
	}
	return otherMeaning, 0
}

func meaningOfPlain(t format.Type) meaning {
	switch t {
	case format.ByteArray:
		return aText
	case format.Int32, format.Int64:
		return aWhole
	case format.Float, format.Double:
		return aFraction
	case format.Boolean:
		return aBoolean
	}
	return otherMeaning
}

// set puts a value into a call. The error is a *gong.FieldError. A number that is
// none (NaN) is no value: pandas has such where a number is missing.
func (f *parquetField) set(call *gong.Call, v cell) error {
	if v.null || f.means == aFraction && math.IsNaN(v.float()) {
		return nil
	}
	if f.isField {
		return call.SetText(f.name, f.text(v))
	}
	value, err := f.json(v)
	if err != nil {
		return &gong.FieldError{Field: f.name, Problem: err.Error()}
	}
	call.Further = append(call.Further, gong.Field{Name: f.name, Value: value})
	return nil
}

// text is a value as a person writes it.
func (f *parquetField) text(v cell) string {
	switch f.means {
	case aText:
		return string(v.bytes)
	case anUnsigned:
		n := uint64(v.number)
		if f.narrow {
			n = uint64(uint32(n))
		}
		return strconv.FormatUint(n, 10)
	case aFraction:
		return strconv.FormatFloat(v.float(), 'f', -1, 64)
	case aBoolean:
		return strconv.FormatBool(v.number != 0)
	case anInstant:
		return gong.TimeOf(f.instant(v.number)).String()
	case aDate:
		return time.Unix(v.number*24*60*60, 0).UTC().Format(time.DateOnly)
	}
	return strconv.FormatInt(v.number, 10)
}

// instant is so many units since 1970.
func (f *parquetField) instant(n int64) time.Time {
	switch f.unit {
	case time.Millisecond:
		return time.UnixMilli(n).UTC()
	case time.Microsecond:
		return time.UnixMicro(n).UTC()
	}
	return time.Unix(0, n).UTC()
}

var errInfinite = errors.New("is infinite")

// json is the value of a further field.
func (f *parquetField) json(v cell) (json.RawMessage, error) {
	switch f.means {
	case aText, anInstant, aDate, aLocalTime:
		text := f.text(v)
		if err := gong.ValidText(text); err != nil {
			return nil, err
		}
		return gong.AppendString(nil, text), nil
	case aFraction:
		if math.IsInf(v.float(), 0) {
			return nil, errInfinite
		}
		return strconv.AppendFloat(nil, v.float(), 'g', -1, 64), nil
	}
	return []byte(f.text(v)), nil
}

package bulk

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/callvault/callvault/gong"
)

// parquetType is the type of a column.
type parquetType struct {
	words string                     // such as texts
	text  func(parquet.Value) string // a value as CSV has it; nil if import does not read them
}

const (
	texts     = "texts"
	wholes    = "whole numbers"
	decimals  = "decimals"
	fractions = "numbers with a fraction"
	booleans  = "booleans"
	instants  = "timestamps in UTC"
)

// isJSON tells whether a value is JSON as it is.
func (t parquetType) isJSON() bool {
	return t.words == wholes || t.words == decimals || t.words == fractions || t.words == booleans
}

func typeOf(t parquet.Type) parquetType {
	kind := t.Kind()
	var logical any
	if l := t.LogicalType(); l != nil {
		logical = l.Value
	}
	switch l := logical.(type) {
	case *format.StringType, *format.EnumType, *format.JsonType, *format.NullType:
		return parquetType{texts, parquet.Value.String}
	case *format.IntType:
		if l.IsSigned {
			return parquetType{wholes, parquet.Value.String}
		}
		return parquetType{wholes, unsigned}
	case *format.DecimalType:
		if l.Scale >= 0 && l.Scale <= 76 { // digits of 256 bits
			return parquetType{decimals, func(v parquet.Value) string { return decimal(v, int(l.Scale)) }}
		}
	case *format.DateType:
		return parquetType{"dates without a time", func(v parquet.Value) string {
			return time.Unix(int64(v.Int32())*24*60*60, 0).UTC().Format(time.DateOnly)
		}}
	case *format.TimestampType:
		second := int64(time.Second / l.Unit.Value.Duration())
		at := func(v parquet.Value) time.Time {
			return time.Unix(v.Int64()/second, v.Int64()%second*int64(time.Second)/second).UTC()
		}
		if l.IsAdjustedToUTC {
			return parquetType{instants, func(v parquet.Value) string { return gong.TimeOf(at(v)).String() }}
		}
		return parquetType{"times without a zone", func(v parquet.Value) string { return at(v).Format("2006-01-02T15:04:05.999999999") }}
	case nil:
		switch kind {
		case parquet.ByteArray:
			return parquetType{texts, parquet.Value.String}
		case parquet.Int32, parquet.Int64:
			return parquetType{wholes, parquet.Value.String}
		case parquet.Boolean:
			return parquetType{booleans, parquet.Value.String}
		case parquet.Float, parquet.Double:
			return parquetType{fractions, fraction}
		case parquet.Int96:
			return parquetType{instants, julian}
		}
	}
	return parquetType{words: fmt.Sprintf("values of the type %v", t)}
}

func unsigned(v parquet.Value) string {
	if v.Kind() == parquet.Int32 {
		return strconv.FormatUint(uint64(v.Uint32()), 10)
	}
	return strconv.FormatUint(v.Uint64(), 10)
}

// fraction is as JSON has it, but for NaN and infinities.
func fraction(v parquet.Value) string {
	number := any(v.Double())
	if v.Kind() == parquet.Float {
		number = v.Float()
	}
	if text, err := json.Marshal(number); err == nil {
		return string(text)
	}
	return v.String()
}

// julian is an INT96: a day and nanoseconds, of UTC where Spark, Snowflake and Impala
// write it.
func julian(v parquet.Value) string {
	const unixDay = 2440588
	n := v.Int96()
	return gong.TimeOf(time.Unix((int64(n[2])-unixDay)*24*60*60, n.Int64()).UTC()).String()
}

// decimal is without zeros at the end of its fraction.
func decimal(v parquet.Value, scale int) string {
	n := big.NewInt(v.Int64())
	switch v.Kind() {
	case parquet.Int32:
		n.SetInt64(int64(v.Int32()))
	case parquet.ByteArray, parquet.FixedLenByteArray: // a two's complement
		data := v.ByteArray()
		if n.SetBytes(data); len(data) > 0 && data[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(data))))
		}
	}
	if scale == 0 {
		return n.String()
	}
	text := new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)).FloatString(scale)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// check refuses a column that cannot be read without a guess.
func (t parquetType) check(column string) error {
	if t.text == nil {
		return fmt.Errorf("the column %.40q has %s; leave it out, or make it text", column, t.words)
	}
	wanted := []string{texts, wholes, decimals} // a float64 holds 15 digits of an id's 20
	switch column {
	case documentColumn:
		wanted = []string{texts}
	case "scheduled", "started":
		wanted = []string{instants, texts}
	case "isPrivate":
		wanted = []string{booleans, texts}
	case "duration":
		wanted = append(wanted, fractions)
	}
	if slices.Contains(tableColumns, column) && !slices.Contains(wanted, t.words) {
		return fmt.Errorf("the column %.40q has %s; make them %s", column, t.words, strings.Join(wanted, " or "))
	}
	return nil
}

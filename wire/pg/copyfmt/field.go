package copyfmt

import (
	"encoding/binary"
	"math"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// field reads the values of one column.
type field struct {
	name     string
	target   *types.Type
	input    *types.Type
	oid      uint32
	settings *encode.Settings
	labels   map[string]int
	scratch  []byte
	// parse appends a value's text, receive its binary form.
	parse, receive func(f *field, c *types.ColumnBuilder, b []byte) error
}

// InputTypes returns the types of the chunks that a Decoder of these columns
// sends: the column's own where its values are parsed here, JSON for nested values,
// else VARCHAR, which the database is to cast.
func InputTypes(columns []types.Column) []*types.Type {
	out := make([]*types.Type, len(columns))
	for i, c := range columns {
		out[i] = inputType(c.Type)
	}
	return out
}

func inputType(t *types.Type) *types.Type {
	switch t.ID {
	case types.Boolean, types.TinyInt, types.SmallInt, types.Integer, types.BigInt,
		types.UTinyInt, types.USmallInt, types.UInteger, types.UBigInt, types.HugeInt, types.Float, types.Double, types.Decimal,
		types.Blob, types.UUID, types.Enum,
		types.Date, types.Time, types.TimeTZ, types.Timestamp, types.TimestampS, types.TimestampMS, types.TimestampTZ, types.Interval:
		return t
	case types.Varchar: // an alias other than JSON is the database's to look at
		if t.Alias == "" || t.Alias == "JSON" {
			return t
		}
	case types.List, types.Array:
		elem := t.Child
		for elem.ID == types.Array {
			elem = elem.Child
		}
		if inputType(elem) == elem && encode.Map(t, nil).OID != encode.OIDJSON {
			return t
		}
	}
	if encode.Map(t, nil).OID == encode.OIDJSON {
		return &types.Type{ID: types.Varchar, Alias: "JSON"}
	}
	return types.Of(types.Varchar)
}

func newField(c types.Column, s *encode.Settings) field {
	f := field{name: c.Name, target: c.Type, input: inputType(c.Type), settings: s, oid: encode.Map(c.Type, nil).OID}
	f.parse, f.receive = parserOf(f.input), receiverOf(f.target, f.input)
	if f.input.ID == types.Enum {
		f.labels = make(map[string]int, len(f.input.Labels))
		for i, l := range f.input.Labels {
			f.labels[l] = i
		}
	}
	return f
}

type parseFunc = func(f *field, c *types.ColumnBuilder, b []byte) error

func parserOf(t *types.Type) parseFunc {
	switch t.ID {
	case types.Boolean:
		return parseBool
	case types.SmallInt:
		return parseSigned[int16]
	case types.Integer:
		return parseSigned[int32]
	case types.BigInt:
		return parseSigned[int64]
	case types.Float:
		return parseFloat32
	case types.Double:
		return parseFloat64
	case types.Varchar:
		if t.Alias != "" {
			return parseAny // checked
		}
		return appendBytes
	case types.Blob:
		return parseBlob
	case types.Enum:
		return parseEnum
	case types.Date:
		return parseDate
	case types.Timestamp:
		return parseTimestamp
	case types.TimestampTZ:
		return parseTimestampTZ
	}
	return parseAny
}

func parseBool(_ *field, c *types.ColumnBuilder, b []byte) error {
	v, err := encode.ParseBool(b)
	types.AppendFixed(c, v)
	return err
}

func parseSigned[T int16 | int32 | int64](_ *field, c *types.ColumnBuilder, b []byte) error {
	v, err := encode.ParseInt(b, 8*types.PhysicalWidth(c.Type()))
	types.AppendFixed(c, T(v))
	return err
}

func parseFloat32(_ *field, c *types.ColumnBuilder, b []byte) error {
	v, err := encode.ParseFloat(b, 32)
	types.AppendFixed(c, float32(v))
	return err
}

func parseFloat64(_ *field, c *types.ColumnBuilder, b []byte) error {
	v, err := encode.ParseFloat(b, 64)
	types.AppendFixed(c, v)
	return err
}

func appendBytes(_ *field, c *types.ColumnBuilder, b []byte) error {
	c.AppendBytes(b)
	return nil
}

func parseBlob(f *field, c *types.ColumnBuilder, b []byte) (err error) {
	f.scratch, err = encode.ParseBytea(f.scratch[:0], b)
	c.AppendBytes(f.scratch)
	return err
}

func parseEnum(f *field, c *types.ColumnBuilder, b []byte) error {
	i, ok := f.labels[string(b)]
	if !ok {
		return sqlstate.Newf(sqlstate.InvalidTextRepresentation, `invalid input value for enum %s: "%s"`, f.input.Alias, b)
	}
	appendWidth(c, int64(i))
	return nil
}

func parseDate(f *field, c *types.ColumnBuilder, b []byte) error {
	v, err := encode.ParseDate(b, f.settings)
	types.AppendFixed(c, v)
	return err
}

func parseTimestamp(f *field, c *types.ColumnBuilder, b []byte) error {
	v, err := encode.ParseTimestamp(b, f.settings)
	types.AppendFixed(c, v)
	return err
}

func parseTimestampTZ(f *field, c *types.ColumnBuilder, b []byte) error {
	v, err := encode.ParseTimestampTZ(b, f.settings)
	types.AppendFixed(c, v)
	return err
}

// parseAny reads the less common types as a parameter of the mapped type.
func parseAny(f *field, c *types.ColumnBuilder, b []byte) error {
	v, err := encode.DecodeParam(0, f.oid, encode.Text, b, *f.settings)
	if err != nil {
		return withoutWhere(err)
	}
	return appendValue(c, v)
}

// withoutWhere drops the parameter from the context: the caller knows better.
func withoutWhere(err error) error {
	e := *sqlstate.From(err)
	e.Where = ""
	return &e
}

func receiverOf(target, input *types.Type) parseFunc {
	switch target.ID {
	case types.SmallInt:
		return receiveInt16
	case types.Integer, types.Float:
		return receive32
	case types.BigInt, types.Double:
		return receive64
	case types.Varchar:
		if input == target && target.Alias == "" {
			return receiveText
		}
	case types.Blob:
		return appendBytes
	case types.Enum: // its binary form is the label
		return parseEnum
	case types.Timestamp, types.TimestampTZ:
		return receiveTimestamp
	}
	return receiveAny
}

func checkSize(b []byte, n int) error {
	if len(b) == n {
		return nil
	}
	if len(b) < n {
		return sqlstate.New(sqlstate.ProtocolViolation, "insufficient data left in message")
	}
	return sqlstate.New(sqlstate.InvalidBinaryRepresentation, "incorrect binary data format")
}

func receiveInt16(_ *field, c *types.ColumnBuilder, b []byte) error {
	if err := checkSize(b, 2); err != nil {
		return err
	}
	types.AppendFixed(c, binary.BigEndian.Uint16(b))
	return nil
}

func receive32(_ *field, c *types.ColumnBuilder, b []byte) error {
	if err := checkSize(b, 4); err != nil {
		return err
	}
	types.AppendFixed(c, binary.BigEndian.Uint32(b))
	return nil
}

func receive64(_ *field, c *types.ColumnBuilder, b []byte) error {
	if err := checkSize(b, 8); err != nil {
		return err
	}
	types.AppendFixed(c, binary.BigEndian.Uint64(b))
	return nil
}

func receiveText(_ *field, c *types.ColumnBuilder, b []byte) error {
	c.AppendBytes(b)
	return encode.CheckText(b)
}

// receiveTimestamp reads the common case itself; the ends of the range are DecodeParam's.
func receiveTimestamp(f *field, c *types.ColumnBuilder, b []byte) error {
	if err := checkSize(b, 8); err != nil {
		return err
	}
	v := int64(binary.BigEndian.Uint64(b))
	if v == math.MinInt64 || v > math.MaxInt64-micros2000-1 {
		return receiveAny(f, c, b)
	}
	types.AppendFixed(c, v+micros2000)
	return nil
}

// micros2000 is PostgreSQL's epoch, 2000-01-01.
const micros2000 = 946_684_800_000_000

func receiveAny(f *field, c *types.ColumnBuilder, b []byte) error {
	v, err := encode.DecodeParam(0, f.oid, encode.Binary, b, *f.settings)
	if err != nil {
		e := withoutWhere(err)
		if sqlstate.Is(e, sqlstate.InvalidBinaryRepresentation) && len(b) > 0 {
			sqlstate.From(e).Message = "incorrect binary data format"
		}
		return e
	}
	if f.input.ID == types.Varchar {
		return appendAsText(f, c, b, v)
	}
	return appendValue(c, v)
}

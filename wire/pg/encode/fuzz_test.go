package encode_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/wire/pg/encode"
)

// FuzzDecodeParam: no input panics, every error has a code of its own, and a value
// that was read writes and reads back as itself.
func FuzzDecodeParam(f *testing.F) {
	all := sortedKeys(inputs())
	for i, typ := range all {
		for _, in := range inputs()[typ][:min(len(inputs()[typ]), 12)] {
			f.Add([]byte(in), uint8(i), false)
		}
	}
	f.Add([]byte("\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x17\x7f\xff\xff\xff\x00\x00\x00\x01"), uint8(9), true)
	f.Add([]byte("\x00\x02\x7f\xff\x40\x00\x00\x04\x00\x01\x00\x02"), uint8(17), true)
	f.Fuzz(func(t *testing.T, data []byte, which uint8, binary bool) {
		typ := all[int(which)%len(all)]
		format := encode.Text
		if binary {
			format = encode.Binary
		}
		v, err := encode.DecodeParam(7, oids[typ], format, append([]byte{}, data...), encode.Settings{})
		if err != nil {
			require.NotEqual(t, sqlstate.InternalError, sqlstate.CodeOf(err), "%v", err)
			require.Equal(t, "parameter $7", sqlstate.From(err).Where)
			return
		}
		if _, isList := v.([]any); isList || v == nil {
			return // a list's DuckDB type needs more than its OID
		}
		duck := duckType(oids[typ], v)
		text, err := cell(t, duck, v, encode.Text, encode.Settings{})
		require.NoError(t, err)
		again, err := encode.DecodeParam(1, oids[typ], encode.Text, []byte(text), encode.Settings{})
		require.NoError(t, err, "%s %q", typ, text)
		text2, err := cell(t, duckType(oids[typ], again), again, encode.Text, encode.Settings{})
		require.NoError(t, err)
		require.Equal(t, text, text2, typ)
	})
}

package pg

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/wire/pg/encode"
)

// Backend messages are appended to the connection's one output buffer. pgproto3's
// encoders would do, but every query needs these few.

// begin appends a message's type and room for its length; finish fills the length in.
func begin(b []byte, typ byte) ([]byte, int) {
	return append(b, typ, 0, 0, 0, 0), len(b) + 1
}

func finish(b []byte, at int) []byte {
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at))
	return b
}

// appendCString appends s and a zero byte. A zero byte inside would cut the message
// in two for the client, so it is left out.
func appendCString(b []byte, s string) []byte {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return append(append(b, s...), 0)
}

func appendEmpty(b []byte, typ byte) []byte { return append(b, typ, 0, 0, 0, 4) }

func appendParseComplete(b []byte) []byte   { return appendEmpty(b, '1') }
func appendBindComplete(b []byte) []byte    { return appendEmpty(b, '2') }
func appendCloseComplete(b []byte) []byte   { return appendEmpty(b, '3') }
func appendNoData(b []byte) []byte          { return appendEmpty(b, 'n') }
func appendEmptyQuery(b []byte) []byte      { return appendEmpty(b, 'I') }
func appendPortalSuspended(b []byte) []byte { return appendEmpty(b, 's') }
func appendCopyDone(b []byte) []byte        { return appendEmpty(b, 'c') }

func appendReady(b []byte, status byte) []byte { return append(b, 'Z', 0, 0, 0, 5, status) }

func appendCommandComplete(b []byte, tag string) []byte {
	b, at := begin(b, 'C')
	return finish(appendCString(b, tag), at)
}

func appendParameterStatus(b []byte, name, value string) []byte {
	b, at := begin(b, 'S')
	return finish(appendCString(appendCString(b, name), value), at)
}

func appendKeyData(b []byte, pid int32, key []byte) []byte {
	b, at := begin(b, 'K')
	b = binary.BigEndian.AppendUint32(b, uint32(pid))
	return finish(append(b, key...), at)
}

func appendNotification(b []byte, n notification) []byte {
	b, at := begin(b, 'A')
	b = binary.BigEndian.AppendUint32(b, uint32(n.pid))
	return finish(appendCString(appendCString(b, n.channel), n.payload), at)
}

func appendAuth(b []byte, kind uint32, data []byte) []byte {
	b, at := begin(b, 'R')
	b = binary.BigEndian.AppendUint32(b, kind)
	return finish(append(b, data...), at)
}

func appendNegotiate(b []byte, version uint32, unknown []string) []byte {
	b, at := begin(b, 'v')
	b = binary.BigEndian.AppendUint32(b, version)
	b = binary.BigEndian.AppendUint32(b, uint32(len(unknown)))
	for _, o := range unknown {
		b = appendCString(b, o)
	}
	return finish(b, at)
}

func appendParameterDescription(b []byte, oids []uint32) []byte {
	b, at := begin(b, 't')
	b = binary.BigEndian.AppendUint16(b, uint16(len(oids)))
	for _, oid := range oids {
		b = binary.BigEndian.AppendUint32(b, oid)
	}
	return finish(b, at)
}

func appendRowDescription(b []byte, fields []encode.Field) []byte {
	b, at := begin(b, 'T')
	b = binary.BigEndian.AppendUint16(b, uint16(len(fields)))
	for _, f := range fields {
		b = appendCString(b, f.Name)
		b = append(b, 0, 0, 0, 0, 0, 0) // no table, no attribute number
		b = binary.BigEndian.AppendUint32(b, f.Type.OID)
		b = binary.BigEndian.AppendUint16(b, uint16(f.Type.Len))
		b = binary.BigEndian.AppendUint32(b, uint32(f.Type.Mod))
		b = binary.BigEndian.AppendUint16(b, uint16(f.Format))
	}
	return finish(b, at)
}

// formatOf is the format of column or parameter i.
func formatOf(formats []int16, i int) int16 {
	switch len(formats) {
	case 0:
		return 0
	case 1:
		return formats[0]
	}
	return formats[i]
}

func appendCopyResponse(b []byte, typ byte, binaryFormat bool, columns int) []byte {
	var f byte
	if binaryFormat {
		f = 1
	}
	b, at := begin(b, typ)
	b = append(b, f)
	b = binary.BigEndian.AppendUint16(b, uint16(columns))
	for range columns {
		b = append(b, 0, f)
	}
	return finish(b, at)
}

func itoa(n int) string { return strconv.Itoa(n) }

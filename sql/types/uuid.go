package types

import (
	"fmt"
	"strings"
)

// String returns the canonical form, 8-4-4-4-12 hexadecimal digits.
func (u UUIDValue) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// ParseUUID reads 32 hexadecimal digits with or without hyphens and braces.
func ParseUUID(s string) (u UUIDValue, ok bool) {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}")
	n := 0
	for i := 0; i < len(s); i++ {
		var d byte
		switch ch := s[i]; {
		case ch == '-':
			continue
		case ch >= '0' && ch <= '9':
			d = ch - '0'
		case ch >= 'a' && ch <= 'f':
			d = ch - 'a' + 10
		case ch >= 'A' && ch <= 'F':
			d = ch - 'A' + 10
		default:
			return u, false
		}
		if n == 32 {
			return u, false
		}
		u[n/2] = u[n/2]<<4 | d
		n++
	}
	return u, n == 32
}

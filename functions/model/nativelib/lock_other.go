//go:build !unix

package nativelib

import (
	"context"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// lock is only there to build: no library is pinned for such a platform.
func lock(context.Context, string, func()) (func(), error) {
	return nil, sqlstate.New(sqlstate.FeatureNotSupported, "native libraries can't be installed on this platform")
}

func diskFull(error) bool { return false }

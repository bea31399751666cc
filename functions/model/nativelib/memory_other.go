//go:build !linux

package nativelib

// room is only known on Linux.
func room() (uint64, bool) { return 0, false }

//go:build !linux

package pg

import "syscall"

// isGone is known on Linux only; elsewhere a query runs until it has something to send.
func isGone(syscall.Conn) bool { return false }

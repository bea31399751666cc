package pg

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// isGone reports whether the client has closed its end, without reading. Bytes that it
// sent before (the next message of a pipeline, TLS's farewell) don't hide that.
func isGone(raw syscall.Conn) bool {
	rc, err := raw.SyscallConn()
	if err != nil {
		return false
	}
	gone := false
	err = rc.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(p, 0)
		gone = err == nil && n > 0 && p[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
	})
	return err == nil && gone
}

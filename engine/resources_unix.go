//go:build unix

package engine

import "golang.org/x/sys/unix"

// freeSpace is the number of bytes that can still be written below dir, 0 if unknown.
func freeSpace(dir string) int64 {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0
	}
	return int64(st.Bavail) * int64(st.Bsize)
}

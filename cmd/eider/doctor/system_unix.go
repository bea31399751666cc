//go:build unix

package doctor

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/eiderdb/eider/cmd/eider/config"
)

// freeBytes is what an ordinary user may still write in dir's file system.
func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return clamp(uint64(st.Bavail), uint64(st.Bsize)), nil
}

func clamp(blocks, size uint64) int64 {
	if size != 0 && blocks > math.MaxInt64/size {
		return math.MaxInt64
	}
	return int64(blocks * size)
}

// availableMemory is the machine's memory, or the control group's limit where that is
// less; zero when nobody knows. root is "/" except in tests.
func availableMemory(root string) (n int64, from string) {
	data, err := os.ReadFile(filepath.Join(root, "proc/meminfo"))
	if err == nil {
		for line := range bytes.Lines(data) {
			f := strings.Fields(string(line))
			if len(f) >= 2 && f[0] == "MemTotal:" {
				if kib, err := strconv.ParseInt(f[1], 10, 64); err == nil {
					n, from = kib<<10, "machine"
				}
			}
		}
	}
	for _, path := range cgroupLimits(root) {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64) // "max" is none
		if err == nil && limit > 0 && (n == 0 || limit < n) {
			n, from = limit, "cgroup"
		}
	}
	return n, from
}

// cgroupLimits are the files that may bound this process's memory: its group's and the
// groups' above it, in version 2 and version 1.
func cgroupLimits(root string) []string {
	paths := []string{filepath.Join(root, "sys/fs/cgroup/memory.max"), filepath.Join(root, "sys/fs/cgroup/memory/memory.limit_in_bytes")}
	data, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return paths
	}
	for line := range bytes.Lines(data) {
		parts := strings.SplitN(strings.TrimSpace(string(line)), ":", 3)
		if len(parts) != 3 {
			continue
		}
		base, file := "sys/fs/cgroup", "memory.max"
		if parts[1] == "memory" {
			base, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		} else if parts[1] != "" {
			continue
		}
		for dir := parts[2]; dir != "/" && dir != "." && dir != ""; dir = filepath.Dir(dir) {
			paths = append(paths, filepath.Join(root, base, dir, file))
		}
	}
	return paths
}

// descriptors compares the limit on open files with what the connections need.
func descriptors(s *config.Serve) Finding {
	const check = "open files"
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return bad(check, Warn, "check `ulimit -n` by hand", "the limit is unknown: %v", err)
	}
	need := uint64(s.MaxConnections) + 200 // files of the database, spilling, HTTP
	if lim.Cur < need {
		return bad(check, Warn, fmt.Sprintf("raise it by `ulimit -n %d` or lower --max-connections", need), "%d are allowed, %d connections need about %d", lim.Cur, s.MaxConnections, need)
	}
	return ok(check, "%d are allowed", lim.Cur)
}

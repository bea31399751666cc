package engine

import (
	"bytes"
	"os"
	"strconv"
)

// physicalMemory is the number of bytes that this process may use: the machine's
// memory or the control group's limit, whichever is less. 0 if it can't be told, as outside Linux.
func physicalMemory() int64 {
	var total int64
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		_, rest, _ := bytes.Cut(b, []byte("MemTotal:"))
		if f := bytes.Fields(rest); len(f) > 0 {
			kb, _ := strconv.ParseInt(string(f[0]), 10, 64) // 0 is "can't be told"
			total = kb << 10
		}
	}
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64); err == nil && n > 0 && (total == 0 || n < total) {
			total = n
		}
	}
	return total
}

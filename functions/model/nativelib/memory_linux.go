package nativelib

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// room returns how many bytes this process may still take, as far as the system tells:
// the least of free memory, the control groups' limits and the limit on addresses.
func room() (uint64, bool) {
	least, known := ^uint64(0), false
	note := func(n uint64, ok bool) {
		if ok {
			least, known = min(least, n), true
		}
	}
	note(available())
	for _, dir := range groups() {
		limit, ok := number(filepath.Join(dir, "memory.max"))
		used, ok2 := number(filepath.Join(dir, "memory.current"))
		note(limit-min(used, limit), ok && ok2)
	}
	note(addresses())
	return least, known
}

// available is MemAvailable of /proc/meminfo.
func available() (uint64, bool) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemAvailable:" {
			n, err := strconv.ParseUint(f[1], 10, 64)
			return n << 10, err == nil
		}
	}
	return 0, false
}

// groups are the folders of this process's control group (version 2) and those above it.
func groups() []string {
	const top = "/sys/fs/cgroup"
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	var dirs []string
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			for dir := filepath.Join(top, name); strings.HasPrefix(dir, top); dir = filepath.Dir(dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

// addresses is what the limit on the address space leaves.
func addresses() (uint64, bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &limit); err != nil || limit.Cur >= 1<<62 {
		return 0, false
	}
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	pages, err := strconv.ParseUint(strings.Fields(string(text) + " 0")[0], 10, 64)
	used := pages * uint64(os.Getpagesize())
	return uint64(limit.Cur) - min(used, uint64(limit.Cur)), err == nil
}

func number(path string) (uint64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64)
	return n, err == nil
}

package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLib(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "package.whl")
	require.NoError(t, os.WriteFile(file, []byte("not a package"), 0o600))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nowhere := "http://" + closed.Addr().String() + "/simple"
	require.NoError(t, closed.Close())
	t.Setenv("PIP_FIND_LINKS", "")
	t.Setenv("PIP_CONFIG_FILE", os.DevNull)
	for name, c := range map[string]struct {
		args      []string
		code      int
		out, errs string
	}{
		"list":             {[]string{"list"}, 0, "xgboost   3.2.0    no         Apache-2.0", ""},
		"nothing to check": {[]string{"verify"}, 0, "", ""},
		"not installed":    {[]string{"verify", "lightgbm"}, 1, "", "Run: eider lib install lightgbm"},
		"unknown":          {[]string{"install", "xgbost"}, 2, "", "Did you mean xgboost?"},
		"no name":          {[]string{"install"}, 2, "", "requires at least 1 arg"},
		"another file":     {[]string{"install", "xgboost", "--from", file}, 1, "", "is not the pinned xgboost_cpu-3.2.0-"},
		"no such file":     {[]string{"install", "xgboost", "--from", file + "x"}, 1, "", "58P01"},
		"one file for two": {[]string{"install", "xgboost", "lightgbm", "--from", file}, 2, "", "--from is the file of one library"},
		"no network":       {[]string{"install", "xgboost", "--index-url", nowhere}, 1, "", "pip download --no-deps xgboost-cpu==3.2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := eider(t, "", append([]string{"lib", "--dir", filepath.Join(dir, "lib")}, c.args...)...)
			require.Equal(t, c.code, code, errs)
			require.Contains(t, out, c.out)
			require.Contains(t, errs, c.errs)
		})
	}
}

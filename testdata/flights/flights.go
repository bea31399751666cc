// Package flights carries the nycflights13 data (CC0, see README.md) into the binary
// and into tests, so that neither depends on a folder beside it.
package flights

import (
	"embed"
	"os"
	"path/filepath"
)

//go:embed *.parquet
var files embed.FS

// Rows are the numbers of rows by table name.
func Rows() map[string]int64 {
	return map[string]int64{"flights": 336_776, "weather": 26_115, "planes": 3_322, "airports": 1_458, "airlines": 16}
}

// Write copies the files, one TABLE.parquet each, into dir.
func Write(dir string) error {
	entries, err := files.ReadDir(".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		data, err := files.ReadFile(e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

package nativelib

import "github.com/eiderdb/eider/sql/sqlstate"

// CheckRoom returns 53200 where a library would need more bytes than this process may
// still take. Libraries end the process, or are ended with it, where memory runs out
// within them, so what is hopeless is refused before.
func CheckRoom(library string, need uint64) error {
	have, known := room()
	if !known || need <= have {
		return nil
	}
	return sqlstate.Newf(sqlstate.OutOfMemory, "%s needs about %d MB of memory, %d MB are free", library, need>>20, have>>20).
		WithHint("Train on fewer rows or features, or lower DuckDB's memory_limit.")
}

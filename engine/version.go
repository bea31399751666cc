package engine

import "github.com/eiderdb/eider/storage/duck"

// DuckDBVersion is the version of the DuckDB that is linked in: "1.5.5".
func DuckDBVersion() string { return duck.Version() }

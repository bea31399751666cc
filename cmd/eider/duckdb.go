package main

import "github.com/eiderdb/eider/engine"

// duckdbVersion is the version of the DuckDB that is linked in.
func duckdbVersion() string { return engine.DuckDBVersion() }

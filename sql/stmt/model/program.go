package model

import "runtime/debug"

// program is the name and version of what trains, for the record.
func program() string {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return "Eider " + version
}

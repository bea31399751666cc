// Package nativelib installs, finds and opens the shared libraries that runtimes load:
// each is pinned by version, wheel file, size and SHA-256, comes from a Python package
// index (or a file) without Python, and lies in the user's cache:
//
//	library.go   what is pinned, for which platforms
//	store.go     where libraries lie: find, list, verify
//	install.go   download or file ─▶ hash ─▶ temporary folder ─▶ rename
//	index.go     the wheel's address on a package index (PEP 503)
//	pipconf.go   which index: the user's pip configuration, so that mirrors work
//	open.go      dlopen and symbols
//
// It refuses whatever isn't pinned: another version, another build, a file with another
// hash. It holds no code and no data of the libraries.
package nativelib

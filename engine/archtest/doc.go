// Package archtest holds the rules about the tree itself, as tests: which package
// may import which (arrows_test.go, the table of docs/architecture.md) and what
// every file has to keep to (style_test.go). It has no code of its own and
// imports nothing of Eider, so it builds in a moment.
package archtest

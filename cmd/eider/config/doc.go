// Package config owns the settings of `eider serve`. Each is declared once, in
// options.go; its flag, its variable of the environment, its key in the file, its
// check and its line in docs/configuration.md all come from that declaration.
//
// A flag wins over the environment, the environment over the file, the file over the
// default. Load reports every problem at once, each with the place it was said in.
package config

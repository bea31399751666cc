// Package demo is `eider demo`: real flight data through every surface that works,
// each answer checked against what is known of the data. It loads a database file,
// cleans and queries it in process, serves it by a child process, asks the same
// questions over the wire, and ends in order. Anything that is off is an error.
package demo

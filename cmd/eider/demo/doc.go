// Package demo is `eider demo`: Eider's main job on real flight data, and the surfaces around it, each answer
// checked against what is known of the data. It writes the flights project, builds it as a user would, looks at
// the model and at what a leak would have cost, serves the database by a child process, asks over the wire, and
// ends in order. Anything that is off is an error.
package demo

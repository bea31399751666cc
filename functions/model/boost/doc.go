// Package boost is what the runtimes of boosted trees have in common around their libraries: the checks
// before a library is called, the rounds with early stopping, and the thread that a training runs on.
// It knows no library and refuses nothing that a library would take.
package boost

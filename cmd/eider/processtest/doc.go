// Package processtest tests the real program in processes of its own: kill -9
// under writes, a full disk, a memory limit, a second process on the file, a
// drain on SIGTERM. What these tests break must not be the test's own process.
package processtest

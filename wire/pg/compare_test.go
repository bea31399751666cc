package pg

import "testing"

// BenchmarkPostgres measures PostgreSQL 15 with the same clients, for the ratio.
func BenchmarkPostgres(b *testing.B) {
	addr := startPostgres(b)
	b.Run("select1", func(b *testing.B) { benchmarkSelect1(b, addr) })
	b.Run("stream", func(b *testing.B) {
		c := login(b, addr)
		c.query(streamTable)
		benchmarkStream(b, addr)
	})
}

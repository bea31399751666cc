package pg

import (
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// BenchmarkProtocol is the server's own share of a query: reading messages, answering,
// two context switches over loopback; the fake runs nothing.
func BenchmarkProtocol(b *testing.B) {
	s, _ := serveFake(b, Config{})
	benchmarkSelect1(b, s.Addr())
}

// benchmarkSelect1 measures SELECT 1, simple and prepared, on one connection.
func benchmarkSelect1(b *testing.B, addr net.Addr) {
	b.Run("simple", func(b *testing.B) {
		c := login(b, addr)
		b.ReportAllocs()
		for b.Loop() {
			c.fe.Send(&pgproto3.Query{String: "select 1"})
			c.answer(b)
		}
	})
	b.Run("prepared", func(b *testing.B) {
		c := login(b, addr)
		c.send(parseMsg("s", "select 1"), syncMsg)
		c.until('Z')
		b.ReportAllocs()
		for b.Loop() {
			c.fe.Send(bindMsg("", "s"))
			c.fe.Send(executeMsg("", 0))
			c.fe.Send(syncMsg)
			c.answer(b)
		}
	})
}

// answer flushes and reads up to ReadyForQuery.
func (c *client) answer(b *testing.B) {
	if err := c.fe.Flush(); err != nil {
		b.Fatal(err)
	}
	for {
		m, err := c.fe.Receive()
		if err != nil {
			b.Fatal(err)
		}
		switch m := m.(type) {
		case *pgproto3.ReadyForQuery:
			return
		case *pgproto3.ErrorResponse:
			b.Fatal(m.Message)
		}
	}
}

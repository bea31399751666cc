package pg

import (
	"bytes"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

const streamTable = `create table w as select x::bigint as a, (x * 0.5)::double precision as b,
 'name-' || (1000 + x % 1000)::text as c, (x % 100000)::int as d, timestamp '2024-01-01' + (x % 86400) * interval '1 second' as e
 from generate_series(1, 2000000) as g(x)`

// count sends one query and returns the bytes of its answer without looking at them.
func (c *client) count(b *testing.B, buf []byte, msgs ...pgproto3.FrontendMessage) int {
	for _, m := range msgs {
		c.fe.Send(m)
	}
	if err := c.fe.Flush(); err != nil {
		b.Fatal(err)
	}
	end := []byte{'Z', 0, 0, 0, 5, 'I'}
	var tail []byte
	for total := 0; ; {
		n, err := c.nc.Read(buf)
		if err != nil {
			b.Fatal(err)
		}
		total += n
		tail = append(tail, buf[max(0, n-len(end)):n]...)
		tail = tail[max(0, len(tail)-len(end)):]
		if bytes.Equal(tail, end) {
			return total
		}
	}
}

func benchmarkStream(b *testing.B, addr net.Addr) {
	const rows = 2_000_000
	for _, format := range []struct {
		name string
		code int16
	}{{"text", 0}, {"binary", 1}} {
		b.Run(format.name, func(b *testing.B) {
			c := login(b, addr)
			buf := make([]byte, 1<<18)
			b.ResetTimer()
			for b.Loop() {
				n := c.count(b, buf, parseMsg("", "select a, b, c, d, e from w"), binds("", "", nil, nil, []int16{format.code}), executeMsg("", 0), syncMsg)
				b.SetBytes(int64(n))
			}
			b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}

// BenchmarkStream sends 2M rows of five columns to a client that only counts bytes.
func BenchmarkStream(b *testing.B) {
	s, _ := serveEngine(b, Config{})
	c := login(b, s.Addr())
	require.Contains(b, c.query(streamTable), "Z I")
	benchmarkStream(b, s.Addr())
}

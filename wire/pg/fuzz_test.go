package pg

import (
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// converse feeds bytes to a connection as one client would send them, and returns
// once the server is through with it.
func converse(t *testing.T, s *Server, data []byte) {
	mine, theirs := net.Pipe()
	s.admit(theirs)
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(io.Discard, mine)
	}()
	_, _ = mine.Write(data) // fails when the server has hung up
	_, _ = mine.Write([]byte{'X', 0, 0, 0, 4})
	require.NoError(t, mine.Close())
	<-read
	s.wg.Wait()
	require.Zero(t, s.panics.Load())
	require.Empty(t, s.conns)
	require.Zero(t, s.startups)
}

func fuzzServer(f *testing.F, auth Authenticator) *Server {
	db := newFakeDatabase()
	db.harmless = true
	s, err := newServer(db, auth, Config{Logger: quiet(), MaxMessageBytes: minMessageMax})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, s.Close()) })
	return s
}

func FuzzStartup(f *testing.F) {
	f.Add(startupPacket(protocol30, "user", "u", "database", "shop"))
	f.Add(startupPacket(protocol32, "user", "u", "_pq_.x", "1", "options", "-c geqo=off"))
	f.Add([]byte{0, 0, 0, 8, 4, 210, 22, 47})
	f.Add([]byte{0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 0})
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte{0x16, 3, 1, 0, 1, 0})
	sasl, at := begin(nil, 'p')
	sasl = append(sasl, "SCRAM-SHA-256\x00\x00\x00\x00\x10n,,n=,r=abcdefgh"...)
	f.Add(append(startupPacket(protocol30, "user", "u"), finish(sasl, at)...))
	open := fuzzServer(f, nil)
	locked := fuzzServer(f, passwords{"u": "secret"})
	f.Fuzz(func(t *testing.T, data []byte) {
		converse(t, open, data)
		converse(t, locked, data)
	})
}

func FuzzMessages(f *testing.F) {
	add := func(msgs ...pgproto3.FrontendMessage) {
		var b []byte
		for _, m := range msgs {
			var err error
			b, err = m.Encode(b)
			require.NoError(f, err)
		}
		f.Add(b)
	}
	add(&pgproto3.Query{String: "begin; select 1; select * from generate_series(1, 3) as t(x)"})
	add(&pgproto3.Query{String: "begin"}, &pgproto3.Query{String: "select 1/0"}, &pgproto3.Query{String: "rollback"})
	add(parseMsg("s", "select $1", 23), describeMsg('S', "s"), binds("p", "s", []int16{1}, [][]byte{{0, 0, 0, 7}}, []int16{1}), describeMsg('P', "p"), executeMsg("p", 1), syncMsg)
	add(parseMsg("", "nonsense"), executeMsg("", 0), syncMsg, &pgproto3.Flush{}, closeMsg('S', "s"))
	add(&pgproto3.FunctionCall{Function: 1}, &pgproto3.CopyData{Data: []byte("x")}, &pgproto3.CopyFail{Message: "m"})
	hello := startupPacket(protocol30, "user", "u")
	s := fuzzServer(f, nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		converse(t, s, append(hello[:len(hello):len(hello)], data...))
	})
}

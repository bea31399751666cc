package pg

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 60 * time.Second // before a test gives up waiting

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// serveFake serves a fakeDatabase until the test ends.
func serveFake(t testing.TB, cfg Config) (*Server, *fakeDatabase) {
	db := newFakeDatabase()
	return serve(t, db, cfg), db
}

func serve(t testing.TB, db database, cfg Config) *Server {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Logger == nil {
		cfg.Logger = quiet()
	}
	s, err := newServer(db, cfg.Auth, cfg)
	require.NoError(t, err)
	require.NoError(t, s.Listen(context.Background()))
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background()) }()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-done, ErrServerClosed)
	})
	return s
}

// client is a frontend that writes messages and tells answers as lines of text.
type client struct {
	t    testing.TB
	nc   net.Conn
	fe   *pgproto3.Frontend
	pid  uint32
	key  []byte
	seen map[string]string // parameters
}

// dial connects without a startup message.
func dial(t testing.TB, addr net.Addr) *client {
	nc, err := net.Dial(addr.Network(), addr.String())
	require.NoError(t, err)
	t.Cleanup(func() { nc.Close() })
	require.NoError(t, nc.SetDeadline(time.Now().Add(patience)))
	return &client{t: t, nc: nc, fe: pgproto3.NewFrontend(nc, nc), seen: map[string]string{}}
}

// login connects and waits for ReadyForQuery.
func login(t testing.TB, addr net.Addr, params ...string) *client {
	c := dial(t, addr)
	c.start(params...)
	lines := c.until('Z')
	require.Equal(t, "Z I", lines[len(lines)-1], lines)
	return c
}

// start sends a startup message for user postgres; params are more names and values.
func (c *client) start(params ...string) {
	m := &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "postgres"}}
	for i := 0; i < len(params); i += 2 {
		m.Parameters[params[i]] = params[i+1]
	}
	c.send(m)
}

func (c *client) send(msgs ...pgproto3.FrontendMessage) {
	for _, m := range msgs {
		c.fe.Send(m)
	}
	require.NoError(c.t, c.fe.Flush())
}

func (c *client) query(sql string) []string {
	c.send(&pgproto3.Query{String: sql})
	return c.until('Z')
}

// until reads answers up to one whose line begins with the type in kinds, or to the connection's end.
func (c *client) until(kinds ...byte) []string {
	var lines []string
	for {
		m, err := c.fe.Receive()
		if err != nil {
			return append(lines, "closed")
		}
		line := c.tell(m)
		lines = append(lines, line)
		if strings.IndexByte(string(kinds), line[0]) >= 0 {
			return lines
		}
	}
}

// tell is a message as a line: its type and what matters.
func (c *client) tell(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.AuthenticationOk:
		return "R ok"
	case *pgproto3.AuthenticationSASL:
		return "R sasl " + strings.Join(m.AuthMechanisms, ",")
	case *pgproto3.AuthenticationSASLContinue:
		return "R continue"
	case *pgproto3.AuthenticationSASLFinal:
		return "R final"
	case *pgproto3.ParameterStatus:
		c.seen[m.Name] = m.Value
		return "S " + m.Name
	case *pgproto3.BackendKeyData:
		c.pid, c.key = m.ProcessID, append([]byte(nil), m.SecretKey...)
		return fmt.Sprintf("K %d", len(m.SecretKey))
	case *pgproto3.ReadyForQuery:
		return "Z " + string(m.TxStatus)
	case *pgproto3.RowDescription:
		line := "T"
		for _, f := range m.Fields {
			line += fmt.Sprintf(" %s:%d:%d", f.Name, f.DataTypeOID, f.Format)
		}
		return line
	case *pgproto3.DataRow:
		line := "D"
		for _, v := range m.Values {
			if v == nil {
				line += " NULL"
			} else if len(v) > 100 {
				line += fmt.Sprintf(" %d bytes", len(v))
			} else {
				line += fmt.Sprintf(" %q", v)
			}
		}
		return line
	case *pgproto3.CommandComplete:
		return "C " + string(m.CommandTag)
	case *pgproto3.ErrorResponse:
		return "E " + m.Severity + " " + m.Code
	case *pgproto3.NoticeResponse:
		return "N " + m.Severity + " " + m.Code
	case *pgproto3.ParameterDescription:
		return "t " + fmt.Sprint(m.ParameterOIDs)
	case *pgproto3.ParseComplete:
		return "1"
	case *pgproto3.BindComplete:
		return "2"
	case *pgproto3.CloseComplete:
		return "3"
	case *pgproto3.NoData:
		return "n"
	case *pgproto3.EmptyQueryResponse:
		return "I"
	case *pgproto3.PortalSuspended:
		return "s"
	case *pgproto3.CopyInResponse:
		return fmt.Sprintf("G %d %v", m.OverallFormat, m.ColumnFormatCodes)
	case *pgproto3.CopyOutResponse:
		return fmt.Sprintf("H %d %v", m.OverallFormat, m.ColumnFormatCodes)
	case *pgproto3.CopyData:
		return fmt.Sprintf("d %q", m.Data)
	case *pgproto3.CopyDone:
		return "c"
	case *pgproto3.NotificationResponse:
		return "A " + m.Channel + " " + m.Payload
	case *pgproto3.NegotiateProtocolVersion:
		return fmt.Sprintf("v %d.%d %v", m.NewestMinorProtocol>>16, m.NewestMinorProtocol&0xffff, m.UnrecognizedOptions)
	}
	return fmt.Sprintf("? %T", m)
}

// The messages of the extended protocol in short.
func parseMsg(name, sql string, oids ...uint32) *pgproto3.Parse {
	return &pgproto3.Parse{Name: name, Query: sql, ParameterOIDs: oids}
}

func bindMsg(portal, name string, args ...string) *pgproto3.Bind {
	m := &pgproto3.Bind{DestinationPortal: portal, PreparedStatement: name}
	for _, a := range args {
		m.Parameters = append(m.Parameters, []byte(a))
	}
	return m
}

func describeMsg(kind byte, name string) *pgproto3.Describe {
	return &pgproto3.Describe{ObjectType: kind, Name: name}
}

func executeMsg(portal string, rows uint32) *pgproto3.Execute {
	return &pgproto3.Execute{Portal: portal, MaxRows: rows}
}

func closeMsg(kind byte, name string) *pgproto3.Close {
	return &pgproto3.Close{ObjectType: kind, Name: name}
}

var syncMsg = &pgproto3.Sync{}

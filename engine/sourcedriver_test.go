package engine

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/engine/builtin"
	sourcestmt "github.com/eiderdb/eider/sql/stmt/source"
	"github.com/eiderdb/eider/sql/types"
	connector "github.com/eiderdb/eider/storage/source"
)

// stream is a log of two partitions, one of which is closed when it is read: what a topic of
// messages and shards that are split look like. It delivers payloads, or chunks.
type stream struct {
	t      *testing.T
	acked  []string
	chunks bool
}

func (m *stream) driver() *connector.Driver {
	return &connector.Driver{
		Name: "STREAM", Doc: "A log in memory.", Unit: "records", Formats: []connector.Format{{Name: "JSON", Doc: "Objects."}},
		Options: []connector.Option{{Name: "topic", Doc: "Its name.", Required: true, Fixed: true}, {Name: "password", Doc: "For nobody to see.", Secret: true}},
		Metadata: []connector.Metadata{{Name: "offset", Type: "BIGINT", Doc: "Its number."}, {Name: "partition", Type: "VARCHAR", Doc: "Its partition."},
			{Name: "timestamp", Type: "TIMESTAMP WITH TIME ZONE", Doc: "Its time."}, {Name: "key", Type: "VARCHAR", Doc: "Its key."}, {Name: "headers", Type: "JSON", Doc: "Its headers."}},
		Open: func(_ context.Context, c *connector.Config) (connector.Source, error) {
			require.Equal(m.t, "s3cret", c.Options.Text("password"))
			return &reader{m: m, c: c}, nil
		},
	}
}

type reader struct {
	m *stream
	c *connector.Config
	n int
}

func (r *reader) Close() error { return nil }

func (r *reader) Next(context.Context) (*connector.Batch, connector.Ack, error) {
	if len(r.c.Positions) > 0 && r.n == 0 { // it was read before
		require.Equal(r.m.t, connector.Position(`{"offset":1}`), r.c.Positions["0"])
		require.NotContains(r.m.t, r.c.Positions, "1")
		return nil, nil, io.EOF
	}
	if r.n == 2 {
		return nil, nil, io.EOF
	}
	p := fmt.Sprint(r.n)
	b := &connector.Batch{Positions: connector.Positions{p: connector.Position(`{"offset":1}`)}, Units: 2, Place: "partition " + p}
	if r.n == 1 {
		b.Positions["1"] = connector.Position("null") // closed
	}
	r.n++
	ack := func(context.Context) error { r.m.acked = append(r.m.acked, p); return nil }
	if r.m.chunks {
		b.Columns = []connector.Column{{Name: "id", Type: "BIGINT"}, {Name: "word", Type: "VARCHAR"}}
		build := types.NewBuilder([]*types.Type{types.Of(types.BigInt), types.Of(types.Varchar)})
		types.AppendFixed(build.Column(0), int64(r.n)*40_000)
		build.Column(1).AppendBytes([]byte("word " + p))
		done := false
		b.Chunks = func(context.Context) (*types.Chunk, error) {
			if done {
				return nil, nil
			}
			done = true
			return build.Chunk(), nil
		}
		return b, ack, nil
	}
	b.Payloads = &connector.Payloads{Partitions: []string{p, p}, Offsets: []string{"0", "1"}, Times: []int64{0, 1e6}, Headers: []string{`{"h":1}`, `{}`}, Keys: []byte("k"), KeyEnds: []int{1, 1}}
	b.Payloads.Append([]byte(`{"id": ` + p + `, "word": "ü"}`))
	b.Payloads.Append([]byte("\xff\x00no json"))
	return b, ack, nil
}

// The contract holds for more than files: payloads that are decoded, chunks, partitions that end,
// acknowledgements after the commit, secrets.
func TestSourceContract(t *testing.T) {
	for _, chunks := range []bool{false, true} {
		t.Run(fmt.Sprintf("chunks %v", chunks), func(t *testing.T) {
			m := &stream{t: t, chunks: chunks}
			set := builtin.All()
			set.Sources = []*connector.Driver{m.driver()}
			require.NoError(t, set.Sources[0].Validate())
			kinds := set.Statements[:0]
			mine := map[string]bool{}
			for _, k := range sourcestmt.All(set.Sources) {
				mine[k.Name] = true
			}
			for _, k := range set.Statements {
				if !mine[k.Name] {
					kinds = append(kinds, k)
				}
			}
			set.Statements = append(kinds, sourcestmt.All(set.Sources)...)
			s := newSession(t, openDB(t, Options{Builtins: set}), SessionOptions{})
			include := " INCLUDE (partition, offset AS number, timestamp AS written, key, headers)"
			if chunks {
				include = ""
			}
			exec(t, s, "CREATE SOURCE st (id SMALLINT NOT NULL, word VARCHAR) FROM STREAM (topic 'x', password 's3cret') FORMAT JSON"+include)
			require.NotContains(t, rowsOf(t, s, "SHOW CREATE SOURCE st")+rowsOf(t, s, "SELECT * FROM eider.sources")+rowsOf(t, s, "DESCRIBE SOURCE st")+rowsOf(t, s, "SELECT statement || spec FROM eider.source_store"), "s3cret")
			exec(t, s, "BEGIN; REFRESH SOURCE st; ROLLBACK")
			require.Empty(t, m.acked)
			exec(t, s, "REFRESH SOURCE st")
			require.Equal(t, []string{"0", "1"}, m.acked)
			if chunks {
				require.Equal(t, "1\t1\tcolumn \"id\": could not convert 40000 to 'SMALLINT'", rowsOf(t, s, "SELECT 1, count(*) - 1, any_value(reason) FILTER (reason LIKE '%40000%') FROM st__rejects"))
			} else {
				require.Equal(t, "0\tü\t0\t0\tk\t1\n1\tü\t1\t0\tk\t1", rowsOf(t, s, "SELECT id, word, partition, number, key, headers->>'h' FROM st ORDER BY id"))
				require.Equal(t, "malformed JSON\t2", rowsOf(t, s, "SELECT any_value(reason), count(*) FROM st__rejects"))
			}
			require.Equal(t, "0\t{\"offset\":1}", rowsOf(t, s, "SELECT partition, position::VARCHAR FROM eider.source_positions"))
			exec(t, s, "REFRESH SOURCE st")
			require.Equal(t, []string{"0", "1"}, m.acked)
		})
	}
}

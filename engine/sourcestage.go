package engine

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
	connector "github.com/eiderdb/eider/storage/source"
)

// staged is the temporary table that holds a batch which isn't a query, as long as it is stored.
const staged = "__eider_batch"

// stage brings a batch into the form of a query, whose cleanup is to run afterwards.
func (r *sourceRun) stage(ctx context.Context, b *connector.Batch) (query string, columns []connector.Column, cleanup string, err error) {
	switch {
	case b.Chunks != nil:
		err = r.stageChunks(ctx, b)
		return "SELECT * FROM temp." + staged, b.Columns, "DROP TABLE temp." + staged, err
	case b.Payloads != nil:
		query, columns, err = r.stagePayloads(ctx, b)
		return query, columns, "DROP TABLE temp." + staged, err
	}
	return b.Query, b.Columns, "", nil
}

// stageTable makes the temporary table.
func (r *sourceRun) stageTable(ctx context.Context, columns []connector.Column) error {
	items := make([]string, len(columns))
	for i, c := range columns {
		items[i] = lex.QuoteIdent(c.Name) + " " + c.Type
	}
	_, err := r.s.conn.Exec(ctx, "CREATE TEMP TABLE "+staged+" ("+strings.Join(items, ", ")+")")
	return err
}

// stageChunks appends chunks as they are: no value is looked at.
func (r *sourceRun) stageChunks(ctx context.Context, b *connector.Batch) error {
	if err := r.stageTable(ctx, b.Columns); err != nil {
		return err
	}
	a, err := r.s.conn.Appender(ctx, "temp", "main", staged)
	if err != nil {
		return err
	}
	for {
		chunk, err := b.Chunks(ctx)
		if err != nil || chunk == nil {
			if closed := a.Close(ctx); err == nil {
				err = closed
			}
			return err
		}
		if err := a.AppendChunk(ctx, chunk); err != nil {
			a.Abort()
			return err
		}
	}
}

// stagePayloads appends records as text and returns the query that decodes them.
func (r *sourceRun) stagePayloads(ctx context.Context, b *connector.Batch) (string, []connector.Column, error) {
	if r.src.Spec.Format != "JSON" {
		return "", nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "records of format %s can't be decoded", r.src.Spec.Format).WithHint("FORMAT JSON can.")
	}
	p := b.Payloads
	columns := []connector.Column{{Name: "__eider_record", Type: "BLOB"}}
	ts := []*types.Type{types.Of(types.Blob)}
	var extra []string
	for _, name := range r.config.Include {
		m := r.src.Driver.MetadataOf(name)
		columns = append(columns, connector.Column{Name: connector.MetadataColumn(name), Type: payloadType(name)})
		ts = append(ts, types.Named(payloadType(name)))
		if ts[len(ts)-1] == nil {
			ts[len(ts)-1] = types.Of(types.TimestampTZ)
		}
		extra = append(extra, "CAST("+lex.QuoteIdent(connector.MetadataColumn(name))+" AS "+m.Type+") AS "+lex.QuoteIdent(connector.MetadataColumn(name)))
	}
	if err := r.stageTable(ctx, columns); err != nil {
		return "", nil, err
	}
	a, err := r.s.conn.Appender(ctx, "temp", "main", staged)
	if err != nil {
		return "", nil, err
	}
	builder := types.NewBuilder(ts)
	for from := 0; from < p.Len() && err == nil; from += types.VectorSize {
		builder.Reset()
		if err = r.buildPayloads(builder, p, from, min(from+types.VectorSize, p.Len())); err == nil {
			err = a.AppendChunk(ctx, builder.Chunk())
		}
	}
	if closed := a.Close(ctx); err == nil {
		err = closed
	}
	if err != nil {
		return "", nil, err
	}
	// What isn't UTF-8 is no JSON: it is shown with its bytes escaped.
	from := "(SELECT *, coalesce(TRY(decode(__eider_record)), CAST(__eider_record AS VARCHAR)) AS __eider_text FROM temp." + staged + ")"
	query, decoded := connector.DecodeJSON(from, "__eider_text", r.config.Schema, extra...)
	for _, name := range r.config.Include {
		decoded = append(decoded, connector.Column{Name: connector.MetadataColumn(name), Type: r.src.Driver.MetadataOf(name).Type})
	}
	return query, decoded, nil
}

// payloadType is the type in which a record's metadata comes.
func payloadType(name string) string {
	switch name {
	case "key":
		return "BLOB"
	case "timestamp":
		return "TIMESTAMP WITH TIME ZONE"
	}
	return "VARCHAR"
}

// buildPayloads writes records [from, to) column by column.
func (r *sourceRun) buildPayloads(b *types.Builder, p *connector.Payloads, from, to int) error {
	record := b.Column(0)
	for i := from; i < to; i++ {
		record.AppendBytes(p.Record(i))
	}
	for k, name := range r.config.Include {
		c := b.Column(k + 1)
		for i := from; i < to; i++ {
			switch {
			case name == "key" && p.Key(i) != nil:
				c.AppendBytes(p.Key(i))
			case name == "partition" && i < len(p.Partitions):
				c.AppendBytes([]byte(p.Partitions[i]))
			case name == "offset" && i < len(p.Offsets):
				c.AppendBytes([]byte(p.Offsets[i]))
			case name == "headers" && i < len(p.Headers):
				c.AppendBytes([]byte(p.Headers[i]))
			case name == "timestamp" && i < len(p.Times):
				types.AppendFixed(c, p.Times[i])
			default:
				c.AppendNull()
			}
		}
	}
	return nil
}

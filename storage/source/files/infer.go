package files

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/storage/source"
)

// infer finds the columns of the first files, and how they are written where that isn't given.
func infer(ctx context.Context, c *source.Config) (*source.Schema, error) {
	found, err := list(ctx, c)
	if err != nil {
		return nil, err
	}
	var files []*file
	for _, f := range found {
		if f.size > 0 && len(files) < sampleFiles {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	s := &source.Schema{FormatOptions: source.Values{}}
	switch c.Format {
	case "CSV":
		err = inferCSV(ctx, c, files, s)
	case "JSON":
		full := *c
		full.FormatOptions = source.Defaults(formats()[1].Options, c.FormatOptions)
		s.Columns, err = describe(ctx, &full, (&jsonFiles{c: &full}).sample(files))
	default:
		s.Columns, err = describe(ctx, c, "read_parquet("+paths(files[:1])+", hive_partitioning=false)")
	}
	return s, err
}

func inferCSV(ctx context.Context, c *source.Config, files []*file, s *source.Schema) error {
	given := []string{"compression=" + lex.QuoteLiteral(compression(c, files[0].path))}
	for option, argument := range map[string]string{"delimiter": "delim", "quote": "quote", "escape": "escape", "dateformat": "dateformat", "timestampformat": "timestampformat", "comment": "comment", "decimal_separator": "decimal_separator", "encoding": "encoding"} {
		if c.FormatOptions.Has(option) {
			given = append(given, argument+"="+lex.QuoteLiteral(c.FormatOptions.Text(option)))
		}
	}
	if c.FormatOptions.Has("header") {
		given = append(given, map[bool]string{true: "header=true", false: "header=false"}[c.FormatOptions.Bool("header")])
	}
	if c.FormatOptions.Has("nullstr") {
		var nulls []string
		for _, n := range c.FormatOptions.Texts("nullstr") {
			nulls = append(nulls, lex.QuoteLiteral(n))
		}
		given = append(given, "nullstr=["+strings.Join(nulls, ", ")+"]")
	}
	args := strings.Join(given, ", ")
	rows, err := c.DB.QueryRows(ctx, `SELECT "Delimiter", "Quote", "Escape", "HasHeader", "SkipRows"::BIGINT, "DateFormat", "TimestampFormat" FROM sniff_csv(`+lex.QuoteLiteral(literalPath(files[0].path))+", "+args+")")
	if err != nil {
		return sqlstate.Newf(sqlstate.BadCopyFileFormat, "the columns of %q can't be inferred: %s", files[0].path, sqlstate.From(err).Message).WithHint("Declare them: CREATE SOURCE name (column type, …) FROM FILES …")
	}
	set := func(option string, v any) {
		if text, ok := v.(string); ok && (text == "" || text == "(empty)") || v == nil || c.FormatOptions.Has(option) {
			return
		}
		s.FormatOptions[option] = v
	}
	r := rows[0]
	for i, option := range []string{"delimiter", "quote", "escape", "header", "skip", "dateformat", "timestampformat"} {
		set(option, r[i])
	}
	if n, _ := s.FormatOptions["skip"].(int64); n == 0 {
		delete(s.FormatOptions, "skip")
	}
	s.Columns, err = describe(ctx, c, "read_csv("+paths(files)+", union_by_name=true, "+args+")")
	return err
}

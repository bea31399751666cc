package files

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/storage/source"
)

// parquetFiles reads Parquet. Schemas are looked up for many files at once.
type parquetFiles struct {
	c *source.Config
	// schemas are the schemas by path, broken the reasons of files that have none.
	schemas, broken map[string]string
	rows            map[string]int64
}

// surveyFiles is how many files one look is about.
const surveyFiles = 2000

// survey looks at the files' schemas.
func (k *parquetFiles) survey(ctx context.Context, files []*file) error {
	if k.schemas == nil {
		k.schemas, k.broken, k.rows = map[string]string{}, map[string]string{}, map[string]int64{}
	}
	for len(files) > 0 {
		n := min(len(files), surveyFiles)
		if err := k.surveyPart(ctx, files[:n]); err != nil {
			return err
		}
		files = files[n:]
	}
	return nil
}

// surveyPart looks at some files; where that fails, at each half of them, until the broken ones are found.
func (k *parquetFiles) surveyPart(ctx context.Context, files []*file) error {
	rows, err := k.c.DB.QueryRows(ctx, `SELECT s.file_name, s.fields, m.num_rows FROM
		(SELECT file_name, string_agg(concat_ws(' ', name, type, converted_type, logical_type, num_children, scale, precision), ', ') AS fields FROM parquet_schema(`+paths(files)+`) GROUP BY ALL) s
		JOIN parquet_file_metadata(`+paths(files)+`) m USING (file_name)`)
	if err == nil {
		for _, r := range rows {
			name, _ := r[0].(string)
			k.schemas[name], _ = r[1].(string)
			k.rows[name], _ = r[2].(int64)
		}
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	if len(files) == 1 {
		k.broken[files[0].path] = sqlstate.From(err).Message
		return nil
	}
	half := len(files) / 2
	if err := k.surveyPart(ctx, files[:half]); err != nil {
		return err
	}
	return k.surveyPart(ctx, files[half:])
}

func (k *parquetFiles) look(_ context.Context, f *file) (*shape, error) {
	if why, ok := k.broken[f.path]; ok {
		return nil, &brokenError{why}
	}
	return &shape{key: k.schemas[f.path], rows: k.rows[f.path]}, nil
}

func (k *parquetFiles) batch(ctx context.Context, _ *shape, files []*file) (*source.Batch, error) {
	columns, err := describe(ctx, k.c, "read_parquet("+paths(files[:1])+", hive_partitioning=false)")
	if err != nil {
		return nil, err
	}
	b := &source.Batch{}
	converts, err := k.converts(ctx, columns, files)
	if err != nil {
		return nil, err
	}
	var items []string
	for _, c := range columns {
		name := c.Name
		if declared := k.c.Schema.Column(name); declared != nil {
			name = declared.Name
		}
		items = append(items, lex.QuoteIdent(c.Name)+" AS "+lex.QuoteIdent(name))
		b.Columns = append(b.Columns, source.Column{Name: name, Type: c.Type, Converts: converts[c.Name]})
	}
	const filename, row = "filename", "file_row_number"
	meta, described := metadata(k.c, files, filename, row)
	args := []string{paths(files), "hive_partitioning=false"}
	for _, name := range k.c.Include {
		switch name {
		case "offset":
			args = append(args, "file_row_number=true")
		default:
			args = appendOnce(args, "filename=true")
		}
	}
	items, b.Columns = append(items, meta...), append(b.Columns, described...)
	b.Query = "SELECT " + strings.Join(items, ", ") + " FROM read_parquet(" + strings.Join(args, ", ") + ")"
	return b, nil
}

// bounds are the least and the greatest value of the integer types.
var bounds = map[string]string{
	"TINYINT": "-128 AND 127", "SMALLINT": "-32768 AND 32767", "INTEGER": "-2147483648 AND 2147483647", "BIGINT": "-9223372036854775808 AND 9223372036854775807",
	"UTINYINT": "0 AND 255", "USMALLINT": "0 AND 65535", "UINTEGER": "0 AND 4294967295", "UBIGINT": "0 AND 18446744073709551615",
}

// converts tells which integer columns fit the declared types by the files' own statistics: a
// writer that tells the least and the greatest value of each row group spares a look at each value.
func (k *parquetFiles) converts(ctx context.Context, columns []source.Column, files []*file) (map[string]bool, error) {
	var tests, narrowed []string
	for _, c := range columns {
		declared := k.c.Schema.Column(c.Name)
		if declared == nil || declared.Type == c.Type || bounds[c.Type] == "" || bounds[declared.Type] == "" {
			continue
		}
		within := func(stat string) string {
			return "TRY_CAST(" + stat + " AS HUGEINT) BETWEEN " + bounds[declared.Type]
		}
		tests = append(tests, "coalesce(bool_and(coalesce(stats_null_count = num_values OR "+within("stats_min_value")+" AND "+within("stats_max_value")+
			", false)) FILTER (WHERE path_in_schema = "+lex.QuoteLiteral(c.Name)+"), false)")
		narrowed = append(narrowed, c.Name)
	}
	if tests == nil {
		return nil, nil
	}
	rows, err := k.c.DB.QueryRows(ctx, "SELECT "+strings.Join(tests, ", ")+" FROM parquet_metadata("+paths(files)+")")
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for i, name := range narrowed {
		out[name], _ = rows[0][i].(bool)
	}
	return out, nil
}

func appendOnce(list []string, s string) []string {
	for _, x := range list {
		if x == s {
			return list
		}
	}
	return append(list, s)
}

// describe finds the columns of a relation.
func describe(ctx context.Context, c *source.Config, relation string) ([]source.Column, error) {
	rows, err := c.DB.QueryRows(ctx, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM "+relation+")")
	if err != nil {
		return nil, err
	}
	out := make([]source.Column, len(rows))
	for i, r := range rows {
		out[i].Name, _ = r[0].(string)
		out[i].Type, _ = r[1].(string)
	}
	return out, nil
}

// Package files reads CSV, JSON and Parquet files into a source: those that a path or a glob
// names, each once. DuckDB reads and decodes; this package lists, looks into each file as far as it
// must to know its columns, and puts files of one shape together into a batch.
//
// A file is known by its name, size and time of modification. It is the partition; its position says
// which size and time were read. Files are never divided: a batch is one or more whole files.
//
// It refuses to write, and to read what isn't a file (a directory, a pipe).
package files

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/storage/source"
)

// Driver declares the connector.
func Driver() *source.Driver {
	return &source.Driver{
		Name: "FILES", Doc: "Files of the server, or in S3, each read once.",
		Options: []source.Option{
			{Name: "path", Kind: source.TextList, Required: true, Doc: "A file, a directory or a glob, or a list of them: `*` and `?` within a name, `[a-z]`, `{a,b}`, `**` for any directories. Relative paths start in the directory in which Eider runs. `s3://…` needs DuckDB's httpfs."},
			{Name: "recursive", Kind: source.Boolean, Default: false, Doc: "Whether a path that is a directory means what is in its directories too."},
			{Name: "changed", Kind: source.Text, Default: "ignore", Choices: []string{"ignore", "append", "stop"}, Doc: "What becomes of a file that was read and has another size or time of modification since: `ignore` leaves it, and records it as drift; `append` reads it again as if it were new (with ENVELOPE UPSERT its rows replace the earlier ones); `stop` is an error."},
			{Name: "ordering", Kind: source.Text, Default: "name", Choices: []string{"name", "modified"}, Doc: "The order in which files are read."},
			{Name: "compression", Kind: source.Text, Default: "auto", Choices: []string{"auto", "none", "gzip", "zstd"}, Doc: "How CSV and JSON files are compressed; `auto` goes by `.gz` and `.zst`."},
			{Name: "min_age", Kind: source.Interval, Default: int64(0), Min: 0, Max: 365 * 86400e6, Doc: "Files modified more recently than that are left for later, for writers that don't write elsewhere and rename."},
		},
		Formats: formats(),
		Metadata: []source.Metadata{
			{Name: "partition", Type: "VARCHAR", Doc: "The file's path."},
			{Name: "offset", Type: "BIGINT", Formats: []string{"PARQUET"}, Doc: "The row's number in its file, from 0."},
			{Name: "timestamp", Type: "TIMESTAMP WITH TIME ZONE", Doc: "When the file was modified."},
		},
		Envelopes: []source.Envelope{source.Upsert}, ServerFiles: true, Unit: "files",
		Check: check, Infer: infer, Open: open, Lag: lag,
		Locations: func(c *source.Config) []string { return c.Options.Texts("path") },
	}
}

func formats() []source.Format {
	return []source.Format{
		{Name: "CSV", Doc: "Lines of values.", Options: []source.Option{
			{Name: "header", Kind: source.Boolean, Default: true, Doc: "Whether the first line names the columns. Without it the declared columns are the file's, in their order."},
			{Name: "delimiter", Kind: source.Text, Default: ",", Doc: "What is between values, up to four bytes."},
			{Name: "quote", Kind: source.Text, Default: `"`, Doc: "What is around values that hold delimiters; empty for none."},
			{Name: "escape", Kind: source.Text, Default: `"`, Doc: "What is before a quote within quotes; empty for none."},
			{Name: "nullstr", Kind: source.TextList, Doc: "What stands for NULL beside an empty value: a text or several."},
			{Name: "dateformat", Kind: source.Text, Doc: "How dates are written, as strptime has it: `%d.%m.%Y`. Otherwise ISO 8601."},
			{Name: "timestampformat", Kind: source.Text, Doc: "How timestamps are written, likewise."},
			{Name: "decimal_separator", Kind: source.Text, Default: ".", Choices: []string{".", ","}, Doc: "What is before a number's decimals."},
			{Name: "comment", Kind: source.Text, Doc: "A character that begins lines to leave out."},
			{Name: "skip", Kind: source.Integer, Default: int64(0), Min: 0, Max: 1 << 20, Doc: "How many lines to leave out at the start of each file."},
			{Name: "encoding", Kind: source.Text, Default: "utf-8", Choices: []string{"utf-8", "utf-16", "latin-1"}, Doc: "How characters are written."},
			{Name: "max_line_size", Kind: source.Integer, Default: int64(2 << 20), Min: 1 << 10, Max: 1 << 30, Doc: "Bytes of the longest line; a longer one is rejected."},
		}},
		{Name: "JSON", Doc: "Objects: one a line, or in an array.", Options: []source.Option{
			{Name: "layout", Kind: source.Text, Default: "auto", Choices: []string{"auto", "lines", "array"}, Doc: "`lines` has an object a line, `array` an array of objects; `auto` looks at each file's first character."},
			{Name: "max_line_size", Kind: source.Integer, Default: int64(16 << 20), Min: 1 << 10, Max: 1 << 30, Doc: "Bytes of the longest object."},
		}},
		{Name: "PARQUET", Doc: "Parquet files.", Options: nil},
	}
}

// check finds the format and refuses what can't be.
func check(c *source.Config) error {
	paths := c.Options.Texts("path")
	if len(paths) == 0 {
		return sqlstate.New(sqlstate.InvalidParameterValue, "option \"path\" names no file")
	}
	for _, p := range paths {
		if p == "" || strings.ContainsRune(p, 0) {
			return sqlstate.Newf(sqlstate.InvalidParameterValue, "%q is no path", p)
		}
		if !remote(p) {
			if _, err := parsePattern(p); err != nil {
				return err
			}
		}
	}
	if c.Format == "" {
		if c.Format = formatOf(paths); c.Format == "" {
			return sqlstate.New(sqlstate.SyntaxError, "the path doesn't tell the files' format").WithHint("Add FORMAT CSV, FORMAT JSON or FORMAT PARQUET.")
		}
	}
	if c.Format == "CSV" {
		return checkCSV(c)
	}
	return nil
}

// checkCSV refuses options that DuckDB would refuse later.
func checkCSV(c *source.Config) error {
	f := c.FormatOptions
	one := func(name string, least, most int) error {
		if s := f.Text(name); f.Has(name) && (len(s) < least || len(s) > most) {
			return sqlstate.Newf(sqlstate.InvalidParameterValue, "option %q must have %d to %d bytes, not %q", name, least, most, s)
		}
		return nil
	}
	for _, o := range []struct {
		name        string
		least, most int
	}{{"delimiter", 1, 4}, {"quote", 0, 1}, {"escape", 0, 1}, {"comment", 0, 1}} {
		if err := one(o.name, o.least, o.most); err != nil {
			return err
		}
	}
	if d, q := f.Text("delimiter"), f.Text("quote"); d != "" && d == q {
		return sqlstate.New(sqlstate.InvalidParameterValue, "the delimiter and the quote can't be the same")
	}
	return nil
}

// formatOf tells a format by the paths' endings, "" where they tell none or several.
func formatOf(paths []string) string {
	found := ""
	for _, p := range paths {
		p = strings.ToLower(p)
		for _, ending := range []string{".gz", ".zst"} {
			p = strings.TrimSuffix(p, ending)
		}
		f := ""
		switch {
		case strings.HasSuffix(p, ".csv"), strings.HasSuffix(p, ".tsv"):
			f = "CSV"
		case strings.HasSuffix(p, ".json"), strings.HasSuffix(p, ".jsonl"), strings.HasSuffix(p, ".ndjson"):
			f = "JSON"
		case strings.HasSuffix(p, ".parquet"):
			f = "PARQUET"
		}
		if f == "" || found != "" && f != found {
			return ""
		}
		found = f
	}
	return found
}

// endings are those of a format's files, for a path that is a directory.
func endings(format string) []string {
	var list []string
	switch format {
	case "CSV":
		list = []string{".csv", ".tsv"}
	case "JSON":
		list = []string{".json", ".jsonl", ".ndjson"}
	default:
		return []string{".parquet"}
	}
	for _, e := range list {
		list = append(list, e+".gz", e+".zst")
	}
	return list
}

// lag counts the files that wait to be read.
func lag(ctx context.Context, c *source.Config) (int64, bool, error) {
	for _, p := range c.Options.Texts("path") {
		if remote(p) {
			return 0, false, nil // a listing over the network isn't cheap
		}
	}
	found, err := list(ctx, c)
	if err != nil {
		return 0, false, err
	}
	var n int64
	for _, f := range found {
		if s := f.compare(c.Positions[f.path]); s == unread || s == changed && c.Options.Text("changed") == "append" {
			n++
		}
	}
	return n, true, nil
}

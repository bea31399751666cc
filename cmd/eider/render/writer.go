package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Options say how results look. The zero value is an unlimited table without colours.
type Options struct {
	// Format is one of Formats; "" is "table".
	Format string
	// Null stands for NULL in formats for people; the others have their own way.
	Null string
	// NoHeader leaves out column names.
	NoHeader bool
	// NoTypes leaves out the line of types of the table format.
	NoTypes bool
	// NoFooter leaves out the line that counts the rows.
	NoFooter bool
	// MaxRows bounds the rows that an aligned table shows (the first and last ones); zero is all.
	MaxRows int
	// Width is the terminal's width, which aligned tables keep to; zero is unlimited.
	Width int
	// Color allows ANSI colours.
	Color bool
}

// A Writer writes one result: Begin, Write for every batch, End.
type Writer interface {
	Begin(cols []Column) error
	Write(b *Batch) error
	End() error
}

// Format describes an output format.
type Format struct {
	Name, Doc string
	// Encoding is what the cells must contain.
	Encoding Encoding
	// ForPeople marks formats that show command tags, counts and NULL's text.
	ForPeople bool
}

// Formats lists the output formats.
func Formats() []Format {
	return []Format{
		{Name: "table", Doc: "box-drawn table with types, kept to the terminal's width", ForPeople: true},
		{Name: "psql", Doc: "aligned table as psql draws it", ForPeople: true},
		{Name: "line", Doc: "one value a line, as psql's expanded display", ForPeople: true},
		{Name: "markdown", Doc: "Markdown table", ForPeople: true},
		{Name: "list", Doc: "values separated by |, no alignment"},
		{Name: "csv", Doc: "comma-separated values (RFC 4180); NULL is empty"},
		{Name: "tsv", Doc: "tab-separated values; tab, newline and backslash are escaped; NULL is \\N"},
		{Name: "json", Doc: "one JSON array of objects", Encoding: AsJSON},
		{Name: "jsonl", Doc: "one JSON object a line", Encoding: AsJSON},
	}
}

// FormatNamed finds a format; the error lists what there is.
func FormatNamed(name string) (Format, error) {
	var names []string
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Format{}, fmt.Errorf("unknown output format %q; there are: %s", name, strings.Join(names, ", "))
}

// NewWriter returns a writer of the options' format to w.
func NewWriter(w io.Writer, o Options) (Writer, error) {
	if o.Format == "" {
		o.Format = "table"
	}
	if _, err := FormatNamed(o.Format); err != nil {
		return nil, err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	switch o.Format {
	case "psql":
		return &aligned{out: out, o: o, style: psqlStyle}, nil
	case "markdown":
		return &aligned{out: out, o: o, style: markdownStyle}, nil
	case "line":
		return &lines{out: out, o: o}, nil
	case "list":
		return &delimited{out: out, o: o, sep: "|", null: o.Null, cell: func(dst, text []byte) []byte { return append(dst, text...) }}, nil
	case "csv":
		return &delimited{out: out, o: o, sep: ",", cell: csvCell}, nil
	case "tsv":
		return &delimited{out: out, o: o, sep: "\t", null: `\N`, cell: tsvCell}, nil
	case "json":
		return &objects{out: out, open: "[", between: ",\n ", end: "]\n"}, nil
	case "jsonl":
		return &objects{out: out, between: "\n", end: "\n"}, nil
	}
	style := boxStyle
	style.types = !o.NoTypes
	return &aligned{out: out, o: o, style: style}, nil
}

// delimited writes csv, tsv and list.
type delimited struct {
	out  *bufio.Writer
	o    Options
	sep  string
	null string
	cell func(dst, text []byte) []byte
	cols int
	line []byte
}

func (d *delimited) Begin(cols []Column) error {
	d.cols = len(cols)
	if d.o.NoHeader {
		return nil
	}
	d.line = d.line[:0]
	for i, c := range cols {
		if i > 0 {
			d.line = append(d.line, d.sep...)
		}
		d.line = d.cell(d.line, []byte(c.Name))
	}
	_, err := d.out.Write(append(d.line, '\n'))
	return err
}

func (d *delimited) Write(b *Batch) error {
	for row := range b.Len() {
		d.line = d.line[:0]
		for col := range d.cols {
			if col > 0 {
				d.line = append(d.line, d.sep...)
			}
			text, null := b.Cell(row, col)
			switch {
			case null:
				d.line = append(d.line, d.null...)
			case len(text) == 0 && d.cols == 1 && d.sep == ",":
				d.line = append(d.line, `""`...) // an empty line would be no row at all
			default:
				d.line = d.cell(d.line, text)
			}
		}
		if _, err := d.out.Write(append(d.line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

func (d *delimited) End() error { return d.out.Flush() }

func csvCell(dst, text []byte) []byte {
	quote := false
	for _, c := range text {
		if c == ',' || c == '"' || c == '\n' || c == '\r' {
			quote = true
			break
		}
	}
	if !quote {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for _, c := range text {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

func tsvCell(dst, text []byte) []byte {
	for _, c := range text {
		switch c {
		case '\t':
			dst = append(dst, '\\', 't')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\\':
			dst = append(dst, '\\', '\\')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// objects writes json and jsonl.
type objects struct {
	out                *bufio.Writer
	open, between, end string
	keys               [][]byte
	rows               int
	line               []byte
}

func (j *objects) Begin(cols []Column) error {
	seen := map[string]int{}
	for _, c := range cols {
		name := c.Name
		for seen[name] > 0 { // a JSON object's names are unique
			name = fmt.Sprintf("%s_%d", c.Name, seen[c.Name])
			seen[c.Name]++
		}
		seen[name]++
		j.keys = append(j.keys, append(AppendJSONString(nil, []byte(name)), ':'))
	}
	_, err := j.out.WriteString(j.open)
	return err
}

func (j *objects) Write(b *Batch) error {
	for row := range b.Len() {
		j.line = j.line[:0]
		if j.rows > 0 {
			j.line = append(j.line, j.between...)
		}
		j.rows++
		j.line = append(j.line, '{')
		for col, key := range j.keys {
			if col > 0 {
				j.line = append(j.line, ',')
			}
			j.line = append(j.line, key...)
			if text, null := b.Cell(row, col); null {
				j.line = append(j.line, "null"...)
			} else {
				j.line = append(j.line, text...)
			}
		}
		if _, err := j.out.Write(append(j.line, '}')); err != nil {
			return err
		}
	}
	return nil
}

func (j *objects) End() error {
	if j.rows > 0 || j.open != "" {
		if _, err := j.out.WriteString(j.end); err != nil {
			return err
		}
	}
	return j.out.Flush()
}

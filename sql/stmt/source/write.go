package source

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/storage/source"
)

// Statement writes the statement that makes the source as it is now. Secrets are left out.
func (s *Stored) Statement() string {
	spec, d := s.Spec, s.Driver
	var b strings.Builder
	b.WriteString("CREATE SOURCE " + ident(s.Schema) + "." + ident(s.Name) + " (\n")
	for i, c := range spec.Columns {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.WriteString("  " + ident(c.Name) + " " + c.Type)
		if c.NotNull {
			b.WriteString(" NOT NULL")
		}
		for _, check := range c.Checks {
			b.WriteString(" CHECK (" + check + ")")
		}
		if c.Default != "" {
			b.WriteString(" DEFAULT " + c.Default)
		}
	}
	if spec.Watermark != "" {
		b.WriteString(",\n  WATERMARK FOR " + ident(spec.WatermarkColumn) + " AS " + spec.Watermark)
	}
	b.WriteString("\n) FROM " + spec.Driver + " (" + writeOptions(d.Options, spec.Options, " ") + ")")
	if f := d.FormatOf(spec.Format); f != nil {
		b.WriteString("\nFORMAT " + f.Name)
		if len(spec.FormatOptions) > 0 {
			b.WriteString(" (" + writeOptions(f.Options, spec.FormatOptions, " ") + ")")
		}
	}
	if len(spec.Include) > 0 {
		var items []string
		for _, i := range spec.Include {
			item := i.Name
			if i.As != i.Name {
				item += " AS " + ident(i.As)
			}
			items = append(items, item)
		}
		b.WriteString("\nINCLUDE (" + strings.Join(items, ", ") + ")")
	}
	if spec.Envelope != source.Append {
		b.WriteString("\nENVELOPE " + string(spec.Envelope))
		if len(spec.Key) > 0 {
			var keys []string
			for _, k := range spec.Key {
				keys = append(keys, ident(k))
			}
			b.WriteString(" KEY (" + strings.Join(keys, ", ") + ")")
		}
	}
	if spec.OnError != Quarantine {
		b.WriteString("\nON ERROR " + spec.OnError)
	}
	if len(spec.With) > 0 {
		b.WriteString("\nWITH (" + writeOptions(WithOptions(), spec.With, " = ") + ")")
	}
	return b.String()
}

func writeOptions(options []source.Option, v source.Values, between string) string {
	var out []string
	for _, name := range v.Names() {
		o := source.Find(options, name)
		if o == nil {
			continue
		}
		out = append(out, name+between+literal(o, v[name]))
	}
	return strings.Join(out, ", ")
}

func literal(o *source.Option, v any) string {
	switch v := v.(type) {
	case string:
		return lex.QuoteLiteral(v)
	case []string:
		if len(v) == 1 {
			return lex.QuoteLiteral(v[0])
		}
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = lex.QuoteLiteral(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	case int64:
		if o.Kind == source.Interval {
			return lex.QuoteLiteral(duration(v))
		}
		return strconv.FormatInt(v, 10)
	}
	return fmt.Sprint(v)
}

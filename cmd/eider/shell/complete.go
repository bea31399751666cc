package shell

import (
	"context"
	"slices"
	"strings"

	"github.com/eiderdb/eider/cmd/eider/render"
	"github.com/eiderdb/eider/sql/lex"
)

// names is what completion knows of the database.
type names struct {
	relations map[string][]string // lower-case name or schema.name → columns
	spelled   map[string]string   // the same → as written
	hidden    map[string]bool     // short names of Eider's own relations
	functions []string
	keywords  []string
}

// Candidate is a completion.
type Candidate struct{ Text, Kind string }

// baseKeywords are offered where the server doesn't list its own.
var baseKeywords = strings.Fields(`all alter analyze and any array as asc asof attach begin between by call case cast checkpoint column
	comment commit constraint copy create cross current_date current_timestamp database default delete desc describe detach distinct drop else end
	enum except exclude execute exists explain export extract false filter first following for foreign from full group having if ilike
	import in index inner insert install intersect interval into is join key lateral left like limit load macro materialized natural not null
	nulls offset on or order outer over partition pivot positional preceding prepare primary qualify range recursive references rename
	replace returning right rollback row rows sample schema select semi sequence set show similar summarize table temporary then to
	transaction true truncate type unbounded union unique unpivot update use using vacuum values view when where window with within`)

// learn reads the catalog for completion. What can't be read is left out: completion is no reason for an error.
func (s *Shell) learn(ctx context.Context) *names {
	if s.catalog != nil {
		return s.catalog
	}
	n := &names{relations: map[string][]string{}, spelled: map[string]string{}, hidden: map[string]bool{}}
	cat := s.backend.Catalog()
	query := func(text string) [][]string {
		if text == "" || s.backend.TxStatus() == 'E' {
			return nil
		}
		rows, err := s.rows(ctx, text)
		if err != nil {
			return nil
		}
		return rows
	}
	add := func(schema, table string) []string {
		keys := []string{lex.Fold(table), lex.Fold(schema + "." + table)}
		n.spelled[keys[0]], n.spelled[keys[1]] = table, schema+"."+table
		n.hidden[keys[0]] = strings.HasPrefix(schema, "eider")
		return keys
	}
	for _, r := range query(cat.Names) {
		for _, key := range add(r[0], r[1]) {
			n.relations[key] = nil
		}
	}
	for _, r := range query(cat.TableColumns) {
		for _, key := range add(r[0], r[1]) {
			n.relations[key] = append(n.relations[key], r[2])
		}
	}
	for _, r := range query(cat.FunctionNames) {
		n.functions = append(n.functions, r[0])
	}
	n.keywords = slices.Clone(baseKeywords)
	for _, r := range query(cat.Keywords) {
		n.keywords = append(n.keywords, r[0])
	}
	for _, t := range s.o.Help {
		n.keywords = append(n.keywords, strings.Fields(strings.ToLower(t.Name))...)
	}
	slices.Sort(n.keywords)
	n.keywords = slices.Compact(n.keywords)
	s.catalog = n
	return n
}

// Complete returns what the word before the cursor can become: text is what was typed
// up to the cursor. prefix is the part of it that the candidates replace.
func (s *Shell) Complete(ctx context.Context, text string) (prefix string, found []Candidate) {
	trimmed := strings.TrimLeft(text, " \t\n")
	if isMeta(trimmed) || trimmed == `\` || trimmed == "." {
		return s.completeMeta(ctx, trimmed)
	}
	stmts := lex.Split(text)
	var toks []lex.Token
	if len(stmts) > 0 && !stmts[len(stmts)-1].Terminated {
		toks = stmts[len(stmts)-1].Tokens
	}
	prefix, qualifier, before := wordAt(text, toks)
	if len(toks) > 0 && toks[len(toks)-1].Open && prefix == "" { // in a string or comment
		return "", nil
	}
	n := s.learn(ctx)
	if qualifier != "" {
		return prefix, n.members(text, toks, qualifier, prefix)
	}
	c := collector{prefix: lex.Fold(prefix)}
	switch previousWord(text, before) {
	case "from", "join", "into", "update", "table", "describe", "summarize", "view", "exists", "references":
		c.addAll("table", n.tableNames())
		return prefix, c.found
	}
	c.addAll("column", n.visibleColumns(text, toks))
	if prefix != "" {
		c.addAll("table", n.tableNames())
		c.addAll("keyword", n.keywords)
		c.addFunctions(n.functions)
	} else if len(before) == 0 {
		c.addAll("keyword", []string{"select", "from", "with", "insert", "update", "delete", "create", "copy", "describe", "summarize", "explain"})
	} else {
		c.addAll("table", n.tableNames())
	}
	if upper(prefix) { // who types in capitals gets keywords in capitals
		for i := range c.found {
			if c.found[i].Kind == "keyword" {
				c.found[i].Text = strings.ToUpper(c.found[i].Text)
			}
		}
	}
	return prefix, c.found
}

func upper(s string) bool { return s != "" && s == strings.ToUpper(s) && s != strings.ToLower(s) }

// wordAt returns the word that ends the text, the name before a dot in front of it, and the tokens before both.
func wordAt(text string, toks []lex.Token) (word, qualifier string, before []lex.Token) {
	before = toks
	if n := len(before); n > 0 && before[n-1].End == len(text) && before[n-1].IsIdent() {
		word = before[n-1].Text(text)
		before = before[:n-1]
	}
	if n := len(before); n > 1 && before[n-1].Text(text) == "." && before[n-2].IsIdent() && before[n-1].End == len(text)-len(word) {
		qualifier = lex.Unquote(text, before[n-2])
		before = before[:n-2]
	}
	return word, qualifier, before
}

// previousWord is the word in front of the cursor's; after a comma, FROM where the list belongs to it.
func previousWord(text string, before []lex.Token) string {
	if len(before) == 0 {
		return ""
	}
	last := before[len(before)-1]
	if last.Kind == lex.Ident {
		return lex.Fold(last.Text(text))
	}
	if last.Text(text) != "," {
		return ""
	}
	for i := len(before) - 2; i >= 0 && before[i].IsIdent(); i-- {
		if w := lex.Fold(before[i].Text(text)); w == "from" {
			return w
		}
	}
	return ""
}

// sources maps the names by which a statement calls its relations to those relations.
func (n *names) sources(text string, toks []lex.Token) map[string]string {
	out := map[string]string{}
	for i := 0; i < len(toks); i++ {
		if !toks[i].IsIdent() || i == 0 {
			continue
		}
		switch w := lex.Fold(toks[i-1].Text(text)); {
		case w == "from" || w == "join" || w == "update" || w == "into" || toks[i-1].Text(text) == ",":
		default:
			continue
		}
		name := lex.Unquote(text, toks[i])
		j := i + 1
		for j+1 < len(toks) && toks[j].Text(text) == "." && toks[j+1].IsIdent() {
			name += "." + lex.Unquote(text, toks[j+1])
			j += 2
		}
		key := lex.Fold(name)
		if _, ok := n.relations[key]; !ok {
			continue
		}
		out[key] = key
		if dot := strings.LastIndexByte(key, '.'); dot >= 0 {
			out[key[dot+1:]] = key
		}
		if j < len(toks) && toks[j].Word(text, "as") {
			j++
		}
		if j < len(toks) && toks[j].IsIdent() && !slices.Contains(baseKeywords, lex.Fold(toks[j].Text(text))) {
			out[lex.Fold(lex.Unquote(text, toks[j]))] = key
		}
	}
	return out
}

// visibleColumns are the columns of the relations that the statement names so far.
func (n *names) visibleColumns(text string, toks []lex.Token) []string {
	var cols []string
	for _, key := range n.sources(text, toks) {
		cols = append(cols, n.relations[key]...)
	}
	slices.Sort(cols)
	return slices.Compact(cols)
}

// members are the columns of a relation or alias, or the relations of a schema.
func (n *names) members(text string, toks []lex.Token, qualifier, prefix string) []Candidate {
	c := collector{prefix: lex.Fold(prefix)}
	q := lex.Fold(qualifier)
	if key, ok := n.sources(text, toks)[q]; ok {
		c.addAll("column", n.relations[key])
	} else if cols, ok := n.relations[q]; ok {
		c.addAll("column", cols)
	}
	for key, spelled := range n.spelled {
		if rest, ok := strings.CutPrefix(key, q+"."); ok {
			c.addAll("table", []string{spelled[len(spelled)-len(rest):]})
		}
	}
	slices.SortFunc(c.found, func(a, b Candidate) int { return strings.Compare(a.Text, b.Text) })
	return c.found
}

// tableNames are the relations by their short names, schemas other than main with them.
func (n *names) tableNames() []string {
	var out []string
	for key, spelled := range n.spelled {
		schema, _, qualified := strings.Cut(key, ".")
		if !qualified && !n.hidden[key] || qualified && schema != "main" && schema != "public" && !strings.HasPrefix(schema, "eider") {
			out = append(out, spelled)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

type collector struct {
	prefix string
	found  []Candidate
}

func (c *collector) addAll(kind string, texts []string) {
	for _, t := range texts {
		if !strings.HasPrefix(lex.Fold(t), c.prefix) {
			continue
		}
		if kind == "column" || kind == "table" {
			t = quoteParts(t)
		}
		if !slices.ContainsFunc(c.found, func(f Candidate) bool { return f.Text == t }) {
			c.found = append(c.found, Candidate{Text: t, Kind: kind})
		}
	}
}

func (c *collector) addFunctions(texts []string) {
	for _, t := range texts {
		if strings.HasPrefix(t, c.prefix) {
			c.found = append(c.found, Candidate{Text: t + "(", Kind: "function"})
		}
	}
}

// quoteParts quotes what has to be quoted in name or schema.name.
func quoteParts(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		for j, r := range p {
			if !(r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127 || j > 0 && r >= '0' && r <= '9') {
				parts[i] = lex.QuoteIdent(p)
				break
			}
		}
	}
	return strings.Join(parts, ".")
}

// completeMeta completes a meta-command's name, or its argument where that is a relation.
func (s *Shell) completeMeta(ctx context.Context, text string) (string, []Candidate) {
	name, arg, spaced := strings.Cut(text, " ")
	if !spaced {
		c := collector{prefix: text}
		for _, cmd := range s.commands {
			c.addAll("command", cmd.names)
		}
		return text, c.found
	}
	c := collector{prefix: lex.Fold(arg)}
	switch strings.TrimRight(name, "+S") {
	case `\d`, `\dt`, `\dv`, ".describe", ".schema", ".tables", ".views":
		c.addAll("table", s.learn(ctx).tableNames())
	case ".mode":
		c.addAll("format", formatNames())
	case `\pset`, ".set":
		if value, ok := strings.CutPrefix(arg, "format "); ok {
			c.prefix, arg = value, value
			c.addAll("format", formatNames())
		} else {
			c.addAll("setting", []string{"expanded", "footer", "format", "header", "maxrows", "null"})
		}
	case `\x`, `\timing`, `\t`, ".expanded", ".timing", ".headers":
		c.addAll("switch", []string{"on", "off"})
	}
	return arg, c.found
}

func formatNames() []string {
	var out []string
	for _, f := range render.Formats() {
		out = append(out, f.Name)
	}
	return out
}

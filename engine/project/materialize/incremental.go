package materialize

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/warehouse"
)

// checkIncremental refuses what can't be built before anything is touched.
func checkIncremental(j *Job) error {
	c := j.Node.Config
	switch c.IncrementalStrategy {
	case "", "default", "append", "delete+insert", "merge":
	case "insert_overwrite":
		return fmt.Errorf("incremental_strategy 'insert_overwrite' replaces partitions, which DuckDB's tables don't have: use 'delete+insert' with the partition's columns as unique_key")
	case "microbatch":
		return fmt.Errorf("incremental_strategy 'microbatch' isn't supported: use 'delete+insert' with a filter on the event time under {%% if is_incremental() %%}")
	default:
		return fmt.Errorf("incremental_strategy %q isn't known; there are append, delete+insert and merge", c.IncrementalStrategy)
	}
	switch c.OnSchemaChange {
	case "", "ignore", "fail", "append_new_columns", "sync_all_columns":
	default:
		return fmt.Errorf("on_schema_change %q isn't known; there are ignore, fail, append_new_columns and sync_all_columns", c.OnSchemaChange)
	}
	if s := c.IncrementalStrategy; (s == "merge" || s == "delete+insert") && len(c.UniqueKey) == 0 {
		return fmt.Errorf("incremental_strategy '%s' needs a unique_key", s)
	}
	if len(c.MergeUpdateColumns) > 0 && len(c.MergeExcludeColumns) > 0 {
		return fmt.Errorf("merge_update_columns and merge_exclude_columns exclude one another")
	}
	return nil
}

// incremental adds what the query gives to the table that is there, or makes it.
func incremental(ctx context.Context, j *Job) (Result, error) {
	full := j.FullRefresh
	if f := j.Node.Config.FullRefresh; f != nil {
		full = *f
	}
	have, err := warehouse.KindOf(ctx, j.Conn, j.Relation)
	if err != nil {
		return Result{}, err
	}
	if full || have != warehouse.BaseTable {
		return table(ctx, j)
	}
	text, err := j.one()
	if err != nil {
		return Result{}, err
	}
	if err := j.contract(ctx, text); err != nil {
		return Result{}, err
	}
	rows := j.temporary()
	if _, err := j.exec(ctx, "CREATE OR REPLACE TEMP TABLE "+rows+" AS\n"+text); err != nil {
		return Result{}, err
	}
	columns, err := j.adaptColumns(ctx, rows)
	if err != nil {
		return Result{}, err
	}
	statements := incrementalSQL(j.Node.Config.IncrementalStrategy, change{
		target: j.Relation.String(), rows: rows, columns: columns, key: j.Node.Config.UniqueKey,
		predicates: j.Node.Config.IncrementalPredicates, update: j.Node.Config.MergeUpdateColumns, keep: j.Node.Config.MergeExcludeColumns,
	})
	var tag warehouse.Tag
	for _, sql := range statements {
		if tag, err = j.exec(ctx, sql); err != nil {
			return Result{}, err
		}
	}
	_, err = j.exec(ctx, "DROP TABLE "+rows)
	return rowsOf(tag), err
}

// temporary is the name of the session's own table for new rows.
func (j *Job) temporary() string { return warehouse.Quote(j.Relation.Name + "__eider_tmp") }

// change is what an incremental strategy needs to know. Names in key, update and keep are as written, columns too.
type change struct {
	target, rows    string
	columns         []string
	key, predicates []string
	update, keep    []string
}

// incrementalSQL are the statements of a strategy; the last one's tag counts the rows.
func incrementalSQL(strategy string, c change) []string {
	if strategy == "" || strategy == "default" {
		if strategy = "append"; len(c.key) > 0 {
			strategy = "delete+insert"
		}
	}
	list := quoted(c.columns, "")
	insert := "INSERT INTO " + c.target + " (" + list + ")\nSELECT " + list + " FROM " + c.rows
	switch strategy {
	case "delete+insert":
		del := "DELETE FROM " + c.target + " AS DBT_INTERNAL_DEST\nUSING (SELECT DISTINCT " + expressions(c.key) + " FROM " + c.rows + ") AS DBT_INTERNAL_SOURCE\nWHERE " + matches(c)
		return []string{del, insert}
	case "merge":
		return []string{mergeSQL(c)}
	}
	return []string{insert}
}

// matches compares the key's parts, which expressions named k0, k1, …
func matches(c change) string {
	conds := make([]string, 0, len(c.key)+len(c.predicates))
	for i, k := range c.key {
		conds = append(conds, "DBT_INTERNAL_SOURCE.k"+fmt.Sprint(i)+" = DBT_INTERNAL_DEST."+column(k))
	}
	return strings.Join(append(conds, c.predicates...), " AND ")
}

func expressions(key []string) string {
	out := make([]string, len(key))
	for i, k := range key {
		out[i] = column(k) + " AS k" + fmt.Sprint(i)
	}
	return strings.Join(out, ", ")
}

func mergeSQL(c change) string {
	conds := make([]string, 0, len(c.key)+len(c.predicates))
	for _, k := range c.key {
		conds = append(conds, "DBT_INTERNAL_SOURCE."+column(k)+" = DBT_INTERNAL_DEST."+column(k))
	}
	conds = append(conds, c.predicates...)
	contains := func(list []string, name string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(strings.Trim(s, `"`), name) })
	}
	var sets []string
	for _, name := range c.columns {
		if len(c.update) > 0 && !contains(c.update, name) || contains(c.keep, name) {
			continue
		}
		sets = append(sets, warehouse.Quote(name)+" = DBT_INTERNAL_SOURCE."+warehouse.Quote(name))
	}
	sql := "MERGE INTO " + c.target + " AS DBT_INTERNAL_DEST\nUSING " + c.rows + " AS DBT_INTERNAL_SOURCE\nON " + strings.Join(conds, " AND ")
	if len(sets) > 0 {
		sql += "\nWHEN MATCHED THEN UPDATE SET " + strings.Join(sets, ", ")
	}
	return sql + "\nWHEN NOT MATCHED THEN INSERT (" + quoted(c.columns, "") + ")\nVALUES (" + quoted(c.columns, "DBT_INTERNAL_SOURCE.") + ")"
}

func quoted(names []string, prefix string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + warehouse.Quote(n)
	}
	return strings.Join(out, ", ")
}

// column is a key's column as written: quoted where it is a plain name.
func column(name string) string {
	if strings.HasPrefix(name, `"`) {
		return name
	}
	return warehouse.Quote(name)
}

// SchemaChange says how a query's columns differ from its table's.
type SchemaChange struct {
	Added, Removed []warehouse.Column
	Retyped        []Retyped
}

// Retyped is a column whose type changed.
type Retyped struct{ Name, From, To string }

func (s SchemaChange) empty() bool { return len(s.Added)+len(s.Removed)+len(s.Retyped) == 0 }

func (s SchemaChange) String() string {
	var parts []string
	for _, c := range s.Added {
		parts = append(parts, "new "+c.Name+" "+c.Type)
	}
	for _, c := range s.Removed {
		parts = append(parts, "gone "+c.Name+" "+c.Type)
	}
	for _, c := range s.Retyped {
		parts = append(parts, c.Name+" "+c.From+" is now "+c.To)
	}
	return strings.Join(parts, ", ")
}

func compareColumns(table, query []warehouse.Column) SchemaChange {
	var out SchemaChange
	in := func(list []warehouse.Column, name string) int {
		return slices.IndexFunc(list, func(c warehouse.Column) bool { return strings.EqualFold(c.Name, name) })
	}
	for _, q := range query {
		switch i := in(table, q.Name); {
		case i < 0:
			out.Added = append(out.Added, q)
		case table[i].Type != q.Type:
			out.Retyped = append(out.Retyped, Retyped{q.Name, table[i].Type, q.Type})
		}
	}
	for _, t := range table {
		if in(query, t.Name) < 0 {
			out.Removed = append(out.Removed, t)
		}
	}
	return out
}

// adaptColumns does what on_schema_change says and returns the columns to write.
func (j *Job) adaptColumns(ctx context.Context, rows string) ([]string, error) {
	have, err := warehouse.Columns(ctx, j.Conn, j.Relation)
	if err != nil {
		return nil, err
	}
	give, err := warehouse.QueryColumns(ctx, j.Conn, "SELECT * FROM "+rows)
	if err != nil {
		return nil, err
	}
	diff := compareColumns(have, give)
	policy := j.Node.Config.OnSchemaChange
	if diff.empty() || policy == "" || policy == "ignore" {
		return names(have), nil
	}
	if policy == "fail" {
		return nil, fmt.Errorf("the columns of %s changed (%s) and on_schema_change is 'fail': build it with --full-refresh, or choose append_new_columns or sync_all_columns", j.Node.Name, diff)
	}
	for _, sql := range alterations(j.Relation.String(), diff, policy == "sync_all_columns") {
		if _, err := j.exec(ctx, sql); err != nil {
			return nil, err
		}
	}
	return names(give), nil
}

func names(cols []warehouse.Column) []string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = c.Name
	}
	return out
}

// alterations are the statements that make a table's columns like the query's; sync also drops and retypes.
func alterations(table string, diff SchemaChange, sync bool) []string {
	var out []string
	for _, c := range diff.Added {
		out = append(out, "ALTER TABLE "+table+" ADD COLUMN "+warehouse.Quote(c.Name)+" "+c.Type)
	}
	if !sync {
		return out
	}
	for _, c := range diff.Removed {
		out = append(out, "ALTER TABLE "+table+" DROP COLUMN "+warehouse.Quote(c.Name))
	}
	for _, c := range diff.Retyped {
		out = append(out, "ALTER TABLE "+table+" ALTER COLUMN "+warehouse.Quote(c.Name)+" SET DATA TYPE "+c.To)
	}
	return out
}

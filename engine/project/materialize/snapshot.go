package materialize

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eiderdb/eider/engine/project/warehouse"
)

// checkSnapshot refuses a configuration that can't be built before anything is touched.
func checkSnapshot(j *Job) error {
	c := j.Node.Config
	switch {
	case len(c.UniqueKey) == 0:
		return fmt.Errorf("a snapshot needs a unique_key")
	case c.Strategy == "timestamp" && c.UpdatedAt == "":
		return fmt.Errorf("strategy 'timestamp' needs updated_at: the column that says when a row changed")
	case c.Strategy == "check" && len(c.CheckCols) == 0:
		return fmt.Errorf("strategy 'check' needs check_cols: 'all' or a list of columns")
	case c.Strategy != "timestamp" && c.Strategy != "check":
		return fmt.Errorf("the snapshot's strategy is %q; there are timestamp and check", c.Strategy)
	}
	switch c.HardDeletes {
	case "", "ignore", "invalidate", "new_record":
		return nil
	}
	return fmt.Errorf("hard_deletes %q isn't known; there are ignore, invalidate and new_record", c.HardDeletes)
}

// history is a snapshot's SQL. Each row of the target is a version of a key with the time from which and until which it was so.
type history struct {
	target, source, current string
	columns                 []string // of the source
	key                     []string // expressions
	updated                 string   // expression of the version's time, over a row of the source
	check                   []string // columns to compare; empty for the timestamp strategy
	now                     string
	// until is the expression that valid_to has in versions in force: NULL, or dbt_valid_to_current.
	until                            string
	id, updatedAt, from, to, deleted string // quoted names of the added columns
	hardDeletes                      string
	timeType                         string // of valid_from and valid_to
}

// snapshot records what has changed since the last time.
func snapshot(ctx context.Context, j *Job) (Result, error) {
	text, err := j.one()
	if err != nil {
		return Result{}, err
	}
	source := j.temporary()
	if _, err := j.exec(ctx, "CREATE OR REPLACE TEMP TABLE "+source+" AS\n"+text); err != nil {
		return Result{}, err
	}
	cols, err := warehouse.QueryColumns(ctx, j.Conn, "SELECT * FROM "+source)
	if err != nil {
		return Result{}, err
	}
	have, err := warehouse.KindOf(ctx, j.Conn, j.Relation)
	if err != nil {
		return Result{}, err
	}
	h := newHistory(j, source, names(cols))
	times, err := warehouse.QueryColumns(ctx, j.Conn, "SELECT "+h.updated+" AS eider_at FROM "+source)
	if err != nil {
		return Result{}, fmt.Errorf("updated_at: %w", err)
	}
	h.timeType = times[0].Type
	if err := j.distinctKeys(ctx, h); err != nil {
		return Result{}, err
	}
	var res Result
	if have == warehouse.BaseTable {
		res, err = j.record(ctx, h, cols)
	} else {
		var tag warehouse.Tag
		if _, err := j.replaceKind(ctx, warehouse.BaseTable); err != nil {
			return Result{}, err
		}
		tag, err = j.exec(ctx, "CREATE TABLE "+h.target+" AS\n"+h.first())
		res = rowsOf(tag)
	}
	if err != nil {
		return Result{}, err
	}
	_, err = j.exec(ctx, "DROP TABLE "+source)
	return res, err
}

func newHistory(j *Job, source string, columns []string) *history {
	c := j.Node.Config
	name := func(n string) string {
		if alias := c.SnapshotNames[n]; alias != "" {
			return warehouse.Quote(alias)
		}
		return warehouse.Quote(n)
	}
	h := &history{
		target: j.Relation.String(), source: source, columns: columns, key: c.UniqueKey, hardDeletes: c.HardDeletes, until: "NULL",
		now: "TIMESTAMP " + warehouse.Text(j.Now.UTC().Format("2006-01-02 15:04:05.000000")),
		id:  name("dbt_scd_id"), updatedAt: name("dbt_updated_at"), from: name("dbt_valid_from"), to: name("dbt_valid_to"), deleted: name("dbt_is_deleted"),
	}
	if c.ValidToCurrent != "" {
		h.until = c.ValidToCurrent
	}
	if c.Strategy == "timestamp" {
		h.updated = c.UpdatedAt
	} else {
		h.updated = h.now
		if c.UpdatedAt != "" {
			h.updated = c.UpdatedAt
		}
		h.check = c.CheckCols
		if len(h.check) == 1 && strings.EqualFold(h.check[0], "all") {
			h.check = columns
		}
	}
	return h
}

// distinctKeys refuses rows of the same key: which of them is the present one nobody could say.
func (j *Job) distinctKeys(ctx context.Context, h *history) error {
	t, err := j.query(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+h.source+" GROUP BY "+strings.Join(h.key, ", ")+" HAVING count(*) > 1)")
	if err != nil {
		return err
	}
	if n := fmt.Sprint(t.Rows[0][0]); n != "0" {
		return fmt.Errorf("the unique_key (%s) of snapshot %s isn't unique: %s of its values have several rows", strings.Join(h.key, ", "), j.Node.Name, n)
	}
	return nil
}

// scdID names a version: a hash of the key and the version's time.
func (h *history) scdID(updated string) string {
	parts := make([]string, 0, len(h.key)+1)
	for _, e := range append(slices.Clone(h.key), updated) {
		parts = append(parts, "coalesce(CAST("+e+" AS VARCHAR), '')")
	}
	return "md5(" + strings.Join(parts, " || '|' || ") + ")"
}

func (h *history) versions(deleted string) string {
	sql := "SELECT " + quoted(h.columns, "") + ", " + h.scdID(h.updated) + " AS " + h.id + ", " + h.updated + " AS " + h.updatedAt + ", " + h.updated + " AS " + h.from +
		", CAST(" + h.until + " AS " + h.timeType + ") AS " + h.to
	if h.hardDeletes == "new_record" {
		sql += ", " + deleted + " AS " + h.deleted
	}
	return sql + " FROM " + h.source + " AS snapshot_source"
}

func (h *history) first() string { return h.versions("'False'") }

// record closes the versions that ended and adds those that began.
func (j *Job) record(ctx context.Context, h *history, cols []warehouse.Column) (Result, error) {
	if err := j.extend(ctx, h, cols); err != nil {
		return Result{}, err
	}
	h.current = "(" + h.to + " IS NULL)"
	if h.until != "NULL" {
		h.current = "(" + h.to + " IS NULL OR " + h.to + " = " + h.until + ")"
	}
	changed := warehouse.Quote(j.Relation.Name + "__eider_changes")
	if _, err := j.exec(ctx, "CREATE OR REPLACE TEMP TABLE "+changed+" AS\n"+h.changes()); err != nil {
		return Result{}, err
	}
	written := int64(0)
	for _, sql := range h.apply(changed) {
		tag, err := j.exec(ctx, sql)
		if err != nil {
			return Result{}, err
		}
		if n, ok := tag.Rows(); ok && strings.HasPrefix(string(tag), "INSERT") {
			written += n
		}
	}
	_, err := j.exec(ctx, "DROP TABLE "+changed)
	return Result{Message: fmt.Sprintf("INSERT 0 %d", written), Rows: written}, err
}

// extend adds columns that the source has and the target doesn't yet.
func (j *Job) extend(ctx context.Context, h *history, cols []warehouse.Column) error {
	have, err := warehouse.Columns(ctx, j.Conn, j.Relation)
	if err != nil {
		return err
	}
	for _, c := range have {
		if strings.EqualFold(warehouse.Quote(c.Name), h.to) {
			h.timeType = c.Type
		}
	}
	added := []string{h.id, h.updatedAt, h.from, h.to}
	if h.hardDeletes == "new_record" {
		added = append(added, h.deleted)
	}
	for _, want := range added {
		if !slices.ContainsFunc(have, func(c warehouse.Column) bool { return strings.EqualFold(warehouse.Quote(c.Name), want) }) {
			return fmt.Errorf("%s is no snapshot: it has no column %s", h.target, want)
		}
	}
	for _, sql := range alterations(h.target, SchemaChange{Added: compareColumns(have, cols).Added}, false) {
		if _, err := j.exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// keys are the key's expressions as k0, k1, … of a relation.
func (h *history) keys() string {
	out := make([]string, len(h.key))
	for i, k := range h.key {
		out[i] = k + fmt.Sprintf(" AS eider_k%d", i)
	}
	return strings.Join(out, ", ")
}

func (h *history) sameKey(a, b string) string {
	out := make([]string, len(h.key))
	for i := range h.key {
		out[i] = fmt.Sprintf("%s.eider_k%d = %s.eider_k%d", a, i, b, i)
	}
	return strings.Join(out, " AND ")
}

// changes gives the ids of versions that end (ended), the time of it, and the keys whose new version begins:
// kind is 'update' and 'new' for rows of the source, 'delete' for keys that the source has no more.
func (h *history) changes() string {
	keyList := func(of string) string {
		out := make([]string, len(h.key))
		for i := range h.key {
			out[i] = fmt.Sprintf("%s.eider_k%d", of, i)
		}
		return strings.Join(out, ", ")
	}
	differs := "s.eider_updated > t." + h.from
	if len(h.check) > 0 {
		parts := make([]string, len(h.check))
		for i, c := range h.check {
			parts[i] = "s." + column(c) + " IS DISTINCT FROM t." + column(c)
		}
		differs = strings.Join(parts, " OR ")
	}
	notDeleted := "true"
	if h.hardDeletes == "new_record" {
		differs = "(" + differs + ") OR t." + h.deleted + " = 'True'"
		notDeleted = "t." + h.deleted + " <> 'True'"
	}
	sql := "WITH s AS (SELECT *, " + h.keys() + ", " + h.updated + " AS eider_updated FROM " + h.source + "),\n" +
		"t AS (SELECT *, " + h.keys() + " FROM " + h.target + " WHERE " + h.current + ")\n" +
		"SELECT 'update' AS kind, t." + h.id + " AS ended, s.eider_updated AS eider_at, " + keyList("s") + " FROM s JOIN t ON " + h.sameKey("s", "t") + " WHERE " + differs + "\n" +
		"UNION ALL SELECT 'new', NULL, s.eider_updated, " + keyList("s") + " FROM s WHERE NOT EXISTS (SELECT 1 FROM t WHERE " + h.sameKey("s", "t") + ")"
	if h.hardDeletes == "invalidate" || h.hardDeletes == "new_record" {
		sql += "\nUNION ALL SELECT 'delete', t." + h.id + ", " + h.now + ", " + keyList("t") + " FROM t WHERE " + notDeleted + " AND NOT EXISTS (SELECT 1 FROM s WHERE " + h.sameKey("s", "t") + ")"
	}
	return sql
}

func (h *history) apply(changed string) []string {
	out := []string{
		"UPDATE " + h.target + " AS t SET " + h.to + " = c.eider_at FROM " + changed + " AS c WHERE c.ended = t." + h.id + " AND " + strings.ReplaceAll(h.current, h.to, "t."+h.to),
		"INSERT INTO " + h.target + " (" + h.written() + ")\nSELECT " + h.written() + " FROM (" + h.versions("'False'") + ") AS v\nWHERE (" + h.tuple("") + ") IN (SELECT " + h.tuple("k") + " FROM " + changed + " WHERE kind IN ('update', 'new'))",
	}
	if h.hardDeletes == "new_record" {
		list := quoted(h.columns, "")
		out = append(out, "INSERT INTO "+h.target+" ("+h.written()+")\nSELECT "+list+", "+h.scdID(h.now)+", "+h.now+", "+h.now+", CAST("+h.until+" AS "+h.timeType+"), 'True' FROM "+h.target+
			" AS t WHERE t."+h.id+" IN (SELECT ended FROM "+changed+" WHERE kind = 'delete')")
	}
	return out
}

func (h *history) written() string {
	list := quoted(h.columns, "") + ", " + strings.Join([]string{h.id, h.updatedAt, h.from, h.to}, ", ")
	if h.hardDeletes == "new_record" {
		list += ", " + h.deleted
	}
	return list
}

func (h *history) tuple(kind string) string {
	out := make([]string, len(h.key))
	for i, k := range h.key {
		out[i] = k
		if kind != "" {
			out[i] = fmt.Sprintf("eider_k%d", i)
		}
	}
	return strings.Join(out, ", ")
}

// SnapshotTime is the time that snapshots record: now in UTC, to the microsecond.
func SnapshotTime(now time.Time) time.Time { return now.UTC().Truncate(time.Microsecond) }

package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	sourcestmt "github.com/eiderdb/eider/sql/stmt/source"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
	connector "github.com/eiderdb/eider/storage/source"
)

// sourceFailed is the name of the function that counts rows to reject: where one fails, the INSERT
// goes on without it, and a second look finds out why. Clean data is looked at once.
const sourceFailed = "eider_source_failed"

// sourceFailedScalar counts on the session of the connection that planned the call.
func (db *DB) sourceFailedScalar() duck.Scalar {
	return duck.Scalar{Name: sourceFailed, Returns: types.Of(types.Boolean), Volatile: true,
		BindConnection: func(connection uint64) (any, error) {
			if s := db.sessionOf(connection); s != nil && s.sourceFailures != nil {
				return s.sourceFailures, nil
			}
			return new(atomic.Int64), nil
		},
		Func: func(state any, in *types.Chunk, out *duck.Writer) error {
			state.(*atomic.Int64).Add(int64(in.Len))
			clear(types.Slice[bool](out.Vector()))
			return nil
		}}
}

// condition is something that a row must fulfil.
type condition struct {
	// holds is true or false, never NULL; reason says what is wrong where it is false.
	holds, reason string
}

// loading is the SQL that stores a batch's rows.
type loading struct {
	// rows is a relation with the table's columns, named as they are, and what conditions look at.
	rows       string
	targets    []string
	conditions []condition
	// decoded tells that the rows have InvalidColumn.
	decoded  bool
	payload  string
	position string
}

// holds is the SQL condition for a row to be stored.
func (l *loading) holds() string {
	all := make([]string, len(l.conditions))
	for i, c := range l.conditions {
		all[i] = c.holds
	}
	return strings.Join(all, " AND ")
}

// reason says everything that is wrong with a row.
func (l *loading) reason() string {
	all := make([]string, len(l.conditions))
	for i, c := range l.conditions {
		all[i] = "CASE WHEN NOT " + c.holds + " THEN " + c.reason + " END"
	}
	text := "concat_ws('; ', " + strings.Join(all, ", ") + ")"
	if l.decoded {
		text = "coalesce(" + connector.InvalidColumn + ", " + text + ")" // nothing else is wrong with what can't be decoded
	}
	return text
}

// plan writes the SQL for a batch's query.
func (r *sourceRun) plan(query string, columns []connector.Column) *loading {
	spec := r.src.Spec
	l := &loading{}
	var items []string
	raw := map[string]connector.Column{}
	has := map[string]bool{}
	for _, c := range columns {
		raw[lex.Fold(c.Name)], has[c.Name] = c, true
	}
	if has[connector.InvalidColumn] {
		items, l.decoded = append(items, connector.InvalidColumn), true
		l.conditions = append(l.conditions, condition{connector.InvalidColumn + " IS NULL", connector.InvalidColumn})
	}
	missing := map[string]bool{}
	for i, c := range spec.Columns {
		found, ok := raw[lex.Fold(c.Name)]
		name := lex.QuoteIdent(c.Name)
		switch {
		case !ok:
			missing[c.Name] = true
			items = append(items, "CAST(NULL AS "+c.Type+") AS "+name) // for checks
			if c.NotNull && c.Default == "" {
				l.conditions = append(l.conditions, condition{"false", lex.QuoteLiteral(fmt.Sprintf("column %s is missing and can't be NULL", lex.QuoteIdent(c.Name)))})
			} else if c.Default != "" {
				items[len(items)-1] = "(" + c.Default + ") AS " + name
			}
			continue
		case found.Type == c.Type:
			items = append(items, name)
		case found.Converts:
			items = append(items, "CAST("+name+" AS "+c.Type+") AS "+name)
		default:
			before := lex.QuoteIdent(fmt.Sprintf("__eider_raw_%d", i))
			items = append(items, "TRY_CAST("+name+" AS "+c.Type+") AS "+name, name+" AS "+before)
			l.conditions = append(l.conditions, condition{"(" + before + " IS NULL OR " + name + " IS NOT NULL)",
				lex.QuoteLiteral("column "+lex.QuoteIdent(c.Name)+": could not convert ") + " || " + shown(before) + " || " + lex.QuoteLiteral(" to '"+c.Type+"'")})
		}
		l.targets = append(l.targets, name)
		if c.NotNull || slices.Contains(spec.Key, c.Name) {
			what := "column " + lex.QuoteIdent(c.Name) + ": NULL, which NOT NULL forbids"
			if !c.NotNull {
				what = "column " + lex.QuoteIdent(c.Name) + ": NULL in the key"
			}
			holds := name + " IS NOT NULL"
			if found.Type != c.Type && !found.Converts { // one that didn't convert has its reason already
				holds = "(" + name + " IS NOT NULL OR " + lex.QuoteIdent(fmt.Sprintf("__eider_raw_%d", i)) + " IS NOT NULL)"
			}
			l.conditions = append(l.conditions, condition{holds, lex.QuoteLiteral(what)})
		}
	}
	for _, c := range spec.Columns {
		for _, check := range c.Checks {
			l.conditions = append(l.conditions, condition{"coalesce(TRY(coalesce(CAST((" + check + "\n) AS BOOLEAN), true)), false)",
				lex.QuoteLiteral("column "+lex.QuoteIdent(c.Name)+": ") + " || coalesce(" + shown(lex.QuoteIdent(c.Name)) + ", 'NULL') || " + lex.QuoteLiteral(" fails CHECK ("+check+")")})
		}
	}
	for _, i := range spec.Include {
		from := connector.MetadataColumn(i.Name)
		if has[from] {
			items = append(items, lex.QuoteIdent(from)+" AS "+lex.QuoteIdent(i.As))
			l.targets = append(l.targets, lex.QuoteIdent(i.As))
		}
	}
	l.shape(query, columns, items, missing, has)
	return l
}

// shape completes the relation and says how a rejected row is shown.
func (l *loading) shape(query string, columns []connector.Column, items []string, missing, has map[string]bool) {
	l.position = "NULL"
	if place := connector.MetadataColumn("partition"); has[place] {
		fields := "'partition': " + lex.QuoteIdent(place)
		if at := connector.MetadataColumn("offset"); has[at] {
			fields += ", 'offset': " + lex.QuoteIdent(at)
		}
		items = append(items, "to_json({"+fields+"}) AS __eider_position")
		l.position = "__eider_position"
	}
	if has[connector.PayloadColumn] {
		l.payload = connector.PayloadColumn
		items = append(items, connector.PayloadColumn)
	} else {
		var fields []string
		for _, c := range columns {
			if !strings.HasPrefix(c.Name, "__eider") {
				fields = append(fields, lex.QuoteLiteral(c.Name)+": "+lex.QuoteIdent(c.Name))
			}
		}
		l.payload = "CAST(to_json(__eider_row) AS VARCHAR)"
		items = append(items, "{"+strings.Join(fields, ", ")+"} AS __eider_row")
	}
	l.rows = "(SELECT " + strings.Join(items, ", ") + " FROM (" + query + "\n))"
}

// shown is a value as a reason shows it, in quotes where it is text.
func shown(name string) string {
	return "left(CASE WHEN typeof(" + name + ") = 'VARCHAR' THEN concat('''', " + name + ", '''') ELSE CAST(" + name + " AS VARCHAR) END, 200)"
}

// load stores a batch's rows and rejects what can't be stored.
func (r *sourceRun) load(ctx context.Context, b *connector.Batch) (err error) {
	query, columns, cleanup, err := r.stage(ctx, b)
	if err != nil {
		return err
	}
	conn := r.s.conn
	clean := func() error {
		for _, sql := range []string{b.Cleanup, cleanup} {
			if sql != "" {
				if _, err := conn.Exec(ctx, sql); err != nil {
					return err
				}
			}
		}
		return nil
	}
	explained := func(err error) error {
		if err != nil && b.Explain != nil {
			return b.Explain(err)
		}
		return err
	}
	l := r.plan(query, columns)
	counter := new(atomic.Int64)
	r.s.sourceFailures = counter
	defer func() { r.s.sourceFailures = nil }()
	where := ""
	if len(l.conditions) > 0 {
		where = " WHERE CASE WHEN " + l.holds() + " THEN true ELSE " + sourceFailed + "() END"
	}
	rows, err := r.insert(ctx, l, " FROM "+l.rows+" AS "+lex.QuoteIdent(r.src.Name)+where)
	if err != nil {
		return explained(err)
	}
	r.rows += rows
	if b.Rejected != "" {
		if err := r.reject(ctx, b.Rejected, b.Place); err != nil {
			return explained(err)
		}
		if _, err := conn.Exec(ctx, b.Cleanup); err != nil {
			return err
		}
	}
	if n := counter.Load(); n > 0 {
		before := r.rejects
		again := "SELECT " + l.payload + " AS payload, " + l.reason() + " AS reason, " + l.position + " AS position FROM " + l.rows + " AS " + lex.QuoteIdent(r.src.Name) + " WHERE NOT (" + l.holds() + ")"
		if err := r.reject(ctx, again, b.Place); err != nil {
			return explained(err)
		}
		if r.rejects-before != n && r.src.Spec.OnError != sourcestmt.Stop {
			return sqlstate.Newf(sqlstate.ObjectNotInPrerequisiteState, "%s gave other rows when it was read again", b.Place).WithHint("Nothing of this batch is stored. REFRESH SOURCE again.")
		}
	}
	return clean()
}

// insert stores the good rows. from begins with FROM.
func (r *sourceRun) insert(ctx context.Context, l *loading, from string) (int64, error) {
	conn, spec := r.s.conn, r.src.Spec
	targets := strings.Join(l.targets, ", ")
	into := "INSERT INTO " + r.table() + " (" + targets + ") SELECT " + targets
	if spec.Envelope != connector.Upsert {
		return conn.Exec(ctx, into+from)
	}
	// The last row of each key, in the order in which they were read, takes the place of what is there.
	keys := make([]string, len(spec.Key))
	same := make([]string, len(spec.Key))
	for i, k := range spec.Key {
		keys[i] = lex.QuoteIdent(k)
		same[i] = "t." + keys[i] + " = u." + keys[i]
	}
	key := strings.Join(keys, ", ")
	if _, err := conn.Exec(ctx, "CREATE TEMP TABLE __eider_upsert AS SELECT "+targets+", row_number() OVER () AS __eider_order"+from); err != nil {
		return 0, err
	}
	if _, err := conn.Exec(ctx, "DELETE FROM "+r.table()+" AS t USING (SELECT DISTINCT "+key+" FROM temp.__eider_upsert) AS u WHERE "+strings.Join(same, " AND ")); err != nil {
		return 0, err
	}
	n, err := conn.Exec(ctx, into+" FROM temp.__eider_upsert QUALIFY row_number() OVER (PARTITION BY "+key+" ORDER BY __eider_order DESC) = 1")
	if err != nil {
		return 0, err
	}
	_, err = conn.Exec(ctx, "DROP TABLE temp.__eider_upsert")
	return n, err
}

// table is the source's table, with its database.
func (r *sourceRun) table() string { return lex.QuoteIdent(r.s.db.name) + "." + r.src.Table() }

// reject deals with the rows of a query that has payload, reason and position.
func (r *sourceRun) reject(ctx context.Context, query, place string) error {
	conn := r.s.conn
	switch r.src.Spec.OnError {
	case sourcestmt.Stop:
		rows, err := conn.QueryRows(ctx, "SELECT reason, payload, CAST(position AS VARCHAR) FROM ("+query+") LIMIT 1")
		if err != nil || len(rows) == 0 {
			return err
		}
		reason, _ := rows[0][0].(string)
		payload, _ := rows[0][1].(string)
		at, _ := rows[0][2].(string)
		return r.stopped(reason, payload, at, place)
	case sourcestmt.Skip:
		rows, err := conn.QueryRows(ctx, "SELECT count(*) FROM ("+query+")")
		if err != nil {
			return err
		}
		n, _ := rows[0][0].(int64)
		r.rejects += n
		return nil
	}
	n, err := conn.Exec(ctx, "INSERT INTO "+lex.QuoteIdent(r.s.db.name)+"."+r.src.Rejects()+` (payload, reason, "offset", "at") SELECT payload, reason, CAST(position AS JSON), now() FROM (`+query+")")
	r.rejects += n
	return err
}

// stopped is the error of ON ERROR STOP.
func (r *sourceRun) stopped(reason, payload, at, place string) error {
	e := sqlstate.Newf(sqlstate.BadCopyFileFormat, "source %s: %s", r.src.Key(), reason)
	if len(payload) > 200 {
		payload = strings.ToValidUTF8(payload[:200], "") + "…"
	}
	if at == "" {
		at = place
	}
	return e.WithDetail("Row %s in %s.", payload, at).WithHint("ON ERROR QUARANTINE stores the other rows and keeps this one in %s.", sourcestmt.RejectsName(r.src.Name))
}

// storeRejects stores what the driver couldn't read.
func (r *sourceRun) storeRejects(ctx context.Context, list []connector.Reject) error {
	if len(list) == 0 {
		return nil
	}
	switch r.src.Spec.OnError {
	case sourcestmt.Stop:
		return r.stopped(list[0].Reason, list[0].Payload, list[0].Position, list[0].Payload)
	case sourcestmt.Skip:
		r.rejects += int64(len(list))
		return nil
	}
	now := time.Now()
	for _, reject := range list {
		if _, err := r.s.conn.Exec(ctx, "INSERT INTO "+lex.QuoteIdent(r.s.db.name)+"."+r.src.Rejects()+` (payload, reason, "offset", "at") VALUES ($1, $2, CAST($3 AS JSON), $4)`, reject.Payload, reject.Reason, orNull(reject.Position), now); err != nil {
			return err
		}
	}
	r.rejects += int64(len(list))
	return nil
}

// macros makes Eider's macros known where the source's expressions use them.
func (r *sourceRun) macros(ctx context.Context) error {
	s := r.s
	for _, c := range r.src.Spec.Columns {
		for _, e := range append(slices.Clone(c.Checks), c.Default) {
			if !s.macros && s.db.macros.mentioned(e, lex.Lex(e)) {
				return s.createMacros(ctx)
			}
		}
	}
	return nil
}

package engine

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/engine/gate"
	"github.com/eiderdb/eider/sql/classify"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// CopyFormat is the encoding of a COPY through the client.
type CopyFormat uint8

// The formats of COPY.
const (
	CopyText CopyFormat = iota
	CopyCSV
	CopyBinary
)

// CopyHeader says what COPY's header line does.
type CopyHeader uint8

// The values of COPY's HEADER option.
const (
	CopyHeaderOff CopyHeader = iota
	CopyHeaderOn
	CopyHeaderMatch // FROM only: names must equal the columns', else 22P04
)

// CopyPlan is a COPY from or to the client with its options' defaults filled in.
type CopyPlan struct {
	// From is true for COPY … FROM STDIN, false for COPY … TO STDOUT.
	From bool
	// Table is the target's or source's name as written, "" for COPY (query).
	Table string
	// Columns are the target's columns in the order of the data, or the result's columns.
	Columns []types.Column
	Format  CopyFormat
	Header  CopyHeader
	// Delimiter is a single byte: tab for text, comma for CSV, unless given.
	Delimiter byte
	// Null is the text of NULL: \N for text, empty for CSV, unless given.
	Null string
	// Quote and Escape belong to CSV; both are '"' unless given.
	Quote, Escape byte
	// ForceQuote, ForceNotNull and ForceNull (CSV) have one entry a column, or are nil.
	ForceQuote, ForceNotNull, ForceNull []bool
}

// copying is a COPY from or to the client.
type copying struct {
	s    *Session
	q    query
	spec *copySpec
	plan CopyPlan
	// source is what COPY … TO STDOUT reads; for FROM STDIN it is the INSERT as it
	// would be with NULLs, planned to check names, types and rights.
	source operation
	// verdict is the permission to INSERT, looked at again when the copy starts.
	verdict *gate.Verdict
}

// planCopy plans COPY … FROM STDIN and COPY … TO STDOUT.
func (s *Session) planCopy(ctx context.Context, q *query) (operation, error) {
	spec, err := parseCopy(q.text, q.st)
	if err != nil {
		return nil, err
	}
	c := &copying{s: s, q: *q, spec: spec, plan: spec.plan}
	if c.plan.From && s.tx.readOnly {
		return nil, errReadOnly("COPY FROM")
	}
	inner := spec.query
	if inner.Tokens == nil {
		inner, err = c.selectStatement()
		if err != nil {
			return nil, err
		}
	}
	if c.source, err = c.planInner(ctx, spec.text(q.text), inner); err != nil {
		return nil, err
	}
	params, columns := c.source.describe()
	if len(params) > 0 {
		return nil, sqlstate.New(sqlstate.UndefinedParameter, "COPY can't take parameters")
	}
	c.plan.Columns = columns
	if err := spec.forced(&c.plan); err != nil {
		return nil, err
	}
	if c.plan.From {
		return c, c.checkTarget(ctx)
	}
	return c, nil
}

// planInner plans a statement that stands in text; its errors point into the client's text.
func (c *copying) planInner(ctx context.Context, text string, st lex.Stmt) (operation, error) {
	q := &query{text: text, st: st, class: classify.Classify(text, st)}
	// FROM STDIN asks for the columns only: the right to INSERT is checked with the target.
	q.own = c.plan.From && q.class.Group == classify.Query
	if q.class.Group != classify.Query && q.class.Group != classify.Modify {
		return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "COPY of %s is not supported", q.class.Tag())
	}
	op, err := c.s.planPlain(ctx, q)
	if err != nil {
		return nil, mapError(err, c.spec.offset)
	}
	return op, nil
}

// selectStatement makes SELECT columns FROM table.
func (c *copying) selectStatement() (lex.Stmt, error) {
	columns := "*"
	if len(c.spec.columns) > 0 {
		columns = quotedList(c.spec.columns)
	}
	return c.spec.synthesize("SELECT "+columns+" FROM ", "")
}

func quotedList(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = lex.QuoteIdent(n)
	}
	return strings.Join(quoted, ", ")
}

// insertInto is the head of the INSERT that fills the target.
func (c *copying) columnNames() []string {
	names := make([]string, len(c.plan.Columns))
	for i, col := range c.plan.Columns {
		names[i] = col.Name
	}
	return names
}

// checkTarget plans the INSERT with NULLs in place of the data: it must be a table,
// the columns must take values, and the user must have the right.
func (c *copying) checkTarget(ctx context.Context) error {
	c.source.close()
	c.source = nil
	nulls := make([]string, len(c.plan.Columns))
	for i, col := range c.plan.Columns {
		nulls[i] = "CAST(NULL AS " + col.Type.String() + ") AS " + lex.QuoteIdent(col.Name)
	}
	st, err := c.insertStatement("SELECT " + strings.Join(nulls, ", "))
	if err != nil {
		return err
	}
	op, err := c.planInner(ctx, c.spec.text(c.q.text), st)
	if err != nil {
		return err
	}
	if p, ok := op.(*plain); ok {
		c.verdict = p.verdict
	}
	op.close()
	return nil
}

// insertStatement makes the INSERT that reads its rows from a query.
func (c *copying) insertStatement(from string) (lex.Stmt, error) {
	tail := " (" + quotedList(c.columnNames()) + ") SELECT * FROM (" + from + ")"
	if c.spec.where != "" {
		tail += " WHERE " + c.spec.where
	}
	return c.spec.synthesize("INSERT INTO ", tail)
}

func (c *copying) describe() ([]*types.Type, []types.Column) { return nil, nil }

func (c *copying) run(context.Context, []any) (*output, error) {
	what := "COPY TO STDOUT"
	if c.plan.From {
		what = "COPY FROM STDIN"
	}
	return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "%s needs a client that can take part in it", what)
}

func (c *copying) close() {
	if c.source != nil {
		c.source.close()
		c.source = nil
	}
}

// Copy is the plan of COPY … FROM STDIN and COPY … TO STDOUT, nil for every other statement.
func (st *Stmt) Copy() *CopyPlan {
	if c, ok := st.op.(*copying); ok {
		return &c.plan
	}
	return nil
}

// CopyOut starts COPY … TO STDOUT: the rows to encode; the cursor's tag is COPY n.
func (st *Stmt) CopyOut(ctx context.Context) (*Cursor, error) {
	c, ok := st.op.(*copying)
	if !ok || c.plan.From {
		return nil, sqlstate.New(sqlstate.ProtocolViolation, "the statement is not COPY TO STDOUT")
	}
	return st.runWith(ctx, nil, func(ctx context.Context) (*output, error) {
		out, err := c.source.run(ctx, nil)
		if err != nil {
			return nil, mapError(err, c.spec.offset)
		}
		out.tag, out.counted = "COPY", true
		return out, nil
	})
}

package classify

import "github.com/eiderdb/eider/sql/lex"

// Classify classifies a statement of src.
func Classify(src string, st lex.Stmt) Class {
	r := reader{src: src, toks: st.Tokens}
	return r.statement()
}

// Inner returns the statement that c holds, if it holds one: what EXPLAIN explains,
// PREPARE prepares, DECLARE declares.
func Inner(st lex.Stmt, c Class) (lex.Stmt, bool) {
	switch {
	case c.Group != Explain && c.Verb != Prepare && c.Verb != Declare, c.Body <= 0, c.Body >= len(st.Tokens):
		return lex.Stmt{}, false
	}
	toks := st.Tokens[c.Body:]
	return lex.Stmt{Start: toks[0].Start, End: st.End, Tokens: toks, Terminated: st.Terminated}, true
}

// reader walks a statement's tokens.
type reader struct {
	src  string
	toks []lex.Token
	pos  int
}

// is reports whether the token n places ahead is the word.
func (r *reader) is(n int, word string) bool {
	return r.pos+n < len(r.toks) && r.toks[r.pos+n].Word(r.src, word)
}

// punct reports whether the token n places ahead is the mark.
func (r *reader) punct(n int, mark string) bool {
	return r.pos+n < len(r.toks) && r.toks[r.pos+n].Is(r.src, mark)
}

func (r *reader) kind(n int) lex.Kind {
	if r.pos+n < len(r.toks) {
		return r.toks[r.pos+n].Kind
	}
	return lex.Space
}

func (r *reader) eof(n int) bool { return r.pos+n >= len(r.toks) }

// accept moves past the words if they all stand here, in order.
func (r *reader) accept(words ...string) bool {
	for i, w := range words {
		if !r.is(i, w) {
			return false
		}
	}
	r.pos += len(words)
	return true
}

// any moves past one of the words.
func (r *reader) any(words ...string) bool {
	for _, w := range words {
		if r.is(0, w) {
			r.pos++
			return true
		}
	}
	return false
}

// skipParens moves past a balanced parenthesis, if one opens here.
func (r *reader) skipParens() bool {
	if !r.punct(0, "(") {
		return false
	}
	for depth := 0; !r.eof(0); {
		switch {
		case r.punct(0, "("):
			depth++
		case r.punct(0, ")"):
			depth--
		}
		r.pos++
		if depth == 0 {
			break
		}
	}
	return true
}

// skipName moves past a possibly qualified name.
func (r *reader) skipName() bool {
	if r.eof(0) || !r.toks[r.pos].IsIdent() {
		return false
	}
	r.pos++
	for r.punct(0, ".") && !r.eof(1) {
		r.pos += 2
	}
	return true
}

// statement classifies what stands here.
func (r *reader) statement() Class {
	start := r.pos
	with := false
	for r.punct(0, "(") {
		r.pos++
	}
	if r.accept("with") {
		with = true
		r.ctes()
		for r.punct(0, "(") {
			r.pos++
		}
	}
	if r.eof(0) {
		return Class{Body: r.pos, With: with}
	}
	body, word := r.pos, ""
	if r.toks[body].Kind == lex.Ident {
		word = r.toks[body].Text(r.src)
	}
	c, ok := r.body()
	c.Word, c.With = word, with
	if c.Body == 0 {
		c.Body = body
	}
	// Only queries and modifications follow a parenthesis or WITH.
	if !ok || body > start && c.Group != Query && c.Group != Modify {
		return Class{Word: word, Body: body, With: with}
	}
	return c
}

// ctes moves past the list of a WITH clause: [RECURSIVE] name [(columns)]
// [USING KEY (columns)] AS [[NOT] MATERIALIZED] (…) [SEARCH … | CYCLE …] [, …].
func (r *reader) ctes() {
	r.any("recursive")
	for {
		if r.eof(0) {
			return
		}
		r.pos++ // the name, whatever it is
		r.skipParens()
		if r.accept("using", "key") {
			r.skipParens()
		}
		r.accept("as")
		r.accept("not")
		r.accept("materialized")
		r.skipParens()
		if r.is(0, "search") || r.is(0, "cycle") {
			r.searchOrCycle()
		}
		if !r.punct(0, ",") {
			return
		}
		r.pos++
	}
}

// searchOrCycle moves past SEARCH {BREADTH|DEPTH} FIRST BY a, b SET c and
// CYCLE a, b SET c [TO v DEFAULT w] USING p.
func (r *reader) searchOrCycle() {
	for r.is(0, "search") || r.is(0, "cycle") {
		cycle := r.is(0, "cycle")
		for !r.eof(0) && !r.is(0, "set") {
			r.pos++
		}
		r.pos = min(r.pos+2, len(r.toks))
		if !cycle {
			continue
		}
		for !r.eof(0) && !r.is(0, "using") {
			r.pos++
		}
		r.pos = min(r.pos+2, len(r.toks))
	}
}

// verbs are the statements that their first word decides.
var verbs = map[string]Class{
	"savepoint": {Group: Transaction, Verb: Savepoint}, "begin": {Group: Transaction, Verb: Begin}, "end": {Group: Transaction, Verb: Commit},
	"discard": {Group: Session, Verb: Discard},
	"fetch":   {Group: Cursor, Verb: Fetch}, "move": {Group: Cursor, Verb: Move}, "close": {Group: Cursor, Verb: Close},
	"execute": {Group: Prepared, Verb: Execute}, "deallocate": {Group: Prepared, Verb: Deallocate},
	"listen": {Group: Notify, Verb: Listen}, "unlisten": {Group: Notify, Verb: Unlisten}, "notify": {Group: Notify, Verb: NotifyChannel},
	"select": {Group: Query, Verb: Select}, "values": {Group: Query, Verb: Values}, "table": {Group: Query, Verb: Table},
	"from": {Group: Query, Verb: From}, "pivot": {Group: Query, Verb: Pivot}, "pivot_wider": {Group: Query, Verb: Pivot},
	"unpivot": {Group: Query, Verb: Pivot}, "pivot_longer": {Group: Query, Verb: Pivot}, "describe": {Group: Query, Verb: Describe},
	"desc": {Group: Query, Verb: Describe}, "summarize": {Group: Query, Verb: Describe},
	"insert": {Group: Modify, Verb: Insert}, "update": {Group: Modify, Verb: Update}, "delete": {Group: Modify, Verb: Delete},
	"merge": {Group: Modify, Verb: Merge}, "truncate": {Group: Modify, Verb: Truncate},
	"comment": {Group: Define, Verb: Comment}, "grant": {Group: Rights, Verb: Grant}, "revoke": {Group: Rights, Verb: Revoke},
	"vacuum": {Group: Utility, Verb: Vacuum}, "analyze": {Group: Utility, Verb: Analyze}, "analyse": {Group: Utility, Verb: Analyze},
	"checkpoint": {Group: Utility, Verb: Checkpoint}, "attach": {Group: Utility, Verb: Attach}, "detach": {Group: Utility, Verb: Detach},
	"use": {Group: Utility, Verb: Use}, "pragma": {Group: Utility, Verb: Pragma}, "call": {Group: Utility, Verb: Call}, "do": {Group: Utility, Verb: Do},
	"load": {Group: Utility, Verb: Load}, "install": {Group: Utility, Verb: Install}, "lock": {Group: Utility, Verb: Lock},
	"reindex": {Group: Utility, Verb: OtherUtility}, "cluster": {Group: Utility, Verb: OtherUtility},
}

// body classifies the statement proper; false means that it is none of those known here.
func (r *reader) body() (Class, bool) {
	switch {
	case r.any("start"):
		return Class{Group: Transaction, Verb: StartTx}, r.is(0, "transaction")
	case r.any("commit"):
		if r.is(0, "prepared") && r.kind(1) == lex.String {
			return Class{Group: Transaction, Verb: CommitPrepared}, true
		}
		return Class{Group: Transaction, Verb: Commit}, true
	case r.is(0, "rollback"), r.is(0, "abort"):
		return r.rollback()
	case r.any("release"):
		return Class{Group: Transaction, Verb: Release}, true
	case r.any("set"):
		return r.set(), true
	case r.any("reset"):
		return r.reset(), true
	case r.any("show"):
		return r.show(), true
	case r.any("prepare"):
		return r.prepare()
	case r.any("declare"):
		return r.declare(), true
	case r.any("copy"):
		return r.copy(), true
	case r.any("explain"):
		return r.explain(), true
	case r.is(0, "create"), r.is(0, "alter"), r.is(0, "drop"):
		return r.define(), true
	case r.accept("force", "checkpoint"):
		return Class{Group: Utility, Verb: Checkpoint}, true
	case r.accept("export", "database"), r.accept("import", "database"):
		return Class{Group: Utility, Verb: ExportDB}, true
	case r.accept("force", "install"):
		return Class{Group: Utility, Verb: Install}, true
	case r.accept("update", "extensions"):
		// UPDATE extensions SET … is an update of a table of that name.
		if r.eof(0) || r.punct(0, "(") {
			return Class{Group: Utility, Verb: Install}, true
		}
		return Class{Group: Modify, Verb: Update}, true
	case r.accept("refresh", "materialized"):
		return Class{Group: Define, Verb: OtherUtility}, true
	case r.accept("reassign", "owned"), r.accept("security", "label"):
		return Class{Group: Rights, Verb: OtherUtility}, true
	}
	t := r.toks[r.pos]
	if t.Kind != lex.Ident {
		return Class{}, false
	}
	c, ok := verbs[lex.Fold(t.Text(r.src))]
	return c, ok
}

// rollback reads ROLLBACK|ABORT [WORK|TRANSACTION] [TO [SAVEPOINT] s | AND [NO] CHAIN]
// and ROLLBACK PREPARED 'id'; ROLLBACK MODEL is not of it.
func (r *reader) rollback() (Class, bool) {
	r.pos++
	if r.is(0, "prepared") && r.kind(1) == lex.String {
		return Class{Group: Transaction, Verb: RollbackPrepared}, true
	}
	r.any("work", "transaction")
	switch {
	case r.is(0, "to"):
		return Class{Group: Transaction, Verb: RollbackTo}, true
	case r.eof(0), r.is(0, "and"), r.eof(1):
		return Class{Group: Transaction, Verb: Rollback}, true
	}
	return Class{}, false
}

func (r *reader) set() Class {
	switch {
	case r.is(0, "variable") && !r.is(1, "to") && !r.punct(1, "="):
		return Class{Group: Utility, Verb: SetVariable}
	case r.accept("session", "characteristics"):
		return Class{Group: Session, Verb: SetCharacteristic}
	case r.accept("session", "authorization"):
		return Class{Group: Session, Verb: SetAuthorization}
	case r.is(0, "constraints") && !r.is(1, "to") && !r.punct(1, "="):
		return Class{Group: Session, Verb: SetConstraints}
	}
	r.any("session", "local", "global")
	assigned := r.is(1, "to") || r.punct(1, "=")
	switch {
	case r.is(0, "transaction") && !assigned:
		return Class{Group: Transaction, Verb: SetTx}
	case r.is(0, "role") && !assigned:
		return Class{Group: Session, Verb: SetRole}
	case r.accept("session", "authorization"):
		return Class{Group: Session, Verb: SetAuthorization}
	}
	return Class{Group: Session, Verb: Set}
}

func (r *reader) reset() Class {
	switch {
	case r.is(0, "variable") && !r.eof(1):
		return Class{Group: Utility, Verb: SetVariable}
	case r.accept("session", "authorization"):
		return Class{Group: Session, Verb: SetAuthorization}
	case r.is(0, "role") && r.eof(1):
		return Class{Group: Session, Verb: SetRole}
	}
	return Class{Group: Session, Verb: Reset}
}

// show tells DuckDB's lists and descriptions from settings. SHOW name may be
// either; the engine knows its settings.
func (r *reader) show() Class {
	describe := Class{Group: Query, Verb: Describe}
	switch {
	case r.any("tables", "databases", "schemas", "variables"):
		if r.eof(0) || r.is(0, "from") || r.is(0, "in") || r.is(0, "like") {
			return describe
		}
	case r.accept("all", "tables"):
		return describe
	case r.punct(0, "("), r.is(0, "select"), r.is(0, "with"), r.is(0, "values") && !r.eof(1), r.is(0, "from") && !r.eof(1):
		return describe
	}
	return Class{Group: Session, Verb: Show}
}

// prepare reads PREPARE TRANSACTION 'id' and PREPARE name [(types)] AS statement.
func (r *reader) prepare() (Class, bool) {
	if r.is(0, "transaction") && r.kind(1) == lex.String {
		return Class{Group: Transaction, Verb: PrepareTx}, true
	}
	c := Class{Group: Prepared, Verb: Prepare}
	if r.skipName() {
		r.skipParens()
		if r.accept("as") {
			c.Body = r.pos
		}
	}
	return c, true
}

// declare reads DECLARE name [options] CURSOR [WITH|WITHOUT HOLD] FOR query.
func (r *reader) declare() Class {
	c := Class{Group: Cursor, Verb: Declare}
	r.skipName()
	for !r.eof(0) && !r.is(0, "for") {
		r.pos++
	}
	if r.accept("for") {
		c.Body = r.pos
	}
	return c
}

// copy reads up to the target: COPY {name [(columns)] | (query)} {FROM|TO} target.
func (r *reader) copy() Class {
	if r.accept("from", "database") {
		return Class{Group: Copy, Verb: CopyDatabase}
	}
	r.any("binary")
	if !r.skipParens() {
		r.skipName()
		r.skipParens()
	}
	switch {
	case r.any("from"):
		if r.is(0, "stdin") || r.is(0, "stdout") {
			return Class{Group: Copy, Verb: CopyFromStdin}
		}
		return Class{Group: Copy, Verb: CopyFromFile}
	case r.any("to"):
		if r.is(0, "stdout") || r.is(0, "stdin") {
			return Class{Group: Copy, Verb: CopyToStdout}
		}
	}
	return Class{Group: Copy, Verb: CopyToFile}
}

// explain reads EXPLAIN [ANALYZE] [VERBOSE] and EXPLAIN (options); a parenthesis
// with a query in it is no list of options.
func (r *reader) explain() Class {
	c := Class{Group: Explain, Verb: ExplainPlan}
	for {
		switch {
		case r.any("analyze", "analyse"):
			c.Verb = ExplainAnalyze
			continue
		case r.any("verbose"):
			continue
		case r.punct(0, "(") && !r.queryAt(1):
			first := r.pos
			r.skipParens()
			if analyzes(r.src, r.toks[first:r.pos]) {
				c.Verb = ExplainAnalyze
			}
			continue
		}
		break
	}
	c.Body = r.pos
	return c
}

func (r *reader) queryAt(n int) bool {
	for r.punct(n, "(") {
		n++
	}
	for _, w := range [...]string{"select", "with", "values", "from", "table", "pivot", "unpivot", "describe", "summarize"} {
		if r.is(n, w) {
			return true
		}
	}
	return false
}

// analyzes reports whether options of EXPLAIN switch ANALYZE on.
func analyzes(src string, toks []lex.Token) bool {
	for i, t := range toks {
		if !t.Word(src, "analyze") && !t.Word(src, "analyse") {
			continue
		}
		if i+1 < len(toks) {
			switch v := toks[i+1]; {
			case v.Word(src, "false"), v.Word(src, "off"), v.Text(src) == "0":
				return false
			}
		}
		return true
	}
	return false
}

package pgcat

import (
	"embed"
	"slices"
	"strings"
)

//go:embed sql/*.sql
var sqlFiles embed.FS

// The names of what Setup builds.
const (
	database   = "eider_sys"
	pgSchema   = database + ".pg"
	infoSchema = database + ".info"
	rowSchema  = database + ".rows"
	liveSchema = database + ".live"
	// nowDatabase has the same names for sessions that see what others don't: views all the way, slower but exact.
	nowDatabase = "eider_now"
)

// snapshots are the relations that Refresh fills: they follow the database's definitions
// and are the same for every session. The others are views.
var snapshots = map[string]bool{
	"live.table_or_view": true, "live.sequence": true, "live.constraint": true, "live.index": true, "live.index_key": true,
	"live.user_type": true, "live.column": true, "live.foreign_key": true, "live.generated": true, "live.macro": true,
	"live.type_name": true, "live.relation_name": true, "live.constraint_definition": true, "live.index_key_text": true,
	"live.index_definition": true, "live.index_text": true, "live.view_definition": true, "live.role": true, "live.member": true, "live.table_grant": true, "live.signature": true, "live.info_type": true,
	"live.k_type_name": true, "live.k_proc": true, "live.k_operator": true, "live.k_comment": true, "live.k_type_schema": true, "live.k_function_schema": true, "live.k_known_role": true, "live.predefined_role": true,
	"pg.pg_type": true, "pg.pg_enum": true, "pg.pg_namespace": true, "pg.pg_class": true, "pg.pg_attribute": true, "pg.pg_attrdef": true,
	"pg.pg_constraint": true, "pg.pg_index": true, "pg.pg_sequence": true, "pg.pg_rewrite": true, "pg.pg_description": true, "pg.pg_proc": true,
}

// shared are relations that sessions with definitions of their own read from the copy too.
var shared = map[string]bool{"live.started": true, "live.role": true, "live.member": true, "live.table_grant": true, "live.predefined_role": true, "live.k_known_role": true}

// Setup returns the SQL that builds the catalogs, in order, for engine.Options.Setup.
// It is run once on each open database; nothing of it reaches the user's file.
func Setup() []string {
	rels := catalogRelations()
	w := definitions()
	texts := []string{
		"ATTACH ':memory:' AS " + database + ";\n" +
			"CREATE SCHEMA " + pgSchema + "; CREATE SCHEMA " + infoSchema + "; CREATE SCHEMA " + rowSchema + "; CREATE SCHEMA " + liveSchema + ";",
		ownRows(rels), keepKnownFunctions, fixedCatalogs(rels, w), keywordMacro(),
	}
	for _, d := range w.list {
		texts = append(texts, d.snapshot())
	}
	return texts
}

// Refresh returns the SQL that brings the catalogs in step with what is committed, a text for each relation of the
// copy, in an order in which each reads those before it only. The texts that a statement needs are to be run in one
// transaction, by one connection at a time, before the statement and after definitions have changed.
func Refresh() []string {
	var texts []string
	for _, d := range definitions().list {
		if snapshots[d.name] {
			texts = append(texts, d.snapshot())
		}
	}
	return texts
}

// seenByRole is what a role may know of: what is temporary, and so the session's own, and what it
// has any privilege on. A superuser has them all.
const seenByRole = `CREATE MACRO ` + nowDatabase + `.live.seen(db, s, n) AS db = 'temp' OR system.main.eider_has_privilege(current_connection_id(), s, n, '')`

// Private returns the SQL that builds what a session reads while it has definitions of its
// own: temporary ones, or some that it hasn't committed. It is needed once a database, on demand.
func Private() []string {
	w := definitions()
	texts := []string{"ATTACH ':memory:' AS " + nowDatabase + ";\n" +
		"CREATE SCHEMA " + nowDatabase + ".pg; CREATE SCHEMA " + nowDatabase + ".info; CREATE SCHEMA " + nowDatabase + ".live;",
		w.within(nowDatabase, keywordMacro())}
	for _, d := range w.list {
		switch {
		case d.name == "live.seen":
			texts = append(texts, seenByRole)
		case !shared[d.name]:
			texts = append(texts, w.within(nowDatabase, d.text))
		}
	}
	return texts
}

// ownRows loads PostgreSQL's own rows into the schema rows.
func ownRows(rels []catalogRelation) string {
	columns := map[string][]attribute{}
	for _, r := range rels {
		if r.schema == pgSchema {
			columns[r.name] = r.columns
		}
	}
	var b strings.Builder
	for _, name := range rowFileNames() {
		cols, own := ownTables[name]
		if !own {
			cols = columns[name]
		}
		b.WriteString(loadRows(rowSchema+"."+name, cols, readRows(name)))
	}
	return b.String()
}

// keepKnownFunctions drops PostgreSQL functions that nothing here answers to: what
// is left either runs under that name or is referred to by another catalog's row.
const keepKnownFunctions = `DELETE FROM eider_sys.rows.pg_proc WHERE proname NOT IN (SELECT function_name FROM duckdb_functions())
  AND proname NOT LIKE 'enum\_%' ESCAPE '\' AND proname NOT LIKE 'record\_%' ESCAPE '\' -- user types'
  AND proname NOT LIKE 'pg\_%' ESCAPE '\'
  AND oid NOT IN (
    SELECT unnest([typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typsubscript]) FROM eider_sys.rows.pg_type
    UNION ALL SELECT castfunc FROM eider_sys.rows.pg_cast UNION ALL SELECT unnest([oprcode, oprrest, oprjoin]) FROM eider_sys.rows.pg_operator
    UNION ALL SELECT amproc FROM eider_sys.rows.pg_amproc UNION ALL SELECT amhandler FROM eider_sys.rows.pg_am
    UNION ALL SELECT conproc FROM eider_sys.rows.pg_conversion UNION ALL SELECT aggfnoid FROM eider_sys.rows.pg_aggregate
    UNION ALL SELECT unnest([aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]) FROM eider_sys.rows.pg_aggregate
    UNION ALL SELECT unnest([lanplcallfoid, laninline, lanvalidator]) FROM eider_sys.rows.pg_language
    UNION ALL SELECT unnest([prsstart, prstoken, prsend, prsheadline, prslextype]) FROM eider_sys.rows.pg_ts_parser
    UNION ALL SELECT unnest([tmplinit, tmpllexize]) FROM eider_sys.rows.pg_ts_template);
DELETE FROM eider_sys.rows.proc_signatures WHERE oid NOT IN (SELECT oid FROM eider_sys.rows.pg_proc);
DELETE FROM eider_sys.rows.pg_description WHERE classoid = 1255 AND objoid NOT IN (SELECT oid FROM eider_sys.rows.pg_proc);`

// keywordMacro tells the words that an identifier must be quoted not to be taken for:
// a macro over constants, because lambdas and views use it and may hold no subquery.
func keywordMacro() string {
	var words []string
	for line := range strings.Lines(readRows("keywords")) {
		if f := strings.Split(line, "\t"); f[1] != "U" {
			words = append(words, "'"+f[0]+"'")
		}
	}
	return "CREATE MACRO " + liveSchema + ".is_keyword(s) AS list_contains([" + strings.Join(words, ", ") + "], s);"
}

// fixedCatalogs makes the relations that no SQL file defines: a view of the rows
// where there are some, else an empty table with PostgreSQL's columns.
func fixedCatalogs(rels []catalogRelation, w written) string {
	files := rowFileNames()
	var b strings.Builder
	for _, r := range rels {
		full := r.schema + "." + r.name
		switch {
		case w.relations[strings.TrimPrefix(full, database+".")]:
		case r.schema == pgSchema && slices.Contains(files, r.name):
			b.WriteString("CREATE VIEW " + full + " AS SELECT * FROM " + rowSchema + "." + r.name + ";\n")
		default:
			b.WriteString("CREATE TABLE " + full + " (" + columnList(r.columns) + ");\n")
		}
	}
	return b.String()
}

// definition is a statement of the SQL files.
type definition struct {
	kind string // VIEW, MACRO, TABLE; empty for an INSERT
	name string // live.column
	text string
}

// snapshot is the definition's text with a table in place of a view whose rows all sessions share.
func (d definition) snapshot() string {
	if d.kind == "VIEW" && snapshots[d.name] {
		return strings.Replace(d.text, "CREATE VIEW", "CREATE OR REPLACE TABLE", 1)
	}
	return d.text
}

// written is what the SQL files define.
type written struct {
	list              []definition
	relations, macros map[string]bool
}

func definitions() written {
	w := written{relations: map[string]bool{}, macros: map[string]bool{"live.is_keyword": true}}
	entries, err := sqlFiles.ReadDir("sql")
	if err != nil {
		panic(err) // embedded
	}
	for _, e := range entries {
		b, err := sqlFiles.ReadFile("sql/" + e.Name())
		if err != nil {
			panic(err) // embedded
		}
		for _, text := range strings.SplitAfter(string(b), ";\n") {
			if at := strings.Index(text, "CREATE "); at >= 0 {
				w.add(text[at:])
			} else if strings.TrimSpace(text) != "" {
				w.list = append(w.list, definition{text: text})
			}
		}
	}
	return w
}

// add notes a CREATE statement. A file's statements end with a semicolon at a line's end.
func (w *written) add(text string) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(text, "CREATE "), " ")
	name := strings.ReplaceAll(strings.TrimPrefix(rest[:strings.IndexAny(rest, " (")], database+"."), `"`, "")
	w.list = append(w.list, definition{kind: kind, name: name, text: text})
	if kind == "MACRO" {
		w.macros[name] = true
	} else {
		w.relations[name] = true
	}
}

package pgcat

import "strings"

// roleDatabase has the same names for ordinary roles: the copy, less what the role has no privilege on.
const roleDatabase = "eider_role"

// A relation of the copy that tells of tables shows a role the rows about those it may know of.
const (
	// mayKnow are the tables, views and sequences that the asking role has any privilege on.
	mayKnow = "(SELECT oid FROM eider_role.live.known)"
	// mayKnowIndex are the indexes of those.
	mayKnowIndex = "(SELECT oid FROM eider_role.live.index)"
)

// anyRelation is the condition on an OID that may be a system relation's, a table's or an index's.
func anyRelation(oid string) string {
	return "(" + oid + " < 16384 OR " + oid + " IN " + mayKnow + " OR " + oid + " IN " + mayKnowIndex + ")"
}

// tableOrSystem is the condition on an OID that may be a system relation's or a table's.
func tableOrSystem(oid string) string {
	return "(" + oid + " < 16384 OR " + oid + " IN " + mayKnow + ")"
}

// ofRowType is the condition on a type's OID, which may be that of a table's rows or of arrays of them
// (sql/00_names.sql gives the ranges).
func ofRowType(oid string) string {
	return "(" + oid + " < 134217728 OR " + oid + " >= 268435456 AND " + oid + " < 402653184 OR " + oid + " % 134217728 IN " + mayKnow + ")"
}

// roleFilters are the conditions on the copy's relations, by name. Those that aren't listed tell nothing of tables.
func roleFilters() map[string]string {
	// A constraint's OID has its table's in it.
	constraint := "(oid < 16384 OR (oid - 1073741824) // 256 IN " + mayKnow + ")"
	return map[string]string{
		"live.table_or_view": "oid IN " + mayKnow, "live.sequence": "oid IN " + mayKnow, "live.generated": "relid IN " + mayKnow,
		"live.constraint": "relid IN " + mayKnow, "live.index": "relid IN " + mayKnow, "live.index_key": "relid IN " + mayKnow,
		"live.column": "relid IN " + mayKnow, "live.foreign_key": "relid IN " + mayKnow + " AND confrelid IN " + mayKnow,
		"live.type_name": ofRowType("oid"), "live.info_type": ofRowType("oid"), "live.k_type_name": ofRowType("k_oid"), "live.k_type_schema": ofRowType("k_oid"),
		"live.relation_name": anyRelation("oid"), "live.constraint_definition": constraint, "live.view_definition": "oid IN " + mayKnow,
		"live.index_definition": anyRelation("oid"), "live.index_text": anyRelation("oid"), "live.index_key_text": anyRelation("oid"),
		"live.k_comment":  "(k_catalog IS DISTINCT FROM 'pg_class' OR " + anyRelation("k_oid") + ")",
		"pg.pg_type":      ofRowType("oid"),
		"pg.pg_namespace": "(oid IN (11, 99, 13207) OR system.main.eider_has_privilege(current_connection_id(), eider_sys.live.duck_schema(nspname), '', ''))",
		"pg.pg_class":     anyRelation("oid"), "pg.pg_attribute": anyRelation("attrelid"), "pg.pg_attrdef": tableOrSystem("adrelid"),
		"pg.pg_constraint": tableOrSystem("conrelid"), "pg.pg_index": tableOrSystem("indrelid"), "pg.pg_sequence": "seqrelid IN " + mayKnow,
		"pg.pg_rewrite": tableOrSystem("ev_class"), "pg.pg_description": "(classoid <> 1259 OR " + anyRelation("objoid") + ")",
	}
}

// knownToRole lists what the asking role may know of, from the copy.
const knownToRole = `CREATE VIEW eider_role.live.known AS SELECT oid FROM (
  SELECT oid, schema_name, name FROM eider_sys.live.table_or_view UNION ALL SELECT oid, schema_name, name FROM eider_sys.live.sequence)
  WHERE system.main.eider_has_privilege(current_connection_id(), schema_name, name, '');`

// Role returns the SQL that builds what ordinary roles read: views over the copy that leave
// out what the role may not know of. It is needed once a database, on demand.
func Role() []string {
	w, filters := definitions(), roleFilters()
	texts := []string{
		"ATTACH ':memory:' AS " + roleDatabase + ";\n" +
			"CREATE SCHEMA " + roleDatabase + ".pg; CREATE SCHEMA " + roleDatabase + ".info; CREATE SCHEMA " + roleDatabase + ".live;",
		w.within(roleDatabase, keywordMacro()), knownToRole,
	}
	for _, d := range w.list {
		switch {
		case shared[d.name]:
		case !snapshots[d.name]:
			texts = append(texts, w.within(roleDatabase, d.text))
		case d.name == "live.relation_name":
			// Not which other schemas have the name.
			texts = append(texts, "CREATE VIEW eider_role."+d.name+" AS SELECT * REPLACE (NULL::VARCHAR[] AS twins) FROM eider_sys."+d.name+" WHERE "+filters[d.name]+";")
		default:
			text := "CREATE VIEW " + roleDatabase + "." + d.name + " AS SELECT * FROM " + database + "." + d.name
			if f := filters[d.name]; f != "" {
				text += " WHERE " + f
			}
			texts = append(texts, text+";")
		}
	}
	return texts
}

// within points what the SQL files define at another database; the rest is shared.
func (w *written) within(other, text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, database+".")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		end := nameEnd(rest)
		name := strings.ReplaceAll(rest[:end], `"`, "")
		if (w.relations[name] || w.macros[name]) && !shared[name] {
			b.WriteString(other + ".")
		} else {
			b.WriteString(database + ".")
		}
		text = rest
	}
}

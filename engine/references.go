package engine

import (
	"github.com/eiderdb/eider/sql/rewrite"
)

// references leaves the database's own name out of REFERENCES database.schema.table: DuckDB takes any name of a
// database there for another database's, even this one's.
func references() rewrite.Rule {
	return rewrite.Rule{Name: "foreign keys", Triggers: []string{"references"}, Apply: func(e *rewrite.Editor) error {
		own := e.Env.(*ruleEnv).db.Name()
		for i := range e.Toks {
			if e.Word(i, "references") && e.Name(i+1) == own && e.Is(i+2, ".") && e.Name(i+3) != "" && e.Is(i+4, ".") {
				e.Delete(e.Toks[i+1].Start, e.Toks[i+3].Start)
			}
		}
		return nil
	}}
}

package pgcat

import (
	"slices"
	"strings"
)

// parts tells which texts of Refresh a relation or macro reads, directly or not, by its name with the schema. They
// ascend, because they are run in that order. Most statements need a few only, and each takes milliseconds.
func (w *written) parts() map[string][]int {
	reads, number := map[string][]string{}, map[string]int{}
	for _, d := range w.list {
		reads[d.name] = append(reads[d.name], w.namesIn(d.text)...)
		if snapshots[d.name] {
			number[d.name] = len(number)
		}
	}
	out := map[string][]int{}
	for name := range reads {
		var list []int
		seen := map[string]bool{}
		var visit func(name string)
		visit = func(name string) {
			if seen[name] {
				return
			}
			seen[name] = true
			if n, ok := number[name]; ok {
				list = append(list, n)
			}
			for _, next := range reads[name] {
				visit(next)
			}
		}
		visit(name)
		slices.Sort(list)
		out[name] = list
	}
	return out
}

// namesIn lists what a definition's text names of the SQL files' relations and macros.
func (w *written) namesIn(text string) []string {
	var out []string
	for {
		_, rest, found := strings.Cut(text, database+".")
		if !found {
			return out
		}
		end := nameEnd(rest)
		if name := strings.ReplaceAll(rest[:end], `"`, ""); w.relations[name] || w.macros[name] {
			out = append(out, name)
		}
		text = rest[end:]
	}
}

// nameEnd is where schema.name ends, quoted or not.
func nameEnd(s string) int {
	end := strings.IndexFunc(s, func(r rune) bool {
		return !(r == '.' || r == '_' || r == '"' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	})
	if end < 0 {
		return len(s)
	}
	return end
}

// readByRoles are the relations of the copy that what an ordinary role may know of is told by (role.go).
var readByRoles = []string{"live.table_or_view", "live.sequence", "live.index"}

// refresh asks the session to bring the parts in step that the names need, those before it included.
func (w *walk) refresh(names ...string) {
	for _, name := range names {
		for _, p := range w.names.parts[name] {
			if at, found := slices.BinarySearch(w.parts, p); !found {
				w.parts = slices.Insert(w.parts, at, p)
			}
		}
	}
	w.asked = true
	w.set, w.err = w.env.RefreshCatalog(w.parts)
	if w.set == readRole && w.err == nil && !w.has(readByRoles...) {
		w.refresh(readByRoles...)
	}
}

// has tells whether all that the names need was brought in step.
func (w *walk) has(names ...string) bool {
	for _, name := range names {
		for _, p := range w.names.parts[name] {
			if _, found := slices.BinarySearch(w.parts, p); !found {
				return false
			}
		}
	}
	return true
}

// mentioned are the names of pg_catalog and information_schema that the statement may mean: all words in it, so
// that what it reads is brought in step at once and comes from one moment.
func (w *walk) mentioned() []string {
	var out []string
	for i := range w.Toks {
		if name := w.Name(i); name != "" {
			out = append(out, "pg."+name, "info."+name, "pg."+name+"in", "pg."+name+"out")
		}
	}
	return out
}

package load

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/eiderdb/eider/engine/project/jinja"
	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
)

// sqlFile is a node of a file, and what rendering it in parse mode found.
type sqlFile struct {
	source
	n     *node.Node
	found *render.Found
}

// problemOf turns an error of Jinja into one of the project.
func problemOf(err error, source string) error {
	j := (*jinja.Error)(nil)
	if !errors.As(err, &j) {
		return err
	}
	return &node.Error{Message: j.Message, Hint: j.Hint, Pos: node.Position{File: j.File, Line: j.Line, Column: j.Column}, Source: source, Err: err}
}

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// scan lists the files of nodes and of YAML.
func (r *reader) scan() {
	for _, p := range r.packages {
		add := func(kind node.Kind, folders []string, exts ...string) {
			for _, s := range r.walk(p, folders, exts...) {
				if kind == node.Test && strings.HasPrefix(s.path, "generic/") {
					continue
				}
				if path.Ext(s.rel) == ".py" {
					r.fail(&node.Error{Message: "models in Python aren't supported", Pos: node.Position{File: r.pathIn(p, s.rel), Line: 1, Column: 1},
						Hint: "write the model as SQL; TRAIN MODEL and functions cover what Python models usually do"})
					continue
				}
				name := strings.TrimSuffix(path.Base(s.rel), path.Ext(s.rel))
				n := &node.Node{Kind: kind, Name: name, Package: p.Name, Path: s.path, File: s.rel, Root: p.Dir, Language: "sql",
					Pos: node.Position{File: r.pathIn(p, s.rel), Line: 1, Column: 1}}
				r.files = append(r.files, &sqlFile{source: s, n: n})
			}
		}
		add(node.Model, p.ModelPaths, ".sql", ".py")
		add(node.Snapshot, p.SnapshotPaths, ".sql")
		add(node.Analysis, p.AnalysisPaths, ".sql")
		add(node.Test, p.TestPaths, ".sql")
		add(node.Seed, p.SeedPaths, ".csv")
		seen := map[string]bool{}
		for _, folders := range [][]string{p.ModelPaths, p.SeedPaths, p.SnapshotPaths, p.AnalysisPaths, p.MacroPaths, p.TestPaths} {
			for _, s := range r.walk(p, folders, ".yml", ".yaml") {
				if !seen[s.rel] {
					seen[s.rel] = true
					r.schemas = append(r.schemas, &yamlFile{pkg: p, rel: s.rel, path: s.path})
				}
			}
		}
	}
}

// readSQL reads and parses every file of a node in parallel. A snapshot's file becomes one node a block.
func (r *reader) readSQL() {
	split := make([][]*sqlFile, len(r.files))
	r.parallel(len(r.files), func(i int) { split[i] = r.readFile(r.files[i]) })
	r.files = r.files[:0]
	for _, list := range split {
		r.files = append(r.files, list...)
	}
}

func (r *reader) readFile(f *sqlFile) []*sqlFile {
	data, err := f.read()
	if err != nil {
		r.fail(err)
		return nil
	}
	n := f.n
	n.Checksum = checksum([]byte(strings.TrimSpace(string(data))))
	if n.Kind == node.Seed {
		f.found = &render.Found{Config: map[string]any{}}
		return []*sqlFile{f}
	}
	if !utf8.Valid(data) {
		r.fail(&node.Error{Message: "the file is not UTF-8", Pos: n.Pos})
		return nil
	}
	n.Raw = string(data)
	if n.Kind == node.Snapshot || strings.Contains(n.Raw, "endsnapshot") {
		return r.snapshotBlocks(f)
	}
	n.Raw = strings.TrimSpace(n.Raw)
	if f.found, err = r.env.Parse(r.ctx, n, string(data), n.Pos); err != nil {
		r.fail(err)
		return nil
	}
	return []*sqlFile{f}
}

// snapshotBlocks are the nodes of a file of {% snapshot %} blocks.
func (r *reader) snapshotBlocks(f *sqlFile) []*sqlFile {
	t, err := jinja.Parse(f.n.Pos.File, f.n.Raw, 0)
	if err != nil {
		r.fail(problemOf(err, f.n.Raw))
		return nil
	}
	var out []*sqlFile
	for _, b := range t.Blocks {
		if b.Kind != "snapshot" {
			continue
		}
		n := *f.n
		n.Kind, n.Name = node.Snapshot, b.Name
		line, column := t.Position(b.Offset)
		n.Checksum = checksum([]byte(strings.TrimSpace(b.Text)))
		n.Pos.Line, n.Pos.Column = line, column
		at, _ := t.Position(b.TextOffset)
		n.Raw = strings.TrimSpace(b.Text)
		one := &sqlFile{source: f.source, n: &n}
		whole := n.Raw
		n.Raw = f.n.Raw // for the excerpt of an error
		found, err := r.env.Parse(r.ctx, &n, b.Text, node.Position{File: n.Pos.File, Line: at})
		n.Raw = whole
		if err != nil {
			r.fail(err)
			continue
		}
		one.found = found
		out = append(out, one)
	}
	if len(out) == 0 && f.n.Kind == node.Snapshot {
		r.warn(&node.Error{Message: fmt.Sprintf("%s holds no {%% snapshot %%} block", f.rel), Pos: f.n.Pos})
	}
	return out
}

package load

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
)

// readPackages adds the packages that are there: local ones of packages.yml or
// dependencies.yml, with theirs, and the folders of dbt_packages/.
func (r *reader) readPackages() {
	root := r.packages[0]
	install := text(field(root.file.root, "packages-install-path", "modules-path"))
	if install == "" {
		install = "dbt_packages"
	}
	var wanted []string
	for i := 0; i < len(r.packages) && i < 200; i++ { // local packages may have local packages
		wanted = append(wanted, r.localPackages(r.packages[i])...)
	}
	entries, err := os.ReadDir(filepath.Join(r.p.Dir, filepath.FromSlash(install)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.fail(err)
	}
	for _, e := range entries {
		dir := filepath.Join(r.p.Dir, filepath.FromSlash(install), e.Name())
		if _, err := os.Stat(filepath.Join(dir, projectFile)); err == nil {
			r.addPackage(dir)
		}
	}
	for _, name := range wanted {
		base := path.Base(strings.TrimSuffix(name, ".git"))
		if !slices.ContainsFunc(r.packages, func(p *pkg) bool { return p.Name == base || strings.ReplaceAll(base, "-", "_") == p.Name }) {
			r.warn(&node.Error{Message: fmt.Sprintf("the package %s is not installed", name), Pos: node.Position{File: "packages.yml", Line: 1},
				Hint: "packages are not downloaded: put the folder below " + install + "/, or list it as local: in packages.yml"})
		}
	}
	for _, p := range r.packages {
		p.file.pkg = p
		r.readTrees(p)
	}
}

// localPackages adds the local packages that a package asks for and returns the others' names.
func (r *reader) localPackages(p *pkg) []string {
	var others []string
	for _, name := range []string{"packages.yml", "dependencies.yml"} {
		data, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			continue
		}
		f, err := parseYAML(name, data)
		if err != nil {
			r.fail(err)
			continue
		}
		for _, item := range items(field(f.root, "packages")) {
			if local := field(item, "local"); local != nil {
				dir := filepath.Join(p.Dir, filepath.FromSlash(text(local)))
				if _, err := os.Stat(filepath.Join(dir, projectFile)); err != nil {
					r.fail(f.fail(local, "the path is relative to "+name, "there is no package in %s", text(local)))
					continue
				}
				r.addPackage(dir)
				continue
			}
			for _, kind := range []string{"package", "git", "tarball"} {
				if v := text(field(item, kind)); v != "" {
					others = append(others, v)
				}
			}
		}
	}
	return others
}

func (r *reader) addPackage(dir string) {
	dir = filepath.Clean(dir)
	if slices.ContainsFunc(r.packages, func(p *pkg) bool { return p.Dir == dir }) {
		return
	}
	rel, err := filepath.Rel(r.p.Dir, dir)
	if err != nil {
		rel = dir
	}
	p, err := r.readPackage(dir, rel)
	if err != nil {
		r.fail(err)
		return
	}
	for _, have := range r.packages {
		if have.Name == p.Name {
			r.fail(p.file.fail(field(p.file.root, "name"), "rename one of them", "two packages are called %s: in %s and %s", p.Name, have.Dir, dir))
			return
		}
	}
	r.packages = append(r.packages, p)
	r.p.Packages = append(r.p.Packages, p.Package)
}

// pathIn is how messages name a file of a package: below the project where it lies there.
func (r *reader) pathIn(p *pkg, rel string) string {
	if p.Dir == r.p.Dir {
		return rel
	}
	if below, err := filepath.Rel(r.p.Dir, p.Dir); err == nil {
		return path.Join(filepath.ToSlash(below), rel)
	}
	return rel
}

// source is a file found below a package's folders.
type source struct {
	pkg    *pkg
	rel    string // below the package's root, slashes
	path   string // below its resource folder
	folder string // the resource folder
}

// walk lists the files with an extension below the folders of a package, sorted.
func (r *reader) walk(p *pkg, folders []string, exts ...string) []source {
	var out []source
	seen := map[string]bool{}
	for _, folder := range folders {
		base := filepath.Join(p.Dir, filepath.FromSlash(folder))
		var visit func(dir string)
		visit = func(dir string) {
			entries, err := os.ReadDir(dir)
			if err != nil {
				if !errors.Is(err, os.ErrNotExist) {
					r.fail(fmt.Errorf("read %s: %w", dir, err))
				}
				return
			}
			for _, e := range entries {
				full := filepath.Join(dir, e.Name())
				if strings.HasPrefix(e.Name(), ".") {
					continue
				}
				if e.IsDir() {
					visit(full)
					continue
				}
				if !slices.Contains(exts, filepath.Ext(e.Name())) || seen[full] {
					continue
				}
				seen[full] = true
				rel, err1 := filepath.Rel(p.Dir, full)
				below, err2 := filepath.Rel(base, full)
				if err := errors.Join(err1, err2); err != nil {
					r.fail(err)
					continue
				}
				out = append(out, source{pkg: p, rel: filepath.ToSlash(rel), path: filepath.ToSlash(below), folder: folder})
			}
		}
		visit(base)
	}
	return out
}

// read returns a file's text; one that is not UTF-8 is an error.
func (s source) read() ([]byte, error) {
	return os.ReadFile(filepath.Join(s.pkg.Dir, filepath.FromSlash(s.rel)))
}

// readMacros reads the macros of all packages and makes the Env anew with them.
func (r *reader) readMacros() {
	var files []source
	for _, p := range r.packages {
		files = append(files, r.walk(p, p.MacroPaths, ".sql")...)
		for _, dir := range p.TestPaths {
			files = append(files, r.walk(p, []string{path.Join(dir, "generic")}, ".sql")...)
		}
		files = append(files, r.walk(p, p.DocsPaths, ".md")...)
	}
	r.parallel(len(files), func(i int) { r.readMacroFile(files[i]) })
	if len(r.problems) > 0 {
		return
	}
	env, err := render.New(r.p, r.env.Inv)
	if err != nil {
		r.fail(err)
		return
	}
	env.Getenv = r.opts.Getenv
	r.env = env
	for id, m := range r.p.Macros {
		if m.Package == render.BuiltinPackage {
			continue
		}
		calls, err := env.MacroCalls(id)
		r.fail(err)
		m.DependsOn = calls
	}
}

func (r *reader) readMacroFile(s source) {
	data, err := s.read()
	if err != nil {
		r.fail(err)
		return
	}
	shown := r.pathIn(s.pkg, s.rel)
	if path.Ext(s.rel) == ".md" && !strings.Contains(string(data), "docs") {
		return
	}
	list, blocks, err := render.ParseMacros(s.pkg.Name, s.pkg.Dir, shown, string(data))
	if err != nil {
		if path.Ext(s.rel) == ".md" && !strings.Contains(string(data), "{% docs") {
			return // a text about Jinja
		}
		r.fail(problemOf(err, string(data)))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range list {
		if have := r.p.Macros[m.ID]; have != nil && m.Package != render.BuiltinPackage {
			a, b := have, m
			if a.File > b.File || a.File == b.File && a.Pos.Line > b.Pos.Line {
				a, b = b, a
			}
			r.problems = append(r.problems, &node.Error{Message: fmt.Sprintf("the macro %s is defined twice in %s", m.Name, m.Package), Pos: b.Pos,
				Hint: "the other is at " + a.Pos.String()})
			continue
		}
		r.p.Macros[m.ID] = m
	}
	for _, b := range blocks {
		if b.Kind != "docs" {
			continue
		}
		d := &node.Doc{ID: "doc." + s.pkg.Name + "." + b.Name, Name: b.Name, Package: s.pkg.Name, File: s.rel, Body: strings.TrimSpace(b.Text)}
		if have := r.p.Docs[d.ID]; have != nil {
			r.problems = append(r.problems, &node.Error{Message: fmt.Sprintf("the docs block %s is defined twice", b.Name), Pos: node.Position{File: shown, Line: 1}, Hint: "the other is in " + have.File})
			continue
		}
		r.p.Docs[d.ID] = d
	}
}

package load

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
	"github.com/eiderdb/eider/engine/project/suggest"
)

// readProfile finds where the project is built: --db, profiles.yml, or a file of the project's name in the folder.
func (r *reader) readProfile() {
	env, err := render.New(r.p, r.opts.Invocation)
	if err != nil {
		r.fail(err)
		return
	}
	env.Getenv = r.opts.Getenv
	r.env = env
	t := node.Target{Profile: r.p.Profile, Name: "dev", Type: "duckdb", Schema: "main", Path: defaultPath(r.p)}
	if r.opts.Profile != "" {
		r.p.Profile, t.Profile = r.opts.Profile, r.opts.Profile
	}
	f, found := r.profilesFile()
	if r.problems != nil {
		return
	}
	if found {
		if got, ok := r.target(f, t); ok {
			t = got
		} else if r.problems != nil {
			return
		}
	} else if r.opts.Target != "" {
		t.Name = r.opts.Target
	}
	if r.opts.DB != "" {
		r.override(&t)
	}
	if t.Path != "" && t.Database == "" {
		t.Database = databaseName(t.Path)
	}
	if r.opts.Threads > 0 {
		t.Threads = r.opts.Threads
	}
	if t.Threads < 1 {
		t.Threads = runtime.GOMAXPROCS(0)
	}
	r.p.Target = t
}

// defaultPath is the database file of a project without a profile: shop.db.
func defaultPath(p *node.Project) string { return filepath.Join(p.Dir, p.Name+".db") }

// databaseName is the name by which DuckDB knows a file: its base without extension.
func databaseName(path string) string {
	if path == ":memory:" {
		return "memory"
	}
	base := filepath.Base(path)
	name, _, _ := strings.Cut(base, ".")
	return name
}

// override applies --db.
func (r *reader) override(t *node.Target) {
	db := r.opts.DB
	if !strings.HasPrefix(db, "postgres://") && !strings.HasPrefix(db, "postgresql://") {
		t.Type, t.URL, t.Host, t.Database = "duckdb", "", "", ""
		t.Path = db
		if db != ":memory:" {
			abs, err := filepath.Abs(db)
			if err != nil {
				r.fail(err)
			}
			t.Path = abs
		}
		return
	}
	u, err := url.Parse(db)
	if err != nil {
		r.fail(&node.Error{Message: "the URL of --db can't be read: " + strings.ReplaceAll(err.Error(), db, "…"), Hint: "postgres://user@host:5432/database"})
		return
	}
	t.Type, t.Path, t.URL = "postgres", "", db
	t.Host, t.User, t.Port = u.Hostname(), u.User.Username(), 5432
	if p, err := strconv.Atoi(u.Port()); err == nil {
		t.Port = p
	}
	t.Database = strings.TrimPrefix(u.Path, "/")
}

// profilesFile reads the first profiles.yml there is. One in ~/.dbt doesn't have to know the project.
func (r *reader) profilesFile() (*yamlFile, bool) {
	var dirs []string
	explicit := r.opts.ProfilesDir
	if explicit == "" {
		explicit, _ = r.opts.Getenv("DBT_PROFILES_DIR")
	}
	if explicit != "" {
		dirs = []string{explicit}
	} else {
		dirs = []string{r.p.Dir}
		if home, ok := r.opts.Getenv("HOME"); ok {
			dirs = append(dirs, filepath.Join(home, ".dbt"))
		}
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, "profiles.yml")
		data, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			r.fail(err)
			return nil, false
		}
		shown := path
		if rel, err := filepath.Rel(r.p.Dir, path); err == nil && !strings.HasPrefix(rel, "..") {
			shown = rel
		}
		f, err := parseYAML(filepath.ToSlash(shown), data)
		if err != nil {
			r.fail(err)
			return nil, false
		}
		if field(f.root, r.p.Profile) != nil || explicit != "" || dir == r.p.Dir {
			return f, f.root != nil
		}
	}
	if explicit != "" {
		r.fail(&node.Error{Message: "there is no profiles.yml in " + explicit, Hint: "without --profiles-dir and DBT_PROFILES_DIR, a project without a profile is built in a file of its name"})
	}
	return nil, false
}

// target reads the output of the profile.
func (r *reader) target(f *yamlFile, t node.Target) (node.Target, bool) {
	if r.p.Profile == "" {
		return t, false
	}
	prof := field(f.root, r.p.Profile)
	if prof == nil {
		var names []string
		for _, kv := range pairs(f.root) {
			names = append(names, kv[0].Value)
		}
		hint := suggest.DidYouMean(r.p.Profile, names)
		if hint == "" {
			hint = "it has " + strings.Join(names, ", ")
		}
		r.fail(f.fail(f.root, hint, "%s has no profile %s", f.rel, r.p.Profile))
		return t, false
	}
	outputs := field(prof, "outputs")
	name := r.opts.Target
	if name == "" {
		name, _ = r.secretEval(f, text(field(prof, "target"))).(string)
	}
	if name == "" {
		name = "default"
	}
	out := field(outputs, name)
	if out == nil {
		var names []string
		for _, kv := range pairs(outputs) {
			names = append(names, kv[0].Value)
		}
		sort.Strings(names)
		r.fail(f.fail(prof, "it has "+strings.Join(names, ", "), "the profile %s has no target %s", r.p.Profile, name))
		return t, false
	}
	vals, _ := r.secretEval(f, value(out)).(map[string]any)
	if r.problems != nil {
		return t, false
	}
	t.Name, t.Values = name, vals
	str := func(keys ...string) string {
		for _, k := range keys {
			if v, ok := vals[k]; ok && v != nil {
				return fmt.Sprint(v)
			}
		}
		return ""
	}
	if s := str("schema"); s != "" {
		t.Schema = s
	}
	t.Threads, _ = strconv.Atoi(str("threads"))
	switch t.Type = str("type"); {
	case t.Type == "postgres" || t.Type == "eider" && (str("host") != "" || str("url") != ""):
		r.server(&t, str)
	case t.Type == "eider" || t.Type == "duckdb":
		t.Path = str("path")
		switch {
		case t.Path == "":
			t.Path = defaultPath(r.p)
		case t.Path != ":memory:" && !filepath.IsAbs(t.Path):
			t.Path = filepath.Join(r.p.Dir, t.Path)
		}
		t.Database = str("database")
	default:
		r.fail(f.fail(field(out, "type"), "type: eider with path: file.db, or type: postgres with host, user, dbname", "the type %q of the target %s can't be built on", t.Type, name))
	}
	return t, true
}

// server makes the URL of a target with host, user, password, port and dbname.
func (r *reader) server(t *node.Target, str func(...string) string) {
	t.Path = ""
	if u := str("url"); u != "" {
		r.opts.DB = u
		return
	}
	t.Host, t.User, t.Database = str("host"), str("user"), str("dbname", "database")
	t.Port, _ = strconv.Atoi(str("port"))
	if t.Port == 0 {
		t.Port = 5432
	}
	u := url.URL{Scheme: "postgres", Host: t.Host + ":" + strconv.Itoa(t.Port), Path: "/" + t.Database, User: url.User(t.User)}
	if pw := str("password", "pass"); pw != "" {
		u.User = url.UserPassword(t.User, pw)
	}
	if mode := str("sslmode"); mode != "" {
		u.RawQuery = "sslmode=" + url.QueryEscape(mode)
	}
	t.URL = u.String()
}

// secretEval renders a value of the profile, where secrets may be read.
func (r *reader) secretEval(f *yamlFile, v any) any {
	switch x := v.(type) {
	case string:
		if !strings.Contains(x, "{{") {
			return x
		}
		secrets := map[string]string{}
		for _, kv := range os.Environ() {
			if k, val, _ := strings.Cut(kv, "="); strings.HasPrefix(k, "DBT_ENV_SECRET") {
				secrets[k] = val
			}
		}
		got, err := r.env.Eval(r.ctx, &render.Scope{EnvVars: secrets}, x, f.pos(nil))
		if err != nil {
			r.fail(err)
		}
		return got
	case map[string]any:
		for k := range x {
			x[k] = r.secretEval(f, x[k])
		}
	}
	return v
}

package load

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/eiderdb/eider/engine/project/node"
	"github.com/eiderdb/eider/engine/project/render"
)

// Options say which project is read and how. The zero value reads the present folder.
type Options struct {
	Dir         string // the project's folder or one below it; "" is the present one
	ProfilesDir string // where profiles.yml is; "" is $DBT_PROFILES_DIR, the project, ~/.dbt
	Profile     string // overrides dbt_project.yml's
	Target      string // overrides the profile's
	// DB overrides the profile: a database file or a postgres:// URL.
	DB         string
	Vars       map[string]any // --vars
	Threads    int            // overrides the profile's; 0 is the profile's, or the number of CPUs
	TargetPath string         // where artifacts go; "" is the project's target-path
	Invocation render.Invocation
	// Getenv reads the environment; nil is os.LookupEnv.
	Getenv func(string) (string, bool)
}

// EnsureDefaults fills in what is not set.
func (o *Options) EnsureDefaults() {
	if o.Dir == "" {
		o.Dir = "."
	}
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
}

// reader is one Load.
type reader struct {
	ctx  context.Context
	opts Options
	p    *node.Project
	env  *render.Env

	packages []*pkg
	docs     map[string]*node.Doc // by package.name

	mu       sync.Mutex // guards problems, warnings
	problems []error

	files   []*sqlFile
	schemas []*yamlFile

	// patches are descriptions in YAML, by kind and name within a package.
	patches map[patchKey]*patch
	genIDs  map[string]*node.Node // generic tests by id
	unit    []*unitTest
}

func (r *reader) fail(err error) {
	if err != nil {
		r.mu.Lock()
		r.problems = append(r.problems, err)
		r.mu.Unlock()
	}
}

func (r *reader) warn(w *node.Error) {
	r.mu.Lock()
	r.p.Warnings = append(r.p.Warnings, w)
	r.mu.Unlock()
}

// failed returns the problems so far, sorted, as one error.
func (r *reader) failed() error {
	if len(r.problems) == 0 {
		return nil
	}
	list := r.problems
	r.problems = nil
	return sortedErrors(list, r.p.Dir)
}

// Load reads the project. The error joins *node.Errors; see node.Errors.
func Load(ctx context.Context, opts Options) (*node.Project, *render.Env, error) {
	opts.EnsureDefaults()
	r := &reader{ctx: ctx, opts: opts, docs: map[string]*node.Doc{}, patches: map[patchKey]*patch{}, genIDs: map[string]*node.Node{},
		p: &node.Project{Nodes: map[string]*node.Node{}, Disabled: map[string]*node.Node{}, Macros: map[string]*node.Macro{},
			Docs: map[string]*node.Doc{}, Groups: map[string]*node.Group{}, Vars: opts.Vars, Env: map[string]string{}}}
	for _, step := range []func(){r.readProject, r.readProfile, r.readPackages, r.readMacros, r.scan, r.readSQL, r.readSchemas,
		r.makeNodes, r.makeTests, r.makeOperations, r.resolve} {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		step()
		if err := r.failed(); err != nil {
			return nil, nil, err
		}
	}
	return r.p, r.env, nil
}

// parallel calls f for 0 … n-1 on as many goroutines as there are CPUs and waits for them.
func (r *reader) parallel(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	next := make(chan int) // unbuffered: the workers pull
	var wg sync.WaitGroup
	for range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				f(i)
			}
		}()
	}
	for i := range n {
		if r.ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
}

// Find returns the folder of the project that dir lies in: the nearest one upwards with dbt_project.yml.
func Find(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := abs; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, projectFile)); err == nil {
			return at, nil
		} else if !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		if filepath.Dir(at) == at {
			return "", &node.Error{Message: "there is no " + projectFile + " in " + abs + " or above it",
				Hint: "eider init DIR makes a project; --project-dir names one"}
		}
	}
}

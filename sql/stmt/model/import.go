package model

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	learn "github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/predict"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/parse"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/stmt"
)

// Foreign is what a model of another program says of itself.
type Foreign struct {
	// Blob is the estimator as the algorithm of that name loads it.
	Algorithm string
	Blob      []byte
	Task      learn.Task
	// Features counts the columns; Names is nil where the file has none.
	Features int
	Names    []string
	// Classes is 0 for regression.
	Classes   int
	Objective string
}

// Importer reads a model of another program.
type Importer func(data []byte) (*Foreign, error)

func importKind(o *options) *stmt.Kind {
	read := func(p *parse.Parser) (*importStatement, error) {
		i, err := parseImport(p)
		return &importStatement{i, o}, err
	}
	return &stmt.Kind{
		Name: "IMPORT MODEL", Leads: [][]string{{"import", "model"}}, Parse: stmt.Reader(read),
		Call: "eider.import_model", FromCall: fromCall(writeImport, read),
		Doc: stmt.Doc{
			Summary: "Makes a version of a model from a file.",
			Syntax: `IMPORT MODEL name FROM 'path' (FORMAT {bundle | xgboost | xgboost_ubj | lightgbm} [, TASK {classification | regression}] [, TARGET name]
  [, CLASSES (class, …)] [, POSITIVE class]) [DEPLOY {NEVER | ALWAYS}]`,
			Notes: "A bundle is what EXPORT MODEL writes; the version predicts the same bits as the one that was exported. Models that XGBoost (JSON, UBJSON) or LightGBM (text) saved need the features that the file names, " +
				"or f0, f1, … where it names none, all as DOUBLE; they predict the classes 0, 1, … unless CLASSES names them in the file's order, and the second of two is the positive one, which POSITIVE can check.\n\n" +
				"The first version is deployed, a later one only with DEPLOY ALWAYS: there is nothing to compare it on. Only superusers may read files. The file is read on the server.\n\n" +
				"Returns `model, version, algorithm, task, features, deployed, run_id`. The formats `onnx` and `mlflow` are reserved (0A000).",
			Examples: []stmt.Example{{SQL: "IMPORT MODEL house FROM 'no/such/file.eider' (FORMAT bundle)", Code: "58P01"}},
		},
	}
}

func writeImport(t *twin) error {
	t.write("IMPORT MODEL ")
	if err := t.model(); err != nil {
		return err
	}
	word := func(p *parse.Parser) error { _, err := p.Label("a word"); return err }
	err := first(t.literal("file", " FROM ", " "), t.clause("format", "(FORMAT ", "", word), t.clause("task", ", TASK ", "", word), t.name("target", ", TARGET "))
	if err != nil {
		return err
	}
	if a, ok := t.arg("classes"); ok {
		list, ok := a.Value.([]any)
		if !ok {
			return wrongArg(a, "a list of classes")
		}
		text, ok := sqlLiteral(list)
		if !ok {
			return wrongArg(a, "a list of constants")
		}
		t.write(", CLASSES (")
		t.put(a, strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
		t.write(")")
	}
	if err := t.literal("positive", ", POSITIVE ", ""); err != nil {
		return err
	}
	t.write(")")
	return t.clause("deploy", " DEPLOY ", "", func(p *parse.Parser) error { _, err := readDeployRule(p); return err })
}

// importStatement is a parsed IMPORT MODEL.
type importStatement struct {
	*imports
	o *options
}

// imports is IMPORT MODEL as it was written.
type imports struct {
	text   parse.Span
	name   parse.QualifiedName
	path   word
	format word
	deploy *deployRule
	// task, classes and positive say what a foreign booster doesn't.
	task     word
	target   *parse.Name
	classes  []string
	positive *constantWord
}

func parseImport(p *parse.Parser) (*imports, error) {
	start := p.Peek().Start
	if err := p.ExpectWords("import", "model"); err != nil {
		return nil, err
	}
	i := &imports{}
	var err error
	if i.name, err = modelName(p); err != nil {
		return nil, err
	}
	if err := p.ExpectWord("from"); err != nil {
		return nil, err
	}
	if i.path, err = path(p); err != nil {
		return nil, err
	}
	if err := p.Parens(func() error { return i.readOption(p) }); err != nil {
		return nil, err
	}
	if i.format.text == "" {
		return nil, parse.Errorf(i.path.span, sqlstate.SyntaxError, "IMPORT MODEL needs a format").WithHint("Formats are %s.", strings.Join(importFormats, ", "))
	}
	if p.AcceptWord("deploy") {
		if i.deploy, err = readDeployRule(p); err != nil {
			return nil, err
		}
	}
	i.text = p.Between(start, p.PeekN(-1).End)
	return i, nil
}

// readOption reads FORMAT f, TASK t, TARGET name, CLASSES (v, …) or POSITIVE v.
func (i *imports) readOption(p *parse.Parser) (err error) {
	switch {
	case i.format.text == "" && p.AcceptWord("format"):
		i.format, err = format(p, importFormats)
	case i.task.text == "" && p.AcceptWord("task"):
		at := here(p)
		var w string
		w, err = oneOf(p, "classification", "regression")
		i.task = word{w, at}
	case i.target == nil && p.AcceptWord("target"):
		var n parse.Name
		n, err = p.Name("a name for what is predicted")
		i.target = &n
	case i.classes == nil && p.AcceptWord("classes"):
		err = p.Parens(func() error {
			c, err := class(p)
			if err == nil && slices.Contains(i.classes, c.text) {
				err = parse.Errorf(c.span, sqlstate.SyntaxError, "class %s is named twice", c.span.Text)
			}
			i.classes = append(i.classes, c.text)
			return err
		})
	case i.positive == nil && p.AcceptWord("positive"):
		var c constantWord
		c, err = class(p)
		i.positive = &c
	default:
		err = p.Unexpected()
	}
	return err
}

// maxFileBytes bounds what is read of a file.
const maxFileBytes = 2 << 30

func (i *importStatement) Plan(ctx context.Context, ss stmt.Session) (*stmt.Plan, error) {
	s, err := session(ss)
	if err != nil {
		return nil, err
	}
	key, existing, err := i.check(ctx, s)
	if err != nil {
		return nil, err
	}
	line := "Import " + key + " from a file of format " + i.format.text
	if existing {
		line += " as a new version"
	}
	var run *history
	var v *version
	var data []byte
	return &stmt.Plan{
		Columns: result("model VARCHAR, version BIGINT, algorithm VARCHAR, task VARCHAR, features BIGINT, deployed BOOLEAN, run_id VARCHAR"), Explain: []string{line},
		Prepare: func(ctx context.Context, _ stmt.Session) error {
			run = begin(key, "import", i.text.Text)
			var err error
			if v, data, err = i.load(s, key, run.id, s.User()); err != nil {
				run.end(ctx, s, err)
			}
			return err
		},
		Exec: func(ctx context.Context, _ stmt.Session) (*stmt.Result, error) {
			deployed, err := i.store(ctx, s, v, data)
			run.version = v.number
			run.end(ctx, s, err)
			if err != nil {
				return nil, err
			}
			return &stmt.Result{Rows: [][]any{{v.model, v.number, v.algorithm, string(v.task), int64(len(v.features)), deployed, run.id}}}, nil
		},
	}, nil
}

// check asks for the rights and whether the model exists.
func (i *importStatement) check(ctx context.Context, s Session) (key string, existing bool, err error) {
	if err := filesAllowed(s, i.path.span, "from"); err != nil {
		return "", false, err
	}
	if i.deploy != nil && i.deploy.when == "better" {
		return "", false, parse.Errorf(i.deploy.span, sqlstate.FeatureNotSupported, "an imported version can't be compared with the deployed one").WithHint("Write DEPLOY ALWAYS or DEPLOY NEVER.")
	}
	if key, err = keyOf(s, i.name); err != nil {
		return "", false, err
	}
	m, err := lookup(ctx, s, key)
	if err != nil {
		return "", false, err
	}
	if m != nil {
		return key, true, s.Require(ctx, key, "TRAIN")
	}
	_, err = newKey(ctx, s, i.name)
	return key, false, err
}

// filesAllowed is 42501 for all but superusers, as COPY is.
func filesAllowed(s Session, at parse.Span, way string) error {
	if s.IsSuperuser() {
		return nil
	}
	return parse.Errorf(at, sqlstate.InsufficientPrivilege, "permission denied to copy a model %s a file", way).WithHint("Only superusers read and write the server's files.")
}

// fileError is a failure of the file system as SQLSTATE.
func fileError(err error, at parse.Span, path string) error {
	code := sqlstate.IOError
	switch {
	case os.IsNotExist(err):
		code = sqlstate.UndefinedFile
	case os.IsExist(err):
		code = sqlstate.DuplicateFile
	case os.IsPermission(err):
		code = sqlstate.InsufficientPrivilege
	case isFull(err):
		code = sqlstate.DiskFull
	}
	return parse.Errorf(at, code, "%s: %v", path, err).Because(err)
}

// load reads the file and makes the version, without its number.
func (i *importStatement) load(s Session, key, run, user string) (*version, []byte, error) {
	data, err := readFile(i.path)
	if err != nil {
		return nil, nil, err
	}
	var v *version
	if i.format.text == formatBundle {
		v, data, err = readBundle(data)
	} else {
		v, data, err = i.foreign(s, data)
	}
	if err == nil {
		_, err = artifact.Open(data, i.o.algorithms)
	}
	if err != nil {
		return nil, nil, positioned(err, i.path.span)
	}
	v.model, v.runID, v.statement, v.createdBy, v.artifact = key, run, i.text.Text, user, artifact.Hash(data)
	return v, data, nil
}

func readFile(path word) ([]byte, error) {
	f, err := os.Open(path.text)
	if err != nil {
		return nil, fileError(err, path.span, path.text)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fileError(err, path.span, path.text)
	}
	if len(data) > maxFileBytes {
		return nil, parse.Errorf(path.span, sqlstate.ProgramLimitExceeded, "%s is larger than %d bytes", path.text, maxFileBytes)
	}
	return data, nil
}

// foreign makes a version of another program's model.
func (i *importStatement) foreign(s Session, data []byte) (*version, []byte, error) {
	read := i.o.importers[i.format.text]
	if read == nil {
		return nil, nil, parse.Errorf(i.format.span, sqlstate.FeatureNotSupported, "format %s can't be read by this program", i.format.text)
	}
	f, err := read(data)
	if err != nil {
		return nil, nil, err
	}
	if i.task.text != "" && learn.Task(i.task.text) != f.Task {
		return nil, nil, parse.Errorf(i.task.span, sqlstate.InvalidParameterValue, "the file holds a model for %s (%s), not %s", f.Task, f.Objective, i.task.text)
	}
	v := &version{algorithm: f.Algorithm, task: f.Task, output: "DOUBLE", transform: "{}", spec: "{}", program: s.Program(), library: ""}
	if i.target != nil {
		v.target = i.target.Text
	}
	names := f.Names
	if names == nil {
		for k := range f.Features {
			names = append(names, fmt.Sprintf("f%d", k))
		}
	}
	for k, n := range names {
		if slices.ContainsFunc(names[:k], func(o string) bool { return lex.EqualFold(o, n) }) {
			return nil, nil, parse.Errorf(i.path.span, sqlstate.FeatureNotSupported, "two features of the model have the name %q", n)
		}
		v.signature = append(v.signature, predict.Field{Name: n, Type: "DOUBLE"})
		v.features, v.featureSQL = append(v.features, n), append(v.featureSQL, "CAST("+lex.QuoteIdent(n)+" AS DOUBLE)")
	}
	if err := i.nameClasses(v, f.Classes); err != nil {
		return nil, nil, err
	}
	a := &artifact.Artifact{Task: f.Task, Algorithm: f.Algorithm, Features: names, Classes: f.Classes, Threshold: 0.5, Blobs: [][]byte{f.Blob}}
	encoded, err := a.Encode()
	return v, encoded, err
}

// nameClasses gives the classes their names: CLASSES, or their numbers.
func (i *importStatement) nameClasses(v *version, n int) error {
	if n == 0 {
		if i.classes != nil || i.positive != nil {
			return parse.Errorf(i.path.span, sqlstate.InvalidParameterValue, "a model for regression has no classes")
		}
		return nil
	}
	v.output = "VARCHAR"
	names := i.classes
	if names == nil {
		v.output = "BIGINT"
		for k := range n {
			names = append(names, fmt.Sprint(k))
		}
	}
	if len(names) != n {
		return parse.Errorf(i.path.span, sqlstate.InvalidParameterValue, "the model has %d classes, not %d", n, len(names)).WithHint("CLASSES names them in the file's order.")
	}
	v.classes = names
	for _, c := range names {
		v.classSQL = append(v.classSQL, lex.QuoteLiteral(c))
	}
	if n == 2 {
		v.positive = names[1]
	}
	if i.positive != nil && i.positive.text != v.positive {
		return parse.Errorf(i.positive.span, sqlstate.InvalidParameterValue, "the model's positive class is the second one, not %s", i.positive.span.Text).
			WithHint("Name the classes in the file's order.")
	}
	return nil
}

// store writes the version into the catalog and follows the rule of DEPLOY.
func (i *importStatement) store(ctx context.Context, s Session, v *version, data []byte) (bool, error) {
	m, err := allocate(ctx, s, i.name, v)
	if err != nil {
		return false, err
	}
	if err := keepArtifact(ctx, s, v.artifact, data); err != nil {
		return false, err
	}
	if err := v.store(ctx, s); err != nil {
		return false, err
	}
	if err := v.write(ctx, s); err != nil {
		return false, err
	}
	aliases, err := deployed(ctx, s, m.key)
	if err != nil {
		return false, err
	}
	now := aliases[predict.DefaultAlias]
	switch {
	case i.deploy != nil && i.deploy.when == "never":
		return false, nil
	case now != 0 && i.deploy == nil:
		s.Notice("NOTICE", fmt.Sprintf("version %d of model %s is not deployed: version %d is, and an import compares nothing", v.number, m.key, now))
		return false, nil
	case now != 0:
		if err := s.Require(ctx, m.key, "DEPLOY"); err != nil {
			return false, err
		}
	}
	return m.deployAs(ctx, s, v, predict.DefaultAlias, "IMPORT MODEL", i.name.Span)
}

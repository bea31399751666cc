package materialize

import (
	"context"
	"strings"

	"github.com/eiderdb/eider/engine/project/warehouse"
)

// view makes a view; views and other readers of it stay as they are.
func view(ctx context.Context, j *Job) (Result, error) {
	text, err := j.one()
	if err != nil {
		return Result{}, err
	}
	if err := j.contract(ctx, text); err != nil {
		return Result{}, err
	}
	if _, err := j.replaceKind(ctx, warehouse.View); err != nil {
		return Result{}, err
	}
	tag, err := j.exec(ctx, "CREATE OR REPLACE VIEW "+j.Relation.String()+" AS\n"+text)
	return Result{Message: string(tag), Rows: -1}, err
}

// table makes a table anew. CREATE OR REPLACE keeps grants, and within a transaction the
// old rows are there for everyone else until it commits.
func table(ctx context.Context, j *Job) (Result, error) {
	text, err := j.one()
	if err != nil {
		return Result{}, err
	}
	if err := j.contract(ctx, text); err != nil {
		return Result{}, err
	}
	if _, err := j.replaceKind(ctx, warehouse.BaseTable); err != nil {
		return Result{}, err
	}
	if !j.Node.Config.Contract.Enforced {
		tag, err := j.exec(ctx, "CREATE OR REPLACE TABLE "+j.Relation.String()+" AS\n"+text)
		return rowsOf(tag), err
	}
	defs, names, err := j.definitions()
	if err != nil {
		return Result{}, err
	}
	if _, err := j.exec(ctx, "CREATE OR REPLACE TABLE "+j.Relation.String()+" (\n  "+strings.Join(defs, ",\n  ")+"\n)"); err != nil {
		return Result{}, err
	}
	list := strings.Join(names, ", ")
	tag, err := j.exec(ctx, "INSERT INTO "+j.Relation.String()+" ("+list+")\nSELECT "+list+" FROM (\n"+text+"\n) AS eider_contract")
	return rowsOf(tag), err
}

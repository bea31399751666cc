// Package model has the statements about models: TRAIN, EVALUATE, EXPLAIN, DEPLOY,
// ROLLBACK, ALTER, DROP, SHOW, DESCRIBE, RETRAIN, EXPORT and IMPORT; and those about
// transformations, which are a model's features without the model, and are named,
// versioned and dropped as models are. Each parses its text, plans without touching data,
// and writes the system catalog in the caller's transaction. Learning itself is
// functions/model/train's and functions/model/transform's.
package model

import (
	"context"

	"github.com/eiderdb/eider/sql/lineage"
	"github.com/eiderdb/eider/sql/stmt"
	"github.com/eiderdb/eider/sql/types"
)

// Session is what these statements need of a session beyond stmt.Session; the engine's is one.
type Session interface {
	stmt.Session
	// Stream runs a SELECT of the user's, as the user, in the session's transaction, and gives each
	// its chunks, which are valid during the call. Positions in errors are in sql.
	Stream(ctx context.Context, sql string, each func(*types.Chunk) error) error
	// Artifact lets the score callbacks of this transaction find the bytes of a model. They become
	// everybody's with COMMIT and are forgotten with ROLLBACK.
	Artifact(hash string, data []byte)
	// Apart runs f's statements on an internal connection, in a transaction of their own that is
	// committed when f returns nil: what must stay although the caller's transaction is rolled back.
	Apart(ctx context.Context, f func(ctx context.Context, exec Execer) error) error
	// Require is 42501 unless the user has the privilege (PREDICT, TRAIN, DEPLOY) on a model, by its
	// key; its owner and superusers have all.
	Require(ctx context.Context, model, privilege string) error
	// OwnModel records the user as the owner of a new model; DisownModel forgets owner and grants of
	// a dropped one; RenameModel moves them.
	OwnModel(ctx context.Context, model string) error
	DisownModel(ctx context.Context, model string) error
	RenameModel(ctx context.Context, from, to string) error
	// Lineage tells where the columns of a SELECT of the user's come from, in the session's transaction.
	Lineage(ctx context.Context, sql string) (*lineage.Result, error)
	// Program is the name and version of what runs, for the record.
	Program() string
	// OwnTransformation and DisownTransformation do so for a transformation.
	OwnTransformation(ctx context.Context, key string) error
	DisownTransformation(ctx context.Context, key string) error
}

// Execer runs DuckDB SQL past the gate.
type Execer interface {
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
}

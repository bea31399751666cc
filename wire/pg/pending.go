package pg

import (
	"context"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func (c *conn) copy(context.Context, statement, *engine.CopyPlan) (string, error) {
	return "", sqlstate.New(sqlstate.FeatureNotSupported, "COPY through the client")
}

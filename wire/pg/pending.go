package pg

import (
	"context"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/wire/pg/encode"
)

func decodeParam(n int, _ uint32, f encode.Format, data []byte, _ encode.Settings) (any, error) {
	if data == nil {
		return nil, nil
	}
	if f == encode.Binary {
		return nil, sqlstate.Newf(sqlstate.FeatureNotSupported, "binary parameter $%d", n)
	}
	return string(data), nil
}

func (c *conn) copy(context.Context, statement, *engine.CopyPlan) (string, error) {
	return "", sqlstate.New(sqlstate.FeatureNotSupported, "COPY through the client")
}

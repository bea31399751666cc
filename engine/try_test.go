package engine

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTry(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, Options{})
	require.NoError(t, err)
	s, err := db.NewSession(ctx, SessionOptions{})
	require.NoError(t, err)
	for _, text := range []string{"select 1 as a, 'x' as b", "create table t(a int)", "insert into t values (1),(2)", "select * from t", "begin", "update t set a=3", "select clip_to(5,1,3)", "commit", "from t", "create table u as select * from t", "select nope", "pivot (select 1 as a, 'x' as b) on b using sum(a)"} {
		for _, st := range s.Split(text) {
			p, err := s.Prepare(ctx, text, st, nil)
			if err != nil {
				fmt.Println(text, err)
				continue
			}
			c, err := p.Run(ctx, nil)
			if err != nil {
				fmt.Println(text, err)
				continue
			}
			for {
				ch, err := c.Next(ctx)
				if err != nil || ch == nil {
					break
				}
				fmt.Println(ch.Len, "rows", p.Columns())
			}
			fmt.Println(text, "=>", c.Tag(), string(s.TxStatus()))
		}
	}
	require.NoError(t, s.Close())
	require.NoError(t, db.Close())
}

package sqldriver_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/eiderdb/eider/engine"
	"github.com/eiderdb/eider/engine/sqldriver"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open(sqldriver.Name, name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestQueries(t *testing.T) {
	db := open(t, "")
	require.NoError(t, db.Ping())
	_, err := db.Exec("create table t (a int, b varchar, c timestamp, d decimal(9,2), e uuid, f hugeint, g int[])")
	require.NoError(t, err)
	when := time.Date(2020, 2, 29, 12, 0, 0, 0, time.UTC)
	res, err := db.Exec("insert into t values (?, ?, ?, ?, uuid(), ?, ?), (2, NULL, NULL, NULL, NULL, NULL, NULL)", 1, "x", when, "1.50", new(big.Int).Lsh(big.NewInt(1), 100), []any{1, 2})
	require.NoError(t, err)
	n, err := res.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	_, err = res.LastInsertId()
	require.ErrorContains(t, err, "RETURNING")

	var a int
	var b, d, f string
	var c time.Time
	require.NoError(t, db.QueryRow("select a, b, c, d, f from t where a = $1", 1).Scan(&a, &b, &c, &d, &f))
	require.Equal(t, "1 x 2020-02-29 12:00:00 +0000 UTC 1.50 1267650600228229401496703205376", fmt.Sprint(a, " ", b, " ", c, " ", d, " ", f))
	var null sql.NullString
	require.NoError(t, db.QueryRow("select b from t where a = 2").Scan(&null))
	require.False(t, null.Valid)
	require.ErrorIs(t, db.QueryRow("select b from t where a = 3").Scan(&null), sql.ErrNoRows)

	rows, err := db.Query("select a, d, c from t order by a")
	require.NoError(t, err)
	kinds, err := rows.ColumnTypes()
	require.NoError(t, err)
	require.Equal(t, "DECIMAL(9,2)", kinds[1].DatabaseTypeName())
	precision, scale, ok := kinds[1].DecimalSize()
	require.True(t, ok)
	require.Equal(t, []int64{9, 2}, []int64{precision, scale})
	require.Equal(t, "time.Time", kinds[2].ScanType().String())
	require.NoError(t, rows.Close())

	st, err := db.Prepare("select $1::int + a from t order by a")
	require.NoError(t, err)
	for i := range 3 {
		require.NoError(t, st.QueryRow(i).Scan(&a))
		require.Equal(t, i+1, a)
	}
	require.NoError(t, st.Close())
	_, err = db.Exec("select :name", sql.Named("name", 1))
	require.Equal(t, sqlstate.FeatureNotSupported, sqlstate.CodeOf(err))
	_, err = db.Query("select nope")
	require.Equal(t, sqlstate.UndefinedColumn, sqlstate.CodeOf(err))
	_, err = db.Prepare("select 1; select 2")
	require.Equal(t, sqlstate.SyntaxError, sqlstate.CodeOf(err))
	_, err = db.Query("select $1::int", make(chan int))
	require.Error(t, err)
}

func TestTransactions(t *testing.T) {
	ctx := context.Background()
	db := open(t, "")
	_, err := db.Exec("create table t (a int)")
	require.NoError(t, err)
	tx, err := db.Begin()
	require.NoError(t, err)
	_, err = tx.Exec("insert into t values (1)")
	require.NoError(t, err)
	require.NoError(t, tx.Rollback())
	tx, err = db.Begin()
	require.NoError(t, err)
	_, err = tx.Exec("insert into t values (2)")
	require.NoError(t, err)
	_, err = tx.Exec("select nope")
	require.Error(t, err)
	require.Equal(t, sqlstate.TransactionRollback, sqlstate.CodeOf(tx.Commit()), "a failed transaction doesn't commit in silence")
	tx, err = db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelSerializable})
	require.NoError(t, err)
	_, err = tx.Exec("insert into t values (3)")
	require.Equal(t, sqlstate.ReadOnlySQLTransaction, sqlstate.CodeOf(err))
	require.NoError(t, tx.Rollback())
	_, err = db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelLinearizable})
	require.Equal(t, sqlstate.FeatureNotSupported, sqlstate.CodeOf(err))
	var n int
	require.NoError(t, db.QueryRow("select count(*) from t").Scan(&n))
	require.Zero(t, n)

	// A connection that comes back to the pool in a block is fresh for the next.
	db.SetMaxOpenConns(1)
	_, err = db.Exec("begin")
	require.NoError(t, err)
	_, err = db.Exec("insert into t values (9)")
	require.NoError(t, err)
	require.NoError(t, db.QueryRow("select count(*) from t").Scan(&n))
	require.Equal(t, 1, n)

	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	err = db.QueryRowContext(short, "select count(*) from range(1000000) a(i), range(1000000) b(j) where (i * j) % 7 = 3").Scan(&n)
	require.Equal(t, sqlstate.QueryCanceled, sqlstate.CodeOf(err), "%v", err)
	require.NoError(t, db.Ping())
}

func TestFilesAreShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	a, b := open(t, path+"?threads=1&memory_limit=512MB"), open(t, path)
	_, err := a.Exec("create table t as select 1 as a")
	require.NoError(t, err)
	var n int
	require.NoError(t, b.QueryRow("select a from t").Scan(&n))
	require.NoError(t, a.QueryRow("select current_setting('threads')").Scan(&n))
	require.Equal(t, 1, n)
	require.NoError(t, a.Close())
	require.NoError(t, b.QueryRow("select a from t").Scan(&n), "still open for the other")
	require.NoError(t, b.Close())
	again := open(t, path+"?read_only=true")
	require.NoError(t, again.QueryRow("select a from t").Scan(&n))
	_, err = again.Exec("drop table t")
	require.Equal(t, sqlstate.ReadOnlySQLTransaction, sqlstate.CodeOf(err))
}

func TestNames(t *testing.T) {
	for _, name := range []string{"?nope=1", "?threads=x", "?memory_limit=lots", "?memory_limit=-5MB", "eider.db", "?read_only=true", "?memory_limit=1", "?%zz"} {
		db, err := sql.Open(sqldriver.Name, name)
		require.Error(t, err, name)
		require.Nil(t, db)
	}
}

func TestConnector(t *testing.T) {
	ctx := context.Background()
	edb, err := engine.Open(ctx, engine.Options{})
	require.NoError(t, err)
	db := sql.OpenDB(sqldriver.NewConnector(edb, engine.SessionOptions{ApplicationName: "pool"}))
	_, err = db.Exec("create table t as select 5 as a")
	require.NoError(t, err)
	conn, err := db.Conn(ctx)
	require.NoError(t, err)
	require.NoError(t, conn.Raw(func(c any) error {
		s := c.(interface{ Session() *engine.Session }).Session()
		rows, err := s.Query(ctx, "select a from t")
		require.NoError(t, err)
		require.True(t, rows.Next())
		return rows.Close()
	}))
	require.NoError(t, conn.Close())
	require.NoError(t, db.Close())
	s, err := edb.NewSession(ctx, engine.SessionOptions{})
	require.NoError(t, err, "the database is the caller's to close")
	require.NoError(t, s.Close())
	require.NoError(t, edb.Close())
}

func Example() {
	db, err := sql.Open("eider", ":memory:")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	var sum int
	if err := db.QueryRow("SELECT sum(range) FROM range($1)", 101).Scan(&sum); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sum)
	// Output: 5050
}

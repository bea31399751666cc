package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/rewrite"
	"github.com/eiderdb/eider/sql/sqlstate"
)

func apply(t *testing.T, sql string) (string, error) {
	t.Helper()
	set := rewrite.Compile(Rules())
	st := lex.Split(sql)[0]
	text, _, err := set.Apply(sql, st, nil)
	return text, err
}

func TestLiterals(t *testing.T) {
	for sql, want := range map[string]string{
		`SELECT '\x00ff27'::bytea`:                                              `SELECT '\x00\xFF\x27'::bytea`,
		`SELECT E'\\x00ff'::bytea`:                                              `SELECT '\x00\xFF'::bytea`,
		`SELECT bytea '\xAB cd'`:                                                `SELECT bytea '\xAB\xCD'`,
		`SELECT CAST('\x01' AS bytea), 1`:                                       `SELECT CAST('\x01' AS bytea), 1`,
		`SELECT CAST('\x0102' AS bytea), 1`:                                     `SELECT CAST('\x01\x02' AS bytea), 1`,
		`SELECT '\x'::bytea`:                                                    `SELECT ''::bytea`,
		`SELECT 'it''s \\ \001é'::bytea`:                                        `SELECT 'it''s \x5C \x01\xC3\xA9'::bytea`,
		`SELECT '\xAB\xCD'::bytea`:                                              `SELECT '\xAB\xCD'::bytea`,
		`SELECT 'on'::boolean, 'OFF' :: bool`:                                   `SELECT 'true'::boolean, 'false' :: bool`,
		`SELECT boolean 'y', CAST('no' AS bool)`:                                `SELECT boolean 'true', CAST('false' AS bool)`,
		`SELECT 'o'::boolean, 'maybe'::boolean`:                                 `SELECT 'o'::boolean, 'maybe'::boolean`,
		`SELECT timestamp '2024-05-01 12:00:00-0'`:                              `SELECT timestamp '2024-05-01 12:00:00'`,
		`SELECT '2024-05-01T12:00:00.5 +02:30'::timestamp`:                      `SELECT '2024-05-01T12:00:00.5'::timestamp`,
		`SELECT CAST('2024-05-01 12:00+02' AS timestamp without time zone)`:     `SELECT CAST('2024-05-01 12:00' AS timestamp without time zone)`,
		`SELECT '2024-05-01 12:00+02'::timestamp with time zone`:                `SELECT '2024-05-01 12:00+02'::timestamp with time zone`,
		`SELECT CAST('2024-05-01 12:00+02' AS timestamp with time zone) FROM t`: `SELECT CAST('2024-05-01 12:00+02' AS timestamp with time zone) FROM t`,
		`SELECT timestamp with time zone '2024-05-01 12:00+02'`:                 `SELECT timestamp with time zone '2024-05-01 12:00+02'`,
		`SELECT timestamp '2024-05-01', timestamp '12:00 -'`:                    `SELECT timestamp '2024-05-01', timestamp '12:00 -'`,
		`SELECT '05/31/2024'::date, date '1/2/2024'`:                            `SELECT '2024-05-31'::date, date '2024-01-02'`,
		`SELECT '31/05/2024'::date, date, '1/2/2024'`:                           `SELECT '31/05/2024'::date, date, '1/2/2024'`,
		`SELECT '{t}'::boolean[]`:                                               `SELECT ['t']::boolean[]`,
		`SELECT x::bytea, "bytea" FROM t`:                                       `SELECT x::bytea, "bytea" FROM t`,
		`SELECT a FROM t WHERE b = '\x00ff'`:                                    `SELECT a FROM t WHERE b = '\x00ff'`,
		`CREATE TABLE t (b bytea DEFAULT '\x00')`:                               `CREATE TABLE t (b bytea DEFAULT '\x00')`,
	} {
		got, err := apply(t, sql)
		require.NoError(t, err, sql)
		require.Equal(t, want, got, sql)
	}
}

func TestBadBytea(t *testing.T) {
	for sql, code := range map[string]sqlstate.Code{
		`SELECT '\x0g'::bytea`:  sqlstate.InvalidParameterValue,
		`SELECT '\x012'::bytea`: sqlstate.InvalidParameterValue,
		`SELECT 'a\b'::bytea`:   sqlstate.InvalidTextRepresentation,
		`SELECT '\400'::bytea`:  sqlstate.InvalidTextRepresentation,
	} {
		_, err := apply(t, sql)
		require.Equal(t, code, sqlstate.CodeOf(err), sql)
		require.Equal(t, 8, sqlstate.From(err).Position, sql)
	}
}

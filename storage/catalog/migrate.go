package catalog

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

//go:embed migrations/*.sql
var files embed.FS

// Conn is what a migration needs of a connection. Exec runs one or several statements.
type Conn interface {
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	QueryRows(ctx context.Context, sql string, args ...any) ([][]any, error)
	// Transaction runs f in a transaction of its own, which an error undoes.
	Transaction(ctx context.Context, f func() error) error
}

// Migration brings the schema from version Version-1 to Version.
type Migration struct {
	Version int
	// Name is the file's name without number and extension.
	Name string
	SQL  string
}

// Migrations returns the embedded migrations in order; their versions are 1, 2, 3 ….
func Migrations() ([]Migration, error) { return read(files) }

func read(fsys fs.FS) ([]Migration, error) {
	names, err := fs.Glob(fsys, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var out []Migration
	for i, path := range names { // Glob sorts; numbers have four digits
		base := strings.TrimSuffix(strings.TrimPrefix(path, "migrations/"), ".sql")
		number, name, ok := strings.Cut(base, "_")
		version, err := strconv.Atoi(number)
		if err != nil || !ok || len(number) != 4 || name == "" {
			return nil, fmt.Errorf("migration %s is not named NNNN_name.sql", path)
		}
		if version != i+1 {
			return nil, fmt.Errorf("migration %s should have number %04d: numbers have no gaps and no doubles", path, i+1)
		}
		text, err := fs.ReadFile(fsys, path)
		if err != nil {
			return nil, err
		}
		out = append(out, Migration{Version: version, Name: name, SQL: string(text)})
	}
	return out, nil
}

// Version returns the schema's version in the connection's current database: 0 where
// there is no schema of ours. A schema "eider" that is not ours is 55000.
func Version(ctx context.Context, c Conn) (int, error) {
	rows, err := c.QueryRows(ctx, `SELECT count(*) FILTER (WHERE table_name = 'migrations') > 0, count(*) > 0
		FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = 'eider'`)
	if err != nil {
		return 0, fmt.Errorf("look for the schema eider: %w", err)
	}
	if ours, _ := rows[0][0].(bool); !ours {
		if foreign, _ := rows[0][1].(bool); foreign {
			return 0, sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, `the database has a schema "eider" that was not made by Eider`).
				WithHint(`Rename that schema or move its tables: Eider keeps its own state in a schema of that name.`)
		}
		return 0, nil
	}
	rows, err = c.QueryRows(ctx, `SELECT coalesce(max(version), 0)::BIGINT FROM eider.migrations`)
	if err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	version, ok := rows[0][0].(int64)
	if !ok {
		return 0, fmt.Errorf("read the schema's version: got a %T", rows[0][0])
	}
	return int(version), nil
}

// Migrate brings the schema to the newest version, one transaction a migration, and
// returns the versions before and after. program is stored beside each. A schema of a
// newer program is 55000 and nothing is changed.
func Migrate(ctx context.Context, c Conn, program string) (from, to int, err error) {
	all, err := Migrations()
	if err != nil {
		return 0, 0, err
	}
	return migrate(ctx, c, program, all)
}

// MigrateTo brings an older schema to the given version only; tests make files of older
// versions with it.
func MigrateTo(ctx context.Context, c Conn, program string, version int) (from, to int, err error) {
	all, err := Migrations()
	if err != nil {
		return 0, 0, err
	}
	return migrate(ctx, c, program, all[:min(version, len(all))])
}

// Check is Migrate for a database that can't be written: older versions are accepted as they are.
func Check(ctx context.Context, c Conn) (version int, err error) {
	all, err := Migrations()
	if err != nil {
		return 0, err
	}
	version, err = Version(ctx, c)
	if err == nil && version > len(all) {
		err = tooNew(ctx, c, version, len(all))
	}
	return version, err
}

func migrate(ctx context.Context, c Conn, program string, all []Migration) (from, to int, err error) {
	from, err = Version(ctx, c)
	if err != nil {
		return 0, 0, err
	}
	if from > len(all) {
		return from, from, tooNew(ctx, c, from, len(all))
	}
	for to = from; to < len(all); to++ {
		if err := apply(ctx, c, program, all[to]); err != nil {
			return from, to, fmt.Errorf("migration %04d_%s: %w", all[to].Version, all[to].Name, err)
		}
	}
	return from, to, nil
}

func apply(ctx context.Context, c Conn, program string, m Migration) error {
	return c.Transaction(ctx, func() error {
		if _, err := c.Exec(ctx, m.SQL); err != nil {
			return err
		}
		_, err := c.Exec(ctx, `INSERT INTO eider.migrations (version, name, applied_at, program) VALUES ($1, $2, now(), $3)`,
			int32(m.Version), m.Name, program)
		return err
	})
}

func tooNew(ctx context.Context, c Conn, have, know int) error {
	writer := "a newer version of Eider"
	rows, err := c.QueryRows(ctx, `SELECT program FROM eider.migrations ORDER BY version DESC LIMIT 1`)
	if err == nil && len(rows) == 1 {
		if s, ok := rows[0][0].(string); ok && s != "" {
			writer = s
		}
	}
	return sqlstate.Newf(sqlstate.ObjectNotInPrerequisiteState,
		"the database was written by %s: its system catalog has version %d, this program knows versions up to %d", writer, have, know).
		WithHint("Open it with that version of Eider or a later one.")
}

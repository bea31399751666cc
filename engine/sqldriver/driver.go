// Package sqldriver makes Eider a driver of database/sql, under the name "eider".
//
//	import _ "github.com/eiderdb/eider/engine/sqldriver"
//
//	db, err := sql.Open("eider", "shop.db?memory_limit=2GB")
//
// The data source name is a file, ":memory:" or "", and after a question mark options:
// read_only, threads, memory_limit, temp_dir, max_temp (sizes like 512MB). All sql.DBs of
// a process that name the same file share one open database, which is closed with the
// last of them. Programs that have an engine.DB already use NewConnector instead, and
// close it themselves.
//
// A connection is one session. Parameters are $1, $2 … or ?. database/sql knows only
// drivers that are registered under a name by an init function; this is the one place
// where Eider has one, in a package that nothing else imports.
package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/eiderdb/eider/engine"
)

// Name is the driver's name for sql.Open.
const Name = "eider"

// registered holds what connectors that only share a file's name have in common.
var registered = &Driver{}

func init() { sql.Register(Name, registered) }

// Driver implements driver.DriverContext. The zero value is ready.
type Driver struct {
	mu   sync.Mutex // guards open
	open map[string]*shared
}

// shared is a database that several sql.DBs use.
type shared struct {
	db    *engine.DB
	users int
}

// Open implements driver.Driver. database/sql calls OpenConnector instead.
func (d *Driver) Open(name string) (driver.Conn, error) {
	c, err := d.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	conn, err := c.Connect(context.Background())
	if err != nil {
		return nil, errors.Join(err, c.(*Connector).Close())
	}
	conn.(*connection).release = c.(*Connector).Close
	return conn, nil
}

// OpenConnector implements driver.DriverContext: it parses the name; the database is
// opened by the first connection.
func (d *Driver) OpenConnector(name string) (driver.Connector, error) {
	o, err := parseName(name)
	if err != nil {
		return nil, err
	}
	return &Connector{driver: d, options: o}, nil
}

func parseName(name string) (engine.Options, error) {
	path, query, _ := strings.Cut(name, "?")
	o := engine.Options{Path: path}
	values, err := url.ParseQuery(query)
	if err != nil {
		return o, fmt.Errorf("data source name %q: %w", name, err)
	}
	for key, list := range values {
		v := list[len(list)-1]
		switch key {
		case "read_only":
			o.ReadOnly, err = strconv.ParseBool(v)
		case "threads":
			o.Threads, err = strconv.Atoi(v)
		case "memory_limit":
			o.MemoryLimitBytes, err = size(v)
		case "max_temp":
			o.MaxTempBytes, err = size(v)
		case "temp_dir":
			o.TempDir = v
		default:
			err = errors.New("unknown option; there are read_only, threads, memory_limit, max_temp and temp_dir")
		}
		if err != nil {
			return o, fmt.Errorf("data source name: option %s=%q: %w", key, v, err)
		}
	}
	return o, o.Validate()
}

// size reads a number of bytes with an optional unit.
func size(s string) (int64, error) {
	digits := strings.TrimRight(s, "kKmMgGtTiIbB ")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a size like 512MB", s)
	}
	scale := map[string]int64{"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}
	unit, ok := scale[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	if !ok || n > 0 && unit > (1<<62)/n {
		return 0, fmt.Errorf("%q is not a size like 512MB", s)
	}
	return n * unit, nil
}

// Connector makes connections to one database.
type Connector struct {
	driver  *Driver
	options engine.Options
	session engine.SessionOptions

	mu  sync.Mutex // guards db, key
	db  *engine.DB
	key string // in driver.open; "" for a database that isn't shared
}

// NewConnector returns a connector for sql.OpenDB on a database that the caller has
// opened and closes after the sql.DB.
func NewConnector(db *engine.DB, o engine.SessionOptions) *Connector {
	return &Connector{driver: registered, db: db, session: o}
}

// Driver implements driver.Connector.
func (c *Connector) Driver() driver.Driver { return c.driver }

// Connect implements driver.Connector.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	db, err := c.database(ctx)
	if err != nil {
		return nil, err
	}
	s, err := db.NewSession(ctx, c.session)
	if err != nil {
		return nil, err
	}
	return &connection{session: s}, nil
}

// database opens the database for the first connection.
func (c *Connector) database(ctx context.Context) (*engine.DB, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.db != nil {
		return c.db, nil
	}
	if c.options.Path == "" || c.options.Path == ":memory:" {
		db, err := engine.Open(ctx, c.options)
		if err != nil {
			return nil, err
		}
		c.db, c.key = db, fmt.Sprintf("%p", c)
		c.driver.put(c.key, db)
		return db, nil
	}
	key, err := filepath.Abs(c.options.Path)
	if err != nil {
		return nil, err
	}
	db, err := c.driver.take(ctx, key, c.options)
	if err != nil {
		return nil, err
	}
	c.db, c.key = db, key
	return db, nil
}

// take opens a file, or shares it when it is open.
func (d *Driver) take(ctx context.Context, key string, o engine.Options) (*engine.DB, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.open[key]; s != nil {
		s.users++
		return s.db, nil
	}
	db, err := engine.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	d.set(key, db)
	return db, nil
}

func (d *Driver) put(key string, db *engine.DB) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.set(key, db)
}

func (d *Driver) set(key string, db *engine.DB) {
	if d.open == nil {
		d.open = map[string]*shared{}
	}
	d.open[key] = &shared{db: db, users: 1}
}

// Close implements io.Closer, which sql.DB.Close calls: the database is closed with
// its last user.
func (c *Connector) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.key == "" {
		return nil
	}
	key := c.key
	c.db, c.key = nil, ""
	d := c.driver
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.open[key]
	if s.users--; s.users > 0 {
		return nil
	}
	delete(d.open, key)
	return s.db.Close()
}

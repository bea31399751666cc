package files

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/storage/source"
)

func TestDeclaration(t *testing.T) { require.NoError(t, Driver().Validate()) }

func TestGlob(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.csv", "b.csv", "b.txt", ".hidden.csv", "x/a.csv", "x/y/b.csv", "x/.git/c.csv", "z[1].csv", "ü ☃.csv", "d.csv/in.csv"} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o644))
	}
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "x", "loop")))
	require.NoError(t, os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "gone.csv")))
	for _, c := range []struct {
		path, want string
		recursive  bool
	}{
		{"*.csv", "a.csv b.csv z[1].csv ü ☃.csv", false},
		{"?.csv", "a.csv b.csv", false},
		{"[!a].csv", "b.csv", false},
		{"[^a].csv", "b.csv", false},
		{"{a,x/a}.csv", "a.csv x/a.csv", false},
		{"**/*.csv", "a.csv b.csv d.csv/in.csv x/a.csv x/y/b.csv z[1].csv ü ☃.csv", false},
		{"x/**", "x/a.csv x/y/b.csv", false},
		{"a.csv", "a.csv", false},
		{"none*.csv", "", false},
		{"none/*.csv", "", false},
		{"a.csv/*", "", false},
		{".", "a.csv b.csv z[1].csv ü ☃.csv", false},
		{"x", "x/a.csv x/y/b.csv", true},
		{"x", "x/a.csv", false},
	} {
		config := &source.Config{Format: "CSV", Options: source.Values{"path": []string{filepath.Join(dir, c.path)}, "recursive": c.recursive}}
		found, err := list(context.Background(), config)
		require.NoError(t, err, c.path)
		var names []string
		for _, f := range found {
			name, err := filepath.Rel(dir, f.path)
			require.NoError(t, err)
			names = append(names, name)
		}
		require.Equal(t, c.want, strings.Join(names, " "), "%s %v", c.path, c.recursive)
	}
	for _, bad := range []string{"[a", "{a,b", "", "a\x00b"} {
		err := check(&source.Config{Format: "CSV", Options: source.Values{"path": []string{bad}}, FormatOptions: source.Values{"delimiter": ","}})
		require.Error(t, err, "%q", bad)
	}
}

func TestReadHeader(t *testing.T) {
	for _, c := range []struct {
		text, delimiter string
		skip, skipped   int64
		want            []string
		err             string
	}{
		{"a,b\n1,2", ",", 0, 0, []string{"a", "b"}, ""},
		{"\xef\xbb\xbfa,b", ",", 0, 0, []string{"a", "b"}, ""},
		{"\"a,\"\"x\",\"b\nc\",d\r\n", ",", 0, 0, []string{"a,\"x", "b\nc", "d"}, ""},
		{"x\ny\n#c\n\na||b\n", "||", 2, 4, []string{"a", "b"}, ""},
		{"a\"b,c\n", ",", 0, 0, []string{"a\"b", "c"}, ""},
		{"", ",", 0, 0, nil, "no rows"},
		{"#only\n", ",", 0, 0, nil, "no rows"},
		{"\"a", ",", 0, 0, nil, "no end"},
		{strings.Repeat("x", 2<<20), ",", 0, 0, nil, "longer than"},
	} {
		names, skipped, err := readHeader(bufio.NewReader(strings.NewReader(c.text)), source.Values{"delimiter": c.delimiter, "quote": `"`, "escape": `"`, "comment": "#", "skip": c.skip})
		if c.err != "" {
			require.ErrorContains(t, err, c.err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.want, names)
		require.Equal(t, c.skipped, skipped, "%q", c.text)
	}
}

// A file is known by its size and time; one that couldn't be read is new when it is another.
func TestCompare(t *testing.T) {
	f := &file{"a", 10, 20}
	require.Equal(t, unread, f.compare(nil))
	require.Equal(t, read, f.compare(f.position(false)))
	require.Equal(t, read, f.compare(f.position(true)))
	for _, other := range []*file{{"a", 11, 20}, {"a", 10, 21}} {
		require.Equal(t, changed, other.compare(f.position(false)))
		require.Equal(t, unread, other.compare(f.position(true)))
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]string{"a.csv": "CSV", "A.TSV.GZ": "CSV", "x/*.ndjson": "JSON", "s3://b/*.parquet": "PARQUET", "a.json.zst": "JSON", "dir": "", "a.txt": ""} {
		require.Equal(t, want, formatOf([]string{path}), path)
	}
	require.Empty(t, formatOf([]string{"a.csv", "b.parquet"}))
}

// Without httpfs a path in S3 is an error that says so.
func TestRemote(t *testing.T) {
	require.True(t, remote("s3://bucket/a.csv"))
	require.False(t, remote("s3.csv"))
	config := &source.Config{Format: "CSV", DB: nothing{}, Options: source.Values{"path": []string{"s3://bucket/*.csv"}}}
	_, err := list(context.Background(), config)
	require.ErrorContains(t, err, "httpfs")
	_, known, err := lag(context.Background(), config)
	require.NoError(t, err)
	require.False(t, known)
}

// nothing is a database in which every query is empty.
type nothing struct{}

func (nothing) QueryRows(context.Context, string, ...any) ([][]any, error) { return nil, nil }

func TestEndings(t *testing.T) {
	require.True(t, slices.Contains(endings("CSV"), ".csv.gz"))
	require.Equal(t, []string{".parquet"}, endings("PARQUET"))
}

package nativelib

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eiderdb/eider/sql/sqlstate"
)

const wheelName = "tiny-1.2.3-py3-none-any.whl"

// entry is a file of a made wheel.
type entry struct{ name, text string }

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// made returns a library for this platform whose wheel holds the entries.
func made(t testing.TB, entries ...entry) (*Library, []byte) {
	t.Helper()
	if entries == nil {
		entries = []entry{
			{"tiny/lib/libtiny.so", strings.Repeat("no code at all ", 20_000)}, {"tiny.libs/libhelp.so", "help"},
			{"tiny/python.py", "import os"}, {"tiny-1.2.3.dist-info/LICENSE", "free"}, {"tiny-1.2.3.dist-info/METADATA", "Name: tiny"},
		}
	}
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	object := ""
	for _, e := range entries {
		f, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Store})
		require.NoError(t, err)
		_, err = f.Write([]byte(e.text))
		require.NoError(t, err)
		if e.name == "tiny/lib/libtiny.so" {
			object = sum([]byte(e.text))
		}
	}
	require.NoError(t, w.Close())
	return &Library{Name: "tiny", Version: "1.2.3", Wheels: []Wheel{{
		OS: runtime.GOOS, Arch: runtime.GOARCH, Project: "tiny", File: wheelName, Size: int64(buf.Len()), SHA256: sum(buf.Bytes()),
		Folders: []string{"tiny/lib/", "tiny.libs/"}, Object: "tiny/lib/libtiny.so", ObjectSHA256: object,
	}}}, buf.Bytes()
}

// index serves a package index with one wheel; serve answers for the wheel itself.
func index(t testing.TB, serve http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/simple/tiny/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<html><body>\n<a href=\"../../files/tiny-1.2.2.whl#sha256=00\">tiny-1.2.2.whl</a><br/>\n<a data-requires-python=\"&gt;=3\"\n href='../../files/%s#sha256=ab'>%s</a></body></html>", wheelName, wheelName)
	})
	mux.HandleFunc("/files/", serve)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL + "/simple"
}

// whole serves a wheel with ranges, as file hosts do.
func whole(data []byte, hits *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.ServeContent(w, r, wheelName, time.Time{}, bytes.NewReader(data))
	}
}

func options(index string) Options {
	return Options{Sources: Sources{Indexes: []string{index}}, backoff: time.Millisecond}
}

func code(err error) sqlstate.Code { return sqlstate.From(err).Code }

func TestInstall(t *testing.T) {
	l, data := made(t)
	var hits atomic.Int32
	at := index(t, whole(data, &hits))
	s := Store{filepath.Join(t.TempDir(), "größe", "lib")}
	_, err := s.Path(l)
	require.Equal(t, sqlstate.UndefinedFile, code(err))
	require.Equal(t, "Run: eider lib install tiny", sqlstate.From(err).Hint)
	require.Equal(t, "no", s.State(l).Word)

	var said []string
	var told int64
	o := options(at)
	o.Say, o.Progress = func(text string) { said = append(said, text) }, func(done, total int64) { told = done }
	path, err := s.Install(context.Background(), l, o)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(s.Dir, "tiny-1.2.3", "tiny", "lib", "libtiny.so"), path)
	require.Equal(t, l.Wheels[0].Size, told)
	require.Contains(t, said[0], "fetching "+wheelName+" from 127.0.0.1")
	require.FileExists(t, filepath.Join(s.Dir, "tiny-1.2.3", "tiny.libs", "libhelp.so"))
	require.FileExists(t, filepath.Join(s.Dir, "tiny-1.2.3", "tiny-1.2.3.dist-info", "LICENSE"))
	require.NoFileExists(t, filepath.Join(s.Dir, "tiny-1.2.3", "tiny", "python.py"))
	require.NoError(t, s.Verify(l))
	require.Equal(t, State{"yes", path}, s.State(l))
	left, err := filepath.Glob(filepath.Join(s.Dir, ".downloads", "*"))
	require.NoError(t, err)
	require.Empty(t, left)

	again, err := s.Install(context.Background(), l, o)
	require.NoError(t, err)
	require.Equal(t, path, again)
	require.EqualValues(t, 1, hits.Load(), "what is installed isn't fetched again")
	require.Contains(t, said[len(said)-1], "installed already")
}

// TestResume breaks the first answers off and wants each next one to go on.
func TestResume(t *testing.T) {
	l, data := made(t)
	var starts []string
	at := index(t, func(w http.ResponseWriter, r *http.Request) {
		starts = append(starts, r.Header.Get("Range"))
		if len(starts) < 3 {
			from := 0
			if len(starts) == 2 {
				from = 1000
				w.Header().Set("Content-Range", fmt.Sprintf("bytes 1000-%d/%d", len(data)-1, len(data)))
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(data)-from))
			if from > 0 {
				w.WriteHeader(http.StatusPartialContent)
			}
			_, _ = w.Write(data[from : from+1000])
			return // the connection breaks: less came than was promised
		}
		http.ServeContent(w, r, wheelName, time.Time{}, bytes.NewReader(data))
	})
	s := Store{t.TempDir()}
	_, err := s.Install(context.Background(), l, options(at))
	require.NoError(t, err)
	require.Equal(t, []string{"", "bytes=1000-", "bytes=2000-"}, starts)
	require.NoError(t, s.Verify(l))
}

func TestPartFromBefore(t *testing.T) {
	l, data := made(t)
	for name, c := range map[string]struct {
		part   []byte
		ranges bool // whether the server knows ranges
		hits   int32
	}{
		"good beginning":           {data[:5000], true, 1},
		"server without ranges":    {data[:5000], false, 1},
		"bad beginning":            {bytes.Repeat([]byte{7}, 5000), true, 2},
		"longer than the wheel":    {append(bytes.Clone(data), 1), true, 1},
		"complete":                 {data, true, 0},
		"complete and bad":         {bytes.Repeat([]byte{7}, len(data)), true, 1},
		"all but the last byte":    {data[:len(data)-1], true, 1},
		"bad and without a server": {bytes.Repeat([]byte{7}, 10), false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var hits atomic.Int32
			at := index(t, func(w http.ResponseWriter, r *http.Request) {
				if !c.ranges {
					r.Header.Del("Range")
				}
				whole(data, &hits)(w, r)
			})
			s := Store{t.TempDir()}
			part := s.part(&l.Wheels[0])
			require.NoError(t, os.MkdirAll(filepath.Dir(part), 0o755))
			require.NoError(t, os.WriteFile(part, c.part, 0o644))
			_, err := s.Install(context.Background(), l, options(at))
			require.NoError(t, err)
			require.Equal(t, c.hits, hits.Load())
			require.NoError(t, s.Verify(l))
		})
	}
}

func TestDownloadFails(t *testing.T) {
	l, data := made(t)
	wrong := bytes.Clone(data)
	wrong[100] ^= 1
	answer := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }
	}
	var hits atomic.Int32
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		code  sqlstate.Code
		want  string
	}{
		"another file":  {whole(wrong, &hits), sqlstate.DataCorrupted, "is not the pinned " + wheelName},
		"a longer file": {whole(append(bytes.Clone(data), 0), &hits), sqlstate.ConnectionFailure, "must start anew"},
		"gone":          {answer(404), sqlstate.ConnectionFailure, "404"},
		"forbidden":     {answer(403), sqlstate.ConnectionFailure, "403"},
		"always busy":   {answer(503), sqlstate.ConnectionFailure, "503"},
		"never whole": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			_, _ = w.Write(data[:10])
		}, sqlstate.ConnectionFailure, "10 of "},
	} {
		t.Run(name, func(t *testing.T) {
			s := Store{t.TempDir()}
			_, err := s.Install(context.Background(), l, options(index(t, c.serve)))
			require.Equal(t, c.code, code(err), "%v", err)
			require.ErrorContains(t, err, c.want)
			require.NotEmpty(t, sqlstate.From(err).Hint)
			require.Equal(t, "no", s.State(l).Word, "nothing half-installed")
		})
	}
}

func TestNoIndex(t *testing.T) {
	l, _ := made(t)
	empty := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(empty.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	other := index(t, http.NotFound)
	for name, c := range map[string]struct {
		from Sources
		want string
	}{
		"nothing listens":  {Sources{Indexes: []string{gone.URL + "/simple"}}, "connection refused"},
		"no such project":  {Sources{Indexes: []string{empty.URL + "/simple/"}}, "404 Not Found"},
		"not an address":   {Sources{Indexes: []string{"simple"}}, "is not an address"},
		"no index at all":  {Sources{}, "no-index"},
		"not on this page": {Sources{FindLinks: []string{other + "/other/"}}, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Store{t.TempDir()}.Install(context.Background(), l, Options{Sources: c.from, backoff: time.Millisecond})
			require.Equal(t, sqlstate.ConnectionFailure, code(err))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "pip download --no-deps tiny==1.2.3")
		})
	}
}

// TestPassword uses the index's login for its files and shows it to nobody.
func TestPassword(t *testing.T) {
	l, data := made(t)
	status := http.StatusOK
	at := index(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != "me" || password != "geheim" {
			status = http.StatusUnauthorized
		}
		if status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		_, _ = w.Write(data)
	})
	at = strings.Replace(at, "http://", "http://me:geheim@", 1)
	_, err := Store{t.TempDir()}.Install(context.Background(), l, options(at))
	require.NoError(t, err)
	status = http.StatusForbidden
	_, err = Store{t.TempDir()}.Install(context.Background(), l, options(at))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "geheim")
	_, err = Store{t.TempDir()}.Install(context.Background(), l, options(strings.Replace(at, "/simple", "/nowhere", 1)))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "geheim")
}

func TestFromFile(t *testing.T) {
	l, data := made(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "any name.whl")
	require.NoError(t, os.WriteFile(file, data, 0o644))
	s := Store{t.TempDir()}
	_, err := s.Install(context.Background(), l, Options{File: file})
	require.NoError(t, err)
	require.FileExists(t, file, "the user's file stays")

	require.NoError(t, os.WriteFile(file, data[:50], 0o644))
	_, err = s.Install(context.Background(), l, Options{File: file})
	require.Equal(t, sqlstate.DataCorrupted, code(err))
	require.NoError(t, s.Verify(l), "what was installed stays")
	_, err = s.Install(context.Background(), l, Options{File: filepath.Join(dir, "none.whl")})
	require.Equal(t, sqlstate.UndefinedFile, code(err))
}

func TestFindLinks(t *testing.T) {
	l, data := made(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, wheelName), data, 0o644))
	for _, link := range []string{dir, "file://" + dir} {
		s := Store{t.TempDir()}
		_, err := s.Install(context.Background(), l, Options{Sources: Sources{FindLinks: []string{t.TempDir(), link}}})
		require.NoError(t, err)
	}
	page := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(page.Close)
	_, err := Store{t.TempDir()}.Install(context.Background(), l, Options{Sources: Sources{FindLinks: []string{page.URL}}})
	require.NoError(t, err)
}

func TestBadPackages(t *testing.T) {
	l, data := made(t, entry{"tiny/lib/libtiny.so", "x"}, entry{"tiny/lib/../../../out", "escape"})
	file := filepath.Join(t.TempDir(), "w.whl")
	require.NoError(t, os.WriteFile(file, data, 0o644))
	s := Store{filepath.Join(t.TempDir(), "lib")}
	_, err := s.Install(context.Background(), l, Options{File: file})
	require.Equal(t, sqlstate.DataCorrupted, code(err))
	require.ErrorContains(t, err, "no plain file in it")
	require.NoFileExists(t, filepath.Join(s.Dir, "..", "out"))

	l, _ = made(t)
	text := []byte("not an archive")
	require.NoError(t, os.WriteFile(file, text, 0o644))
	l.Wheels[0].SHA256 = sum(text)
	_, err = s.Install(context.Background(), l, Options{File: file})
	require.Equal(t, sqlstate.DataCorrupted, code(err))

	l, data = made(t, entry{"elsewhere/libtiny.so", "x"})
	require.NoError(t, os.WriteFile(file, data, 0o644))
	_, err = s.Install(context.Background(), l, Options{File: file})
	require.ErrorContains(t, err, "is not among its files")
	left, err := filepath.Glob(filepath.Join(s.Dir, ".new-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestBroken(t *testing.T) {
	l, data := made(t)
	file := filepath.Join(t.TempDir(), "w.whl")
	require.NoError(t, os.WriteFile(file, data, 0o644))
	for name, c := range map[string]struct {
		damage func(dir string) error
		want   string
		quick  bool // found without reading the files
	}{
		"another version": {func(dir string) error { return replace(dir, manifestName, `"1.2.3"`, `"1.2.2"`) }, "holds version 1.2.2 of tiny, Eider needs 1.2.3", true},
		"another package": {func(dir string) error { return replace(dir, manifestName, l.Wheels[0].SHA256, sum(nil)) }, "another package", true},
		"no record":       {func(dir string) error { return os.WriteFile(filepath.Join(dir, manifestName), []byte("{"), 0o644) }, manifestName, true},
		"a path outside":  {func(dir string) error { return replace(dir, manifestName, "tiny.libs/libhelp.so", "../../x") }, "outside its folder", true},
		"cut off":         {func(dir string) error { return os.Truncate(filepath.Join(dir, "tiny/lib/libtiny.so"), 10) }, "has 10 bytes", true},
		"file gone":       {func(dir string) error { return os.Remove(filepath.Join(dir, "tiny.libs/libhelp.so")) }, "libhelp.so", true},
		"changed":         {func(dir string) error { return replace(dir, "tiny/lib/libtiny.so", "no code", "evil do") }, "was changed", false},
		"helper changed":  {func(dir string) error { return replace(dir, "tiny.libs/libhelp.so", "help", "hell") }, "was changed", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := Store{t.TempDir()}
			_, err := s.Install(context.Background(), l, Options{File: file})
			require.NoError(t, err)
			require.NoError(t, c.damage(filepath.Join(s.Dir, l.folder())))
			if c.quick {
				_, err = s.Path(l)
				require.Equal(t, sqlstate.ObjectNotInPrerequisiteState, code(err), "%v", err)
				require.Equal(t, "broken", s.State(l).Word)
			}
			err = s.Verify(l)
			require.Equal(t, sqlstate.ObjectNotInPrerequisiteState, code(err), "%v", err)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, "Run: eider lib install tiny --force", sqlstate.From(err).Hint)
			_, err = s.Install(context.Background(), l, Options{Sources: Sources{FindLinks: []string{filepath.Dir(file)}}, File: file})
			require.NoError(t, err, "installing again mends it")
			require.NoError(t, s.Verify(l))
		})
	}
}

func replace(dir, name, old, new string) error {
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, bytes.ReplaceAll(text, []byte(old), []byte(new)), 0o644)
}

// TestTogether installs from many sides at the same time: one fetches, the others find it.
func TestTogether(t *testing.T) {
	l, data := made(t)
	var hits atomic.Int32
	at := index(t, whole(data, &hits))
	s := Store{t.TempDir()}
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = s.Install(context.Background(), l, options(at))
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, hits.Load())
}

func TestCancel(t *testing.T) {
	l, data := made(t)
	ctx, cancel := context.WithCancel(context.Background())
	release := make(chan struct{})
	at := index(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data[:1000])
		w.(http.Flusher).Flush()
		<-release
	})
	s := Store{t.TempDir()}
	o := options(at)
	o.Progress = func(done, total int64) { cancel() }
	_, err := s.Install(ctx, l, o)
	close(release)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualValues(t, 1000, size(s.part(&l.Wheels[0])), "what came is kept")

	// While another process installs.
	unlock, err := lock(context.Background(), filepath.Join(s.Dir, ".lock"), func() {})
	require.NoError(t, err)
	defer unlock()
	ctx, cancel = context.WithCancel(context.Background())
	o.Say = func(text string) {
		require.Contains(t, text, "waiting")
		cancel()
	}
	_, err = s.Install(ctx, l, o)
	require.ErrorIs(t, err, context.Canceled)
}

// TestDiskFull writes the download to a device that is always full.
func TestDiskFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	l, data := made(t)
	var hits atomic.Int32
	s := Store{t.TempDir()}
	part := s.part(&l.Wheels[0])
	require.NoError(t, os.MkdirAll(filepath.Dir(part), 0o755))
	require.NoError(t, os.Symlink("/dev/full", part))
	_, err := s.Install(context.Background(), l, options(index(t, whole(data, &hits))))
	require.Equal(t, sqlstate.DiskFull, code(err), "%v", err)
	require.Contains(t, sqlstate.From(err).Hint, "--dir")
	require.EqualValues(t, 1, hits.Load(), "it isn't tried again")
}

func TestFileErrors(t *testing.T) {
	require.NoError(t, ioError("x", nil))
	require.Equal(t, sqlstate.DiskFull, code(ioError("x", &os.PathError{Op: "write", Path: "p", Err: syscall.EDQUOT})))
	err := ioError("x", &os.PathError{Op: "open", Path: "p", Err: syscall.EACCES})
	require.Equal(t, sqlstate.IOError, code(err))
	require.Contains(t, sqlstate.From(err).Hint, DirVariable)

	l, data := made(t)
	file := filepath.Join(t.TempDir(), "w.whl")
	require.NoError(t, os.WriteFile(file, data, 0o644))
	_, err = Store{filepath.Join(file, "lib")}.Install(context.Background(), l, Options{File: file})
	require.Equal(t, sqlstate.IOError, code(err), "a file where the folder should be")
}

// TestSweep removes what a killed installation left behind.
func TestSweep(t *testing.T) {
	l, data := made(t)
	file := filepath.Join(t.TempDir(), "w.whl")
	require.NoError(t, os.WriteFile(file, data, 0o644))
	s := Store{t.TempDir()}
	require.NoError(t, os.MkdirAll(filepath.Join(s.Dir, ".new-tiny-1.2.3-77", "tiny"), 0o755))
	_, err := s.Install(context.Background(), l, Options{File: file})
	require.NoError(t, err)
	require.NoDirExists(t, filepath.Join(s.Dir, ".new-tiny-1.2.3-77"))
}

package nativelib

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// DirVariable is the environment variable that names another folder than the user's cache.
const DirVariable = "EIDER_LIB_DIR"

// manifestName is the file in a library's folder that says what was unpacked there.
const manifestName = "installed.json"

// Store is a folder of libraries, each in its own folder NAME-VERSION.
type Store struct{ Dir string }

// manifest is written last, so a folder that has one is whole.
type manifest struct {
	Name    string          `json:"name"`
	Version string          `json:"version"`
	Wheel   string          `json:"wheel"`
	SHA256  string          `json:"sha256"`
	Files   []installedFile `json:"files"`
}

type installedFile struct {
	Path   string `json:"path"` // relative, with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Default returns the store in EIDER_LIB_DIR, else in the user's cache.
func Default() (Store, error) {
	if dir := os.Getenv(DirVariable); dir != "" {
		return At(dir)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return Store{}, sqlstate.Newf(sqlstate.ObjectNotInPrerequisiteState, "there is no folder for native libraries: %w", err).
			WithHint("Set %s to a folder.", DirVariable)
	}
	return Store{filepath.Join(cache, "eider", "lib")}, nil
}

// At returns the store in a folder.
func At(dir string) (Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Store{}, sqlstate.Newf(sqlstate.IOError, "the folder for libraries: %w", err)
	}
	return Store{abs}, nil
}

// State is what a list shows of a library.
type State struct {
	// Word is "yes", "no", "broken" or "unavailable" (not for this platform).
	Word string
	// Path is the shared library's file, where it is or would be.
	Path string
}

// State looks a library up without reading its files.
func (s Store) State(l *Library) State {
	w, err := l.Here()
	if err != nil {
		return State{Word: "unavailable"}
	}
	path := filepath.Join(s.Dir, l.folder(), filepath.FromSlash(w.Object))
	switch _, err := s.Path(l); {
	case err == nil:
		return State{"yes", path}
	case IsMissing(err):
		return State{"no", path}
	}
	return State{"broken", path}
}

// IsMissing tells whether err says that a library isn't installed.
func IsMissing(err error) bool {
	var e *sqlstate.Error
	return errors.As(err, &e) && e.Code == sqlstate.UndefinedFile
}

// Path returns the shared library's file: 58P01 with the command that installs it where
// it is missing, 55000 where what lies there is another version or not whole.
func (s Store) Path(l *Library) (string, error) {
	w, err := l.Here()
	if err != nil {
		return "", err
	}
	object := filepath.Join(s.Dir, l.folder(), filepath.FromSlash(w.Object))
	m, err := s.manifest(l)
	if errors.Is(err, fs.ErrNotExist) {
		return "", l.missing(object)
	}
	if err != nil {
		return "", l.broken("%w", err)
	}
	if m.Name != l.Name || m.Version != l.Version {
		return "", l.broken("%s holds version %s of %s, Eider needs %s", filepath.Join(s.Dir, l.folder()), m.Version, m.Name, l.Version)
	}
	if m.SHA256 != w.SHA256 {
		return "", l.broken("it comes from another package (%s) than Eider needs (%s)", m.Wheel, w.File)
	}
	for _, f := range m.Files {
		at := filepath.Join(s.Dir, l.folder(), filepath.FromSlash(f.Path))
		info, err := os.Stat(at)
		if err != nil {
			return "", l.broken("%w", err)
		}
		if info.Size() != f.Size {
			return "", l.broken("%s has %d bytes instead of %d", at, info.Size(), f.Size)
		}
	}
	return object, nil
}

// Verify reads every file of an installed library and compares it with its pinned hash.
func (s Store) Verify(l *Library) error {
	if _, err := s.Path(l); err != nil {
		return err
	}
	w, err := l.Here()
	if err != nil {
		return err
	}
	m, err := s.manifest(l)
	if err != nil {
		return l.broken("%w", err)
	}
	seen := false
	for _, f := range m.Files {
		at := filepath.Join(s.Dir, l.folder(), filepath.FromSlash(f.Path))
		sum, err := hashFile(at)
		if err != nil {
			return l.broken("%w", err)
		}
		want := f.SHA256
		if f.Path == w.Object {
			want, seen = w.ObjectSHA256, true
		}
		if sum != want {
			return l.broken("%s was changed: its SHA-256 is %s instead of %s", at, sum, want)
		}
	}
	if !seen {
		return l.broken("%s is not among its files", w.Object)
	}
	return nil
}

func (s Store) manifest(l *Library) (*manifest, error) {
	at := filepath.Join(s.Dir, l.folder(), manifestName)
	data, err := os.ReadFile(at)
	if err != nil {
		return nil, err
	}
	m := &manifest{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, sqlstate.Newf(sqlstate.DataCorrupted, "%s: %w", at, err)
	}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
			return nil, sqlstate.Newf(sqlstate.DataCorrupted, "%s names a file outside its folder: %q", at, f.Path)
		}
	}
	return m, nil
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ioError gives a failure of the file system its code: 53100 for a full disk, 58030 otherwise.
func ioError(doing string, err error) error {
	if err == nil {
		return nil
	}
	if diskFull(err) {
		return sqlstate.Newf(sqlstate.DiskFull, "%s: %w", doing, err).WithHint("Free some space, or choose another folder with --dir or %s.", DirVariable)
	}
	e := sqlstate.Newf(sqlstate.IOError, "%s: %w", doing, err)
	if errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "read-only file system") {
		return e.WithHint("Choose another folder with --dir or %s.", DirVariable)
	}
	return e
}

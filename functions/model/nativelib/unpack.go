package nativelib

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// maxUnpackedBytes bounds one file of a wheel; the hash of the wheel is checked before,
// so this only guards against a wrong pin.
const maxUnpackedBytes = 1 << 30

// unpack writes the wheel's folders beside the store's libraries and renames them into
// place as one, with what lay there before moved away first.
func (s Store) unpack(ctx context.Context, l *Library, w *Wheel, file string) error {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return sqlstate.Newf(sqlstate.DataCorrupted, "%s is not a package: %w", file, err)
	}
	defer archive.Close()
	s.sweep(l)
	tmp, err := os.MkdirTemp(s.Dir, ".new-"+l.folder()+"-")
	if err != nil {
		return ioError("unpack the package", err)
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return ioError("unpack the package", err)
	}
	m := manifest{Name: l.Name, Version: l.Version, Wheel: w.File, SHA256: w.SHA256}
	for _, entry := range archive.File {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !w.wants(entry.Name) || entry.FileInfo().IsDir() {
			continue
		}
		f, err := unpackFile(tmp, entry)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, f)
	}
	slices.SortFunc(m.Files, func(a, b installedFile) int { return strings.Compare(a.Path, b.Path) })
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := writeSynced(filepath.Join(tmp, manifestName), append(text, '\n')); err != nil {
		return ioError("unpack the package", err)
	}
	return s.place(l, tmp)
}

// wants tells whether an entry of the wheel is unpacked: the library's folders and its licence.
func (w *Wheel) wants(name string) bool {
	for _, folder := range w.Folders {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	dir, base := path.Split(name)
	return strings.Contains(dir, ".dist-info/") && (strings.HasPrefix(strings.ToUpper(base), "LICENSE") || base == "METADATA")
}

func unpackFile(dir string, entry *zip.File) (installedFile, error) {
	if !filepath.IsLocal(filepath.FromSlash(entry.Name)) || !entry.Mode().IsRegular() {
		return installedFile{}, sqlstate.Newf(sqlstate.DataCorrupted, "the package has an entry that is no plain file in it: %q", entry.Name)
	}
	at := filepath.Join(dir, filepath.FromSlash(entry.Name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return installedFile{}, ioError("unpack the package", err)
	}
	in, err := entry.Open()
	if err != nil {
		return installedFile{}, sqlstate.Newf(sqlstate.DataCorrupted, "the package's %s: %w", entry.Name, err)
	}
	defer in.Close()
	out, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return installedFile{}, ioError("unpack the package", err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, h), io.LimitReader(in, maxUnpackedBytes))
	if err == nil {
		err = out.Sync()
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return installedFile{Path: entry.Name, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))}, ioError("unpack the package", err)
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// place moves a whole folder to where the library is looked for.
func (s Store) place(l *Library, from string) error {
	to := filepath.Join(s.Dir, l.folder())
	if _, err := os.Lstat(to); err == nil {
		old, err := os.MkdirTemp(s.Dir, ".old-"+l.folder()+"-")
		if err != nil {
			return ioError("replace the library", err)
		}
		if err := os.Rename(to, filepath.Join(old, "it")); err != nil {
			return ioError("replace the library", err)
		}
		defer os.RemoveAll(old) // a process that has it open keeps its pages
	}
	if err := os.Rename(from, to); err != nil {
		return ioError("put the library into its place", err)
	}
	return nil
}

// sweep removes what an installation that was killed left behind; the lock is held.
func (s Store) sweep(l *Library) {
	for _, prefix := range []string{".new-", ".old-"} {
		left, _ := filepath.Glob(filepath.Join(s.Dir, prefix+l.folder()+"-*"))
		for _, dir := range left {
			os.RemoveAll(dir)
		}
	}
}

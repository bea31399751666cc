package nativelib

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
)

// Options say how Install gets a library. The zero value downloads as pip would.
type Options struct {
	// File is a wheel on this machine; nothing is downloaded then.
	File string
	// Sources are asked where File is empty.
	Sources Sources
	// Force installs again what is installed and whole.
	Force bool
	// Progress, where set, is told of a download's bytes.
	Progress func(done, total int64)
	// Say, where set, is told of each step in a short sentence.
	Say func(text string)
	// backoff is the pause before a download's second attempt; it grows with each.
	backoff time.Duration
}

func (o *Options) ensureDefaults() {
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	if o.backoff == 0 {
		o.backoff = time.Second
	}
}

// Install puts a library into the store and returns the shared library's file. It
// returns at once where the library is installed and whole. Several processes may
// install at the same time: they take turns, and a reader never sees half of one.
func (s Store) Install(ctx context.Context, l *Library, o Options) (string, error) {
	o.ensureDefaults()
	w, err := l.Here()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return "", ioError("make the folder for libraries", err)
	}
	unlock, err := lock(ctx, filepath.Join(s.Dir, ".lock"), func() { o.Say("waiting for another installation to end") })
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", ioError("lock the folder for libraries", err)
	}
	defer unlock()
	if !o.Force && o.File == "" && s.Verify(l) == nil {
		o.Say(l.Version + " is installed already")
		return s.Path(l)
	}
	file, err := s.fetch(ctx, w, o)
	if err != nil {
		return "", err
	}
	if err := s.unpack(ctx, l, w, file); err != nil {
		return "", err
	}
	if o.File == "" {
		os.Remove(s.part(w)) // the wheel has done its duty
	}
	if err := s.Verify(l); err != nil {
		return "", err
	}
	return s.Path(l)
}

func (s Store) part(w *Wheel) string { return filepath.Join(s.Dir, ".downloads", w.File+".part") }

// fetch returns a file that holds the wheel, checked.
func (s Store) fetch(ctx context.Context, w *Wheel, o Options) (string, error) {
	if o.File != "" {
		if _, err := os.Stat(o.File); err != nil {
			return "", sqlstate.Newf(sqlstate.UndefinedFile, "the package file: %w", err)
		}
		return o.File, checkFile(w, o.File)
	}
	c, err := newClient(o.Sources, o.backoff)
	if err != nil {
		return "", err
	}
	defer c.close()
	part := s.part(w)
	if size(part) == w.Size && checkFile(w, part) == nil {
		return part, nil // fetched before, not unpacked
	}
	at, err := c.find(ctx, w)
	if err != nil {
		return "", err
	}
	if at.file != "" {
		o.Say("taking " + at.file)
		return at.file, checkFile(w, at.file)
	}
	o.Say("fetching " + w.File + " from " + at.url.Host)
	return part, c.download(ctx, w, at, part, o.Progress)
}

package nativelib

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/eiderdb/eider/sql/sqlstate"
)

const (
	// attempts is how often a broken download goes on before it is given up.
	attempts = 4
	// stall is how long a download may bring nothing.
	stall = 45 * time.Second
)

// errRestart tells that the part on disk is of no use.
var errRestart = errors.New("the download must start anew")

// download brings the wheel to part, going on where an earlier one stopped, and checks
// its hash. A part that turns out wrong is fetched once more from its beginning.
func (c *client) download(ctx context.Context, w *Wheel, at place, part string, progress func(done, total int64)) error {
	if err := os.MkdirAll(filepath.Dir(part), 0o755); err != nil {
		return ioError("make the folder for downloads", err)
	}
	resumed := size(part) > 0
	var last error
	for try := 0; try < attempts; try++ {
		if try > 0 && !pause(ctx, time.Duration(try)*c.backoff) {
			return ctx.Err()
		}
		err := c.more(ctx, w, at, part, progress)
		if err == nil {
			err = checkFile(w, part)
			if err == nil {
				return nil
			}
			os.Remove(part)
			if !resumed {
				return err
			}
			resumed, last = false, err
			continue
		}
		if errors.Is(err, errRestart) {
			os.Remove(part)
			resumed, last = false, err
			continue
		}
		if final := (*sqlstate.Error)(nil); errors.As(err, &final) || ctx.Err() != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		}
		last = err
	}
	return sqlstate.Newf(sqlstate.ConnectionFailure, "%s could not be fetched: %w", w.File, last).
		WithDetail("%d of %d bytes are there; the next run goes on from there.", size(part), w.Size).WithHint("%s", offlineHint(w))
}

// more asks for the rest of a wheel and appends it to part.
func (c *client) more(ctx context.Context, w *Wheel, at place, part string, progress func(done, total int64)) error {
	have := size(part)
	if have == w.Size {
		return nil
	}
	if have > w.Size {
		return errRestart
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(stall, func() { cancel(fmt.Errorf("nothing came for %v", stall)) })
	defer watch.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.url.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("User-Agent", "eider")
	req.Header.Set("Accept-Encoding", "identity")
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return plainly(err)
	}
	defer resp.Body.Close()
	flags := os.O_CREATE | os.O_WRONLY
	switch {
	case resp.StatusCode == http.StatusOK:
		flags |= os.O_TRUNC // the server doesn't know ranges, or there was nothing yet
		have = 0
	case resp.StatusCode == http.StatusPartialContent:
		var from int64
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &from); err != nil || from != have {
			return errRestart
		}
		flags |= os.O_APPEND
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return errRestart
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("%s answers %s", redact(at.url.String()), resp.Status)
	default:
		return sqlstate.Newf(sqlstate.ConnectionFailure, "%s answers %s", redact(at.url.String()), resp.Status).WithHint("%s", offlineHint(w))
	}
	f, err := os.OpenFile(part, flags, 0o644)
	if err != nil {
		return ioError("write the download", err)
	}
	err = copyBounded(f, resp.Body, have, w.Size, func(done int64) {
		watch.Reset(stall)
		progress(done, w.Size)
	})
	if cause := context.Cause(ctx); err != nil && cause != nil && !diskFull(err) {
		err = cause
	}
	if cerr := f.Close(); err == nil && cerr != nil {
		err = ioError("write the download", cerr)
	}
	return err
}

// copyBounded appends from r to f until done bytes have become total; a server that
// sends more isn't believed.
func copyBounded(f io.Writer, r io.Reader, done, total int64, told func(done int64)) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		if done+int64(n) > total {
			return errRestart
		}
		if n > 0 {
			if _, werr := f.Write(buf[:n]); werr != nil {
				return ioError("write the download", werr)
			}
			done += int64(n)
			told(done)
		}
		if err == io.EOF {
			if done < total {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// checkFile compares a file with the wheel that it should be.
func checkFile(w *Wheel, path string) error {
	sum, err := hashFile(path)
	if err != nil {
		return ioError("read the package", err)
	}
	if sum == w.SHA256 {
		return nil
	}
	return sqlstate.Newf(sqlstate.DataCorrupted, "%s is not the pinned %s", path, w.File).
		WithDetail("Its SHA-256 is %s (%d bytes), expected is %s (%d bytes).", sum, size(path), w.SHA256, w.Size).
		WithHint("Another version or a damaged download can't be installed.")
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// pause waits, and tells whether ctx let it.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

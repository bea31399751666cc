package engine

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

const (
	// spillMemoryBytes is what a drained cursor keeps in memory before it uses a file.
	spillMemoryBytes = 8 << 20
	spillBufferBytes = 256 << 10
)

// spillFile is what a spill needs of a file.
type spillFile interface {
	io.ReadWriteCloser
	io.Seeker
}

// spillSpace is where the drained cursors of a database put what doesn't fit into memory.
type spillSpace struct {
	// create opens an empty file that vanishes when it is closed, or when the process dies.
	create func() (spillFile, error)
	memory int
	max    int64 // bytes in all files; 0 is no bound
	used   atomic.Int64
}

// newSpillSpace puts files into dir, which is made when the first one is needed.
func newSpillSpace(dir string, maxBytes int64) *spillSpace {
	return &spillSpace{memory: spillMemoryBytes, max: maxBytes, create: func() (spillFile, error) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		f, err := os.CreateTemp(dir, "eider-cursor-*.tmp")
		if err != nil {
			return nil, err
		}
		// Where an open file can't be removed, removing it at its end has to do.
		if os.Remove(f.Name()) != nil {
			return namedFile{f}, nil
		}
		return f, nil
	}}
}

// take books bytes of a file; give them back by adding their negative to used, also after an error.
func (s *spillSpace) take(size int64) error {
	if used := s.used.Add(size); s.max > 0 && used > s.max {
		return sqlstate.New(sqlstate.DiskFull, "no space left for temporary files").
			WithDetail("The rows of an open cursor need more than the %d bytes allowed.", s.max).
			WithHint("Fetch the cursor to its end before the next statement, or raise MaxTempBytes.")
	}
	return nil
}

type namedFile struct{ *os.File }

func (f namedFile) Close() error { return errors.Join(f.File.Close(), os.Remove(f.Name())) }

// spill keeps the rows of a drained cursor: the first ones in memory, the rest in a
// file. After add comes rewind, after that next.
type spill struct {
	space   *spillSpace
	columns []types.Column
	reader  chunkReader

	blocks  [][]byte // one chunk each
	inMem   int
	scratch []byte

	file    spillFile
	written int64
	w       *bufio.Writer
	r       *bufio.Reader
	page    []uint64 // memory of the chunk that was read last
}

func newSpill(space *spillSpace, columns []types.Column) *spill {
	return &spill{space: space, columns: columns}
}

// add copies a chunk. 53100 if the disk or the space for temporary files is full.
func (s *spill) add(chunk *types.Chunk) error {
	s.scratch = appendChunk(s.scratch[:0], chunk)
	if s.file == nil && s.inMem+len(s.scratch) <= s.space.memory {
		block := make([]uint64, len(s.scratch)/8) // aligned
		b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(block))), len(s.scratch))
		copy(b, s.scratch)
		s.blocks = append(s.blocks, b)
		s.inMem += len(b)
		return nil
	}
	if s.file == nil {
		f, err := s.space.create()
		if err != nil {
			return spillError("create", err)
		}
		s.file, s.w = f, bufio.NewWriterSize(f, spillBufferBytes)
	}
	size := int64(len(s.scratch) + 8)
	s.written += size
	if err := s.space.take(size); err != nil {
		return err
	}
	var head [8]byte
	binary.NativeEndian.PutUint64(head[:], uint64(len(s.scratch)))
	if _, err := s.w.Write(head[:]); err != nil {
		return spillError("write", err)
	}
	if _, err := s.w.Write(s.scratch); err != nil {
		return spillError("write", err)
	}
	return nil
}

// rewind ends adding.
func (s *spill) rewind() error {
	s.scratch = nil
	if s.file == nil {
		return nil
	}
	if err := s.w.Flush(); err != nil {
		return spillError("write", err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return spillError("read", err)
	}
	s.w, s.r = nil, bufio.NewReaderSize(s.file, spillBufferBytes)
	return nil
}

func (s *spill) next(ctx context.Context) (*types.Chunk, error) {
	if ctx.Err() != nil {
		return nil, errUserCancel().Because(context.Cause(ctx))
	}
	if len(s.blocks) > 0 {
		b := s.blocks[0]
		s.blocks[0] = nil // the chunk keeps it alive until the next call
		s.blocks = s.blocks[1:]
		return s.reader.read(s.columns, b), nil
	}
	if s.r == nil {
		return nil, nil
	}
	var head [8]byte
	if _, err := io.ReadFull(s.r, head[:]); err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, spillError("read", err)
	}
	size := int(binary.NativeEndian.Uint64(head[:]))
	if cap(s.page) < size/8 {
		s.page = make([]uint64, size/8)
	}
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s.page[:cap(s.page)]))), size)
	if _, err := io.ReadFull(s.r, b); err != nil {
		return nil, spillError("read", err)
	}
	return s.reader.read(s.columns, b), nil
}

func (s *spill) close() {
	if s.file != nil {
		_ = s.file.Close() // its content is not wanted any more
		s.file = nil
	}
	s.space.used.Add(-s.written)
	s.written = 0
	s.blocks, s.page, s.w, s.r = nil, nil, nil, nil
}

func spillError(what string, err error) error {
	code := sqlstate.IOError
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		code = sqlstate.DiskFull
	}
	return sqlstate.Newf(code, "could not %s temporary file: %w", what, err)
}

// values is a source of rows that Go code made.
type values struct {
	b    *types.Builder
	rows [][]any
}

// newValues checks and takes rows; they are turned into chunks as they are fetched.
func newValues(columns []types.Column, rows [][]any) (*values, error) {
	ts := make([]*types.Type, len(columns))
	for i, c := range columns {
		ts[i] = c.Type
	}
	for _, row := range rows {
		if len(row) != len(columns) {
			return nil, sqlstate.Newf(sqlstate.InternalError, "a row of %d values for %d columns", len(row), len(columns))
		}
	}
	return &values{b: types.NewBuilder(ts), rows: rows}, nil
}

func (v *values) next(ctx context.Context) (*types.Chunk, error) {
	if ctx.Err() != nil {
		return nil, errUserCancel().Because(context.Cause(ctx))
	}
	if len(v.rows) == 0 {
		return nil, nil
	}
	v.b.Reset()
	n := min(len(v.rows), types.VectorSize)
	for _, row := range v.rows[:n] {
		for i, x := range row {
			if err := v.b.Column(i).Append(x); err != nil {
				return nil, sqlstate.Newf(sqlstate.InternalError, "column %d: %w", i+1, err)
			}
		}
	}
	v.rows = v.rows[n:]
	return v.b.Chunk(), nil
}

func (v *values) close() {}

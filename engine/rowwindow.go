package engine

import (
	"bufio"
	"context"
	"io"
	"unsafe"

	"github.com/eiderdb/eider/sql/sqlstate"
	"github.com/eiderdb/eider/sql/types"
)

// rowWindow is the place of an SQL cursor among its rows: 0 is before the first, n on
// the n-th, one more than the last after it.
type rowWindow struct {
	columns []types.Column
	// read returns the query's next rows, nil at the end.
	read func(ctx context.Context) (*types.Chunk, error)
	// store keeps what was read (SCROLL); nil for a cursor that only goes forward.
	store *chunkStore

	pos int64
	// end is the number of rows once all were read, else -1: see known.
	end   int64
	known bool

	// Without a store: the rows after pos that were read but not fetched. They are a
	// copy, because the query may have to make room for another statement.
	rest   *types.Chunk
	restAt int
	owned  *types.Builder
	out    *types.Builder // what a source gives out
}

func errForwardOnly() *sqlstate.Error {
	return sqlstate.New(sqlstate.ObjectNotInPrerequisiteState, "cursor can only scan forward").
		WithHint("Declare it with SCROLL option to enable backward scan.")
}

// seek moves the window and returns the rows that lie on the way, or the one row that a
// movement to a single row ends on. The rows are read as they are fetched.
func (w *rowWindow) seek(ctx context.Context, m movement) (source, error) {
	if w.store == nil {
		return w.seekForward(ctx, m)
	}
	target := m.n
	switch {
	case m.absolute && m.n < 0:
		if err := w.readTo(ctx, allRows); err != nil {
			return nil, err
		}
		target = max(w.end+1+m.n, 0)
	case !m.absolute && !m.single && m.n != 0:
		return w.run(ctx, m.n)
	case !m.absolute:
		target = max(w.pos+m.n, 0)
	}
	// On one row, if there is one.
	if err := w.readTo(ctx, target); err != nil {
		return nil, err
	}
	if w.known {
		target = min(target, w.end+1)
	}
	w.pos = target
	if target == 0 || w.known && target > w.end {
		return &storedRows{w: w, step: 1}, nil
	}
	return &storedRows{w: w, row: target, left: 1, step: 1}, nil
}

// run passes n rows forwards, or backwards if n < 0.
func (w *rowWindow) run(ctx context.Context, n int64) (source, error) {
	if n < 0 {
		count := min(-n, max(w.pos-1, 0))
		from := w.pos - 1
		w.pos = max(w.pos+max(n, -w.pos), 0)
		return &storedRows{w: w, row: from, left: count, step: -1}, nil
	}
	to := int64(allRows)
	if n < allRows-w.pos {
		to = w.pos + n
	}
	if err := w.readTo(ctx, to); err != nil {
		return nil, err
	}
	from := w.pos
	w.pos = to
	if w.known {
		w.pos = min(to, w.end+1)
	}
	last := w.pos
	if w.known {
		last = min(last, w.end)
	}
	return &storedRows{w: w, row: from + 1, left: max(last-from, 0), step: 1}, nil
}

// readTo fills the store until it has row n or all rows.
func (w *rowWindow) readTo(ctx context.Context, n int64) error {
	for !w.known && w.store.rows < n {
		chunk, err := w.read(ctx)
		if err != nil {
			return err
		}
		if chunk == nil {
			w.known, w.end = true, w.store.rows
			return nil
		}
		if err := w.store.add(chunk); err != nil {
			return err
		}
	}
	return nil
}

// storedRows gives out rows of the store, forwards or backwards.
type storedRows struct {
	w    *rowWindow
	row  int64 // the row to come, from 1
	left int64
	step int64
}

func (s *storedRows) next(ctx context.Context) (*types.Chunk, error) {
	if ctx.Err() != nil {
		return nil, errUserCancel().Because(context.Cause(ctx))
	}
	if s.left == 0 {
		return nil, nil
	}
	if s.w.store.closed {
		return nil, sqlstate.New(sqlstate.InvalidCursorState, "the cursor was closed")
	}
	chunk, first, err := s.w.store.at(s.row)
	if err != nil {
		return nil, err
	}
	at := int(s.row - first)
	if s.step > 0 {
		n := int(min(s.left, int64(chunk.Len-at)))
		s.row, s.left = s.row+int64(n), s.left-int64(n)
		return s.w.slice(chunk, at, n), nil
	}
	out := s.w.builder()
	n := int(min(s.left, int64(at+1)))
	for i := range chunk.Columns {
		for k := range n {
			out.Column(i).AppendRange(&chunk.Columns[i], at-k, 1)
		}
	}
	s.row, s.left = s.row-int64(n), s.left-int64(n)
	return out.Chunk(), nil
}

func (s *storedRows) close() {}

func (w *rowWindow) builder() *types.Builder {
	if w.out == nil {
		w.out = newChunkBuilder(w.columns)
	}
	w.out.Reset()
	return w.out
}

func newChunkBuilder(columns []types.Column) *types.Builder {
	ts := make([]*types.Type, len(columns))
	for i, c := range columns {
		ts[i] = c.Type
	}
	return types.NewBuilder(ts)
}

// slice returns n rows of a chunk, which is itself if that is all.
func (w *rowWindow) slice(chunk *types.Chunk, at, n int) *types.Chunk {
	if at == 0 && n == chunk.Len {
		return chunk
	}
	return copyRows(w.builder(), chunk, at, n)
}

func copyRows(b *types.Builder, chunk *types.Chunk, at, n int) *types.Chunk {
	for i := range chunk.Columns {
		b.Column(i).AppendRange(&chunk.Columns[i], at, n)
	}
	out := b.Chunk()
	out.Len = n // also of a result without columns
	return out
}

// seekForward is seek of a cursor that keeps nothing.
func (w *rowWindow) seekForward(ctx context.Context, m movement) (source, error) {
	n := m.n
	if m.absolute {
		if m.n < 0 || m.n <= w.pos {
			if m.n == 0 && w.pos == 0 {
				return &forwardRows{w: w}, nil
			}
			return nil, errForwardOnly()
		}
		n = m.n - w.pos
	}
	if n < 0 || n == 0 && w.pos > 0 && !(w.known && w.pos > w.end) {
		return nil, errForwardOnly()
	}
	if (m.absolute || m.single) && n > 1 {
		skip := &forwardRows{w: w, left: n - 1}
		for {
			chunk, err := skip.next(ctx)
			if err != nil {
				return nil, err
			}
			if chunk == nil {
				break
			}
		}
		n = 1
	}
	return &forwardRows{w: w, left: n}, nil
}

// forwardRows gives out the next rows of a cursor that keeps nothing.
type forwardRows struct {
	w    *rowWindow
	left int64
}

func (f *forwardRows) next(ctx context.Context) (*types.Chunk, error) {
	w := f.w
	if ctx.Err() != nil {
		return nil, errUserCancel().Because(context.Cause(ctx))
	}
	if f.left == 0 || w.known && w.rest == nil {
		f.left = 0
		return nil, nil
	}
	if w.rest != nil {
		n := int(min(f.left, int64(w.rest.Len-w.restAt)))
		out := w.slice(w.rest, w.restAt, n)
		w.pos, f.left, w.restAt = w.pos+int64(n), f.left-int64(n), w.restAt+n
		if w.restAt == w.rest.Len {
			w.rest = nil
		}
		return out, nil
	}
	chunk, err := w.read(ctx)
	if err != nil {
		return nil, err
	}
	if chunk == nil {
		w.known, w.end = true, w.pos
		w.pos, f.left = w.pos+1, 0
		return nil, nil
	}
	n := int(min(f.left, int64(chunk.Len)))
	w.pos, f.left = w.pos+int64(n), f.left-int64(n)
	if n == chunk.Len {
		return chunk, nil
	}
	if w.owned == nil {
		w.owned = newChunkBuilder(w.columns)
	}
	w.owned.Reset()
	w.rest, w.restAt = copyRows(w.owned, chunk, n, chunk.Len-n), 0
	return w.slice(chunk, 0, n), nil
}

func (f *forwardRows) close() {}

// chunkStore keeps chunks for access in any order: the first ones in memory, the rest in a file.
type chunkStore struct {
	space   *spillSpace
	columns []types.Column
	blocks  []storedBlock
	rows    int64
	inMem   int
	scratch []byte
	file    spillFile
	w       *bufio.Writer
	size    int64
	closed  bool

	page   []uint64
	loaded int // index of the block in page, plus one
	reader chunkReader
	chunk  *types.Chunk
}

// storedBlock is one chunk: in memory, or size bytes of the file.
type storedBlock struct {
	first  int64 // its first row, from 1
	memory []byte
	offset int64
	size   int
}

// add copies a chunk. 53100 if the disk or the space for temporary files is full.
func (s *chunkStore) add(chunk *types.Chunk) error {
	s.scratch = appendChunk(s.scratch[:0], chunk)
	b := storedBlock{first: s.rows + 1, size: len(s.scratch)}
	if s.file == nil && s.inMem+len(s.scratch) <= s.space.memory {
		b.memory = append([]byte(nil), s.scratch...)
		s.inMem += len(b.memory)
	} else {
		if s.file == nil {
			f, err := s.space.create()
			if err != nil {
				return spillError("create", err)
			}
			s.file, s.w = f, bufio.NewWriterSize(f, spillBufferBytes)
		}
		b.offset = s.size
		s.size += int64(len(s.scratch))
		if err := s.space.take(int64(len(s.scratch))); err != nil {
			return err
		}
		if _, err := s.w.Write(s.scratch); err != nil {
			return spillError("write", err)
		}
	}
	s.blocks = append(s.blocks, b)
	s.rows += int64(chunk.Len)
	return nil
}

// at returns the chunk that holds a row, and the number of its first row. The chunk is
// valid until the next call.
func (s *chunkStore) at(row int64) (*types.Chunk, int64, error) {
	i := s.find(row)
	b := s.blocks[i]
	if s.loaded == i+1 {
		return s.chunk, b.first, nil
	}
	s.loaded = 0
	if words := (b.size + 7) / 8; cap(s.page) < words {
		s.page = make([]uint64, words)
	}
	page := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s.page[:cap(s.page)]))), b.size)
	if b.memory != nil {
		copy(page, b.memory) // reading a block changes it
	} else if err := s.load(b, page); err != nil {
		return nil, 0, err
	}
	s.chunk = s.reader.read(s.columns, page)
	s.loaded = i + 1
	return s.chunk, b.first, nil
}

// find returns the index of the block that holds a row.
func (s *chunkStore) find(row int64) int {
	lo, hi := 0, len(s.blocks)-1
	for lo < hi {
		if mid := (lo + hi + 1) / 2; s.blocks[mid].first <= row {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

func (s *chunkStore) load(b storedBlock, page []byte) error {
	if err := s.w.Flush(); err != nil {
		return spillError("write", err)
	}
	if _, err := s.file.Seek(b.offset, io.SeekStart); err != nil {
		return spillError("read", err)
	}
	if _, err := io.ReadFull(s.file, page); err != nil {
		return spillError("read", err)
	}
	if _, err := s.file.Seek(0, io.SeekEnd); err != nil {
		return spillError("read", err)
	}
	return nil
}

func (s *chunkStore) close() {
	if s.file != nil {
		_ = s.file.Close() // its content is not wanted any more
		s.file = nil
	}
	s.space.used.Add(-s.size)
	s.size, s.blocks, s.page, s.closed = 0, nil, nil, true
}

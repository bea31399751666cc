package predict

import (
	"container/list"
	"context"
	"sync"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/artifact"
	"github.com/eiderdb/eider/functions/model/transform"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// Loader reads artifacts as they are committed.
type Loader interface {
	// Artifact returns the bytes of a hash, nil if there are none.
	Artifact(ctx context.Context, hash string) ([]byte, error)
}

// maxIdleBytes bounds the artifacts that are kept opened although no plan needs them.
const maxIdleBytes = 256 << 20

// Cache keeps opened models by hash: one that a plan needs stays, of the others those that
// were used last, up to maxIdleBytes of artifacts. It is safe for use by several goroutines.
type Cache struct {
	loader     Loader
	algorithms map[string]*model.Algorithm

	mu        sync.Mutex // guards what follows, and refs of the models
	models    map[string]*opened
	idle      list.List // of *opened without refs, the last used first
	idleBytes int
}

// opened is a model in the cache.
type opened struct {
	hash   string
	bytes  int
	refs   int
	idle   *list.Element
	loaded chan struct{} // closed when scorer or err is set
	scorer *artifact.Scorer
	err    error
	parsed parsed
}

// parsed is the program that was last asked for with a model: versions that share one are rare.
type parsed struct {
	mu      sync.Mutex // guards what follows
	text    string
	program *transform.Program
}

// NewCache returns an empty cache.
func NewCache(l Loader, algorithms []*model.Algorithm) *Cache {
	c := &Cache{loader: l, algorithms: map[string]*model.Algorithm{}, models: map[string]*opened{}}
	for _, a := range algorithms {
		c.algorithms[a.Name] = a
	}
	return c
}

// Handle holds an opened model until it is released.
type Handle struct {
	Scorer *artifact.Scorer
	parsed *parsed
	free   func()
	once   sync.Once
}

// program parses a program, or takes the one that was parsed last.
func (h *Handle) program(text string) (*transform.Program, error) {
	h.parsed.mu.Lock()
	defer h.parsed.mu.Unlock()
	if h.parsed.program != nil && h.parsed.text == text {
		return h.parsed.program, nil
	}
	p, err := transform.ParseProgram(text)
	if err == nil {
		h.parsed.text, h.parsed.program = text, p
	}
	return p, err
}

// Release gives the model back. Later calls do nothing.
func (h *Handle) Release() {
	if h.free != nil {
		h.once.Do(h.free)
	}
}

// Acquire returns the model of a hash, loading it if need be; several who want the same one
// wait for one load. A hash that no committed artifact has is 42704.
func (c *Cache) Acquire(ctx context.Context, hash string) (*Handle, error) {
	c.mu.Lock()
	o := c.models[hash]
	mine := o == nil
	if mine {
		o = &opened{hash: hash, loaded: make(chan struct{})}
		c.models[hash] = o
	}
	o.refs++
	c.use(o)
	c.mu.Unlock()
	if mine {
		c.open(ctx, o)
		close(o.loaded)
	}
	select {
	case <-o.loaded:
	case <-ctx.Done():
		c.release(o)
		return nil, context.Cause(ctx)
	}
	if o.err != nil {
		c.release(o)
		if !mine && ctx.Err() == nil && sqlstate.Is(o.err, sqlstate.QueryCanceled) {
			return c.Acquire(ctx, hash) // who loaded it gave up
		}
		return nil, o.err
	}
	return &Handle{Scorer: o.scorer, parsed: &o.parsed, free: func() { c.release(o) }}, nil
}

// open loads a model that is in the map already.
func (c *Cache) open(ctx context.Context, o *opened) {
	var data []byte
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		o.bytes = len(data)
		if o.err != nil && c.models[o.hash] == o {
			delete(c.models, o.hash) // tried again by whoever asks next
		}
	}()
	if data, o.err = c.loader.Artifact(ctx, o.hash); o.err != nil {
		return
	}
	if data == nil {
		o.err = sqlstate.Newf(sqlstate.UndefinedObject, "there is no model with the artifact %s", shorten(o.hash))
		return
	}
	if artifact.Hash(data) != o.hash {
		o.err = sqlstate.Newf(sqlstate.DataCorrupted, "the artifact %s is damaged: its bytes have another hash", shorten(o.hash))
		return
	}
	o.scorer, o.err = artifact.Open(data, c.algorithms)
}

// shorten cuts what may be no hash at all.
func shorten(hash string) string {
	const shown = 64
	if len(hash) > shown {
		return hash[:shown] + "…"
	}
	return hash
}

// use takes a model off the idle ones; mu is held.
func (c *Cache) use(o *opened) {
	if o.idle != nil {
		c.idle.Remove(o.idle)
		c.idleBytes -= o.bytes
		o.idle = nil
	}
}

func (c *Cache) release(o *opened) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.refs--; o.refs == 0 && c.models[o.hash] == o {
		c.rest(o)
	}
}

// rest makes a model idle and forgets the oldest idle ones beyond the bound; mu is held.
func (c *Cache) rest(o *opened) {
	o.idle = c.idle.PushFront(o)
	c.idleBytes += o.bytes
	for c.idleBytes > maxIdleBytes {
		last := c.idle.Remove(c.idle.Back()).(*opened)
		c.idleBytes -= last.bytes
		last.idle = nil
		delete(c.models, last.hash)
	}
}

// Has tells whether the model of a hash is in the cache.
func (c *Cache) Has(hash string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.models[hash] != nil
}

// Owned is a model of a transaction that isn't committed.
type Owned struct {
	cache *Cache
	hash  string
	data  []byte

	once   sync.Once
	scorer *artifact.Scorer
	err    error
	parsed parsed
}

// Own takes the bytes of a model for one transaction only. data is not to be written any more.
func (c *Cache) Own(hash string, data []byte) *Owned { return &Owned{cache: c, hash: hash, data: data} }

// Acquire opens the model at the first call.
func (o *Owned) Acquire() (*Handle, error) {
	o.once.Do(func() { o.scorer, o.err = artifact.Open(o.data, o.cache.algorithms) })
	if o.err != nil {
		return nil, o.err
	}
	return &Handle{Scorer: o.scorer, parsed: &o.parsed}, nil
}

// Publish gives the model to everybody, because its transaction was committed. What was never
// opened is left to be loaded.
func (o *Owned) Publish() {
	if o.scorer == nil {
		return
	}
	c := o.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.models[o.hash] != nil || len(o.data) > maxIdleBytes {
		return
	}
	m := &opened{hash: o.hash, bytes: len(o.data), scorer: o.scorer, loaded: make(chan struct{})}
	close(m.loaded)
	c.models[o.hash] = m
	c.rest(m)
}

package engine

import (
	"context"
	"time"

	"github.com/eiderdb/eider/sql/lex"
	sourcestmt "github.com/eiderdb/eider/sql/stmt/source"
	"github.com/eiderdb/eider/sql/types"
	"github.com/eiderdb/eider/storage/duck"
)

// follower keeps a started source up to date: a goroutine with a session of its own that refreshes
// it again and again, until stop is called.
type follower struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// stop ends the follower and waits until it is gone.
func (f *follower) stop() {
	f.cancel()
	<-f.done
}

// maxFollowPause bounds the pause after errors.
const maxFollowPause = time.Minute

// follow starts to keep a source up to date, if nobody does yet.
func (db *DB) follow(src *sourcestmt.Stored) {
	b := &db.sources
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.followers[src.ID] != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{cancel, make(chan struct{})}
	if b.followers == nil {
		b.followers = map[string]*follower{}
	}
	b.followers[src.ID] = f
	go func() {
		defer close(f.done)
		db.runFollower(ctx, src)
	}()
}

// unfollow stops a source's follower. It tells whether there was one.
func (db *DB) unfollow(id string) bool {
	b := &db.sources
	b.mu.Lock()
	f := b.followers[id]
	delete(b.followers, id)
	b.mu.Unlock()
	if f != nil {
		f.stop()
	}
	return f != nil
}

// stopFollowers ends all followers and lets no other begin.
func (db *DB) stopFollowers() {
	b := &db.sources
	b.mu.Lock()
	b.closed = true
	all := b.followers
	b.followers = nil
	b.mu.Unlock()
	for _, f := range all {
		f.cancel()
	}
	for _, f := range all {
		<-f.done
	}
}

// runFollower refreshes the source until ctx ends. Errors are in eider.sources already; they only
// lengthen the pause.
func (db *DB) runFollower(ctx context.Context, src *sourcestmt.Stored) {
	micros, _ := src.Spec.Setting("batch_interval").(int64)
	every := time.Duration(micros) * time.Microsecond
	pause := every
	for {
		err := db.refreshOnce(ctx, src)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			db.log.Warn("source not refreshed", "source", src.Key(), "error", err)
			pause = min(max(2*pause, time.Second), max(maxFollowPause, every))
		default:
			pause = every
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// refreshOnce refreshes a source in a session of its own, with the rights of its owner.
func (db *DB) refreshOnce(ctx context.Context, src *sourcestmt.Stored) error {
	s, err := db.NewSession(ctx, SessionOptions{User: src.Owner, ApplicationName: "eider source " + src.Key()})
	if err != nil {
		return err
	}
	s.follows = true
	_, err = s.Exec(ctx, "REFRESH SOURCE "+lex.QuoteIdent(src.Schema)+"."+lex.QuoteIdent(src.Name))
	if closed := s.Close(); err == nil {
		err = closed
	}
	return err
}

// FollowSource implements sourcestmt.Session.
func (v statementSession) FollowSource(_ context.Context, src *sourcestmt.Stored, follow bool) error {
	s := v.s
	if follow {
		s.tx.onCommit = append(s.tx.onCommit, func() { s.db.follow(src) })
		return nil
	}
	// It ends now, so that it holds nothing that this transaction is to change, and with the
	// transaction, in case that it was started in it.
	s.tx.onCommit = append(s.tx.onCommit, func() { s.db.unfollow(src.ID) })
	if s.db.unfollow(src.ID) {
		s.tx.onRollback = append(s.tx.onRollback, func() { s.db.follow(src) })
	}
	return nil
}

// resumeSources starts the followers of the sources that were started when the database was closed.
func (db *DB) resumeSources(ctx context.Context, conn *duck.Conn) error {
	if db.opts.ReadOnly || len(db.opts.Builtins.Sources) == 0 {
		return nil
	}
	started, err := sourcestmt.LoadStarted(ctx, probe{conn}, db.opts.Builtins.Sources)
	if err != nil {
		return err
	}
	for _, src := range started {
		db.follow(src)
	}
	return nil
}

// lagTimeout bounds the look at what waits.
const lagTimeout = 2 * time.Second

// sourceScalars are what eider.sources asks.
func (db *DB) sourceScalars() []duck.Scalar {
	text := []*types.Type{types.Of(types.Varchar)}
	return []duck.Scalar{
		db.sourceFailedScalar(),
		{Name: "eider_source_active", Params: text, Returns: types.Of(types.Boolean), Volatile: true, Func: func(_ any, in *types.Chunk, out *duck.Writer) error {
			res := types.Slice[bool](out.Vector())
			for i := range in.Len {
				res[i] = in.Columns[0].Valid(i) && db.sources.active(string(in.Columns[0].Bytes(i)))
			}
			return nil
		}},
		{Name: "eider_source_lag", Params: text, Returns: types.Of(types.BigInt), Volatile: true, Func: func(_ any, in *types.Chunk, out *duck.Writer) error {
			res := types.Slice[int64](out.Vector())
			for i := range in.Len {
				n, ok := int64(0), false
				if in.Columns[0].Valid(i) {
					n, ok = db.lagOf(string(in.Columns[0].Bytes(i)))
				}
				if res[i] = n; !ok {
					out.SetNull(i)
				}
			}
			return nil
		}},
	}
}

// lagOf counts what waits in a source, by what is committed. False where that isn't known.
func (db *DB) lagOf(id string) (int64, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), lagTimeout)
	defer cancel()
	n, ok, err := db.lag(ctx, id)
	if err != nil {
		db.log.Debug("lag of a source not known", "id", id, "error", err)
	}
	return n, ok && err == nil
}

func (db *DB) lag(ctx context.Context, id string) (int64, bool, error) {
	src, err := sourcestmt.LoadID(ctx, &db.committed, db.opts.Builtins.Sources, id)
	if err != nil || src == nil || src.Driver.Lag == nil {
		return 0, false, err
	}
	c := src.Spec.Config(src.Driver)
	c.DB = &db.committed
	if c.Positions, err = readPositions(ctx, &db.committed, id); err != nil {
		return 0, false, err
	}
	return src.Driver.Lag(ctx, c)
}

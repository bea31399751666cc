package engine

import (
	"context"

	"github.com/eiderdb/eider/sql/classify"
)

// plan turns a statement into an operation: one method a group, in the file named by it.
func (s *Session) plan(ctx context.Context, q *query) (operation, error) {
	if op, err := s.planOurs(ctx, q); op != nil || err != nil {
		return op, err
	}
	switch q.class.Group {
	case classify.Transaction:
		return s.planTransaction(ctx, q)
	case classify.Session:
		return s.planSetting(ctx, q)
	case classify.Cursor:
		return s.planCursor(ctx, q)
	case classify.Prepared:
		return s.planPrepared(ctx, q)
	case classify.Notify:
		return s.planNotify(ctx, q)
	case classify.Copy:
		if isClientCopy(q.class) {
			return s.planCopy(ctx, q)
		}
	case classify.Explain:
		if op, err := s.planExplain(ctx, q); op != nil || err != nil {
			return op, err
		}
	case classify.Define:
		if err := s.sparesFeatureViews(ctx, q); err != nil {
			return nil, err
		}
		if err := s.sparesSources(ctx, q); err != nil {
			return nil, err
		}
		if op := s.planDrop(q); op != nil {
			return op, nil
		}
		if op := s.planAlter(q); op != nil {
			return op, nil
		}
	}
	return s.planPlain(ctx, q)
}

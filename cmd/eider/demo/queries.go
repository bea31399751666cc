package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/eiderdb/eider/cmd/eider/shell"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// mistakes shows errors on purpose and checks code and position.
func (d *demo) mistakes(ctx context.Context) error {
	return d.with(ctx, func(b shell.Backend) error {
		for _, m := range []struct{ text, code, word string }{
			{"SELECT carier, count(*) FROM raw_flights GROUP BY 1", "42703", "carier"},
			{"SELECT count(*) FROM raw_flight", "42P01", "raw_flight"},
			{"SELECT 1 +", "42601", ""},
		} {
			_, err := d.ask(ctx, b, m.text)
			var e *sqlstate.Error
			if !errors.As(err, &e) {
				return fmt.Errorf("%s: got %w, want an error with SQLSTATE %s", m.text, err, m.code)
			}
			for line := range strings.SplitSeq(shell.Explain(e, m.text, 0, 100), "\n") {
				d.say("   %s", line)
			}
			if err := d.check("SQLSTATE of "+m.text, string(e.Code), m.code); err != nil {
				return err
			}
			if m.word != "" {
				if err := d.check("position in "+m.text, e.Position, strings.Index(m.text, m.word)+1); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

package demo

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/eiderdb/eider/cmd/eider/shell"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// departures is what is known two hours before a departure by the timetable alone.
const departures = `CREATE VIEW departures AS
SELECT arr_delay > 30 AS late, carrier, origin, dest, hour, month, distance, time_hour
FROM flights WHERE arr_delay IS NOT NULL`

const trainLate = `TRAIN MODEL late TARGET late USING logistic
  SPLIT BY TIME time_hour HOLDOUT 0.2 GAP INTERVAL 7 DAY
AS SELECT * FROM departures`

func (d *demo) models(ctx context.Context) error {
	return d.with(ctx, func(b shell.Backend) error {
		if _, err := d.ask(ctx, b, departures); err != nil {
			return err
		}
		if err := d.do(ctx, b, trainLate); err != nil {
			return err
		}
		metrics, err := d.ask(ctx, b, `SELECT metric, round(value, 4) AS value, round(ci_low, 4) AS ci_low, round(ci_high, 4) AS ci_high, round(baseline, 4) AS baseline, n
FROM eider.metrics WHERE model = 'late' AND metric IN ('auc', 'log_loss', 'brier') ORDER BY metric`)
		if err != nil {
			return err
		}
		if _, err := d.ask(ctx, b, "EXPLAIN MODEL late"); err != nil {
			return err
		}
		if err := d.check("metrics", len(metrics), 3); err != nil {
			return err
		}
		value, err := strconv.ParseFloat(metrics[0][1], 64)
		if err != nil {
			return err
		}
		if value < 0.62 || value > 0.70 {
			return fmt.Errorf("the model's AUC on the last weeks is %g, expected about 0.64", value)
		}
		d.checks++
		if err := d.lateBoard(ctx, b); err != nil {
			return err
		}
		return d.trial(ctx, b)
	})
}

// lateBoard predicts in a view and compares with what happened.
func (d *demo) lateBoard(ctx context.Context, b shell.Backend) error {
	if _, err := d.ask(ctx, b, `CREATE VIEW board AS
SELECT carrier, origin, dest, hour, month, late, predict_proba('late', t)['true'] AS risk FROM departures t`); err != nil {
		return err
	}
	rows, err := d.ask(ctx, b, `SELECT ntile AS fifth, count(*) AS flights, round(avg(risk), 3) AS predicted, round(avg(late::INTEGER), 3) AS observed
FROM (SELECT risk, late, ntile(5) OVER (ORDER BY risk) AS ntile FROM board WHERE month = 12) GROUP BY ntile ORDER BY ntile`)
	if err != nil {
		return err
	}
	if err := d.check("fifths by risk", len(rows), 5); err != nil {
		return err
	}
	return d.check("the riskiest fifth is late more often", rows[4][3] > rows[0][3], true)
}

// trial trains in a transaction that is rolled back: nothing of the model stays.
func (d *demo) trial(ctx context.Context, b shell.Backend) error {
	for _, text := range []string{"BEGIN", "TRAIN MODEL trial TARGET late USING logistic AS SELECT late, hour FROM departures",
		"SELECT count(*) FROM departures t WHERE predict('trial', t) IS NOT NULL", "ROLLBACK"} {
		if err := d.do(ctx, b, text); err != nil {
			return err
		}
	}
	_, err := d.ask(ctx, b, "SELECT predict('trial', t) FROM departures t")
	var e *sqlstate.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("a model that was rolled back still predicts (%w)", err)
	}
	d.say("   %s", e.Error())
	return d.check("SQLSTATE of a model that was rolled back", e.Code, sqlstate.UndefinedObject)
}

package lightgbm

/*
#include <stdlib.h>
#include "api.h"
*/
import "C"

import (
	"context"
	"math"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/boost"
	"github.com/eiderdb/eider/functions/model/nativelib"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// calls guards the library's global number of threads. It belongs to the library, of
// which there is one in a process.
var calls gate

// train learns on a thread of its own that ends with it: the library's worker threads
// belong to the thread that called and end with it.
func train(ctx context.Context, job *model.Job) (*model.Fitted, error) {
	if err := library.Open(); err != nil {
		return nil, err
	}
	if err := checkJob(job); err != nil {
		return nil, err
	}
	if err := nativelib.CheckRoom("lightgbm", need(job)); err != nil {
		return nil, err
	}
	if err := calls.enter(ctx, job.Threads); err != nil {
		return nil, err
	}
	defer calls.leave()
	return boost.OnThread(func() (*model.Fitted, error) { return learn(ctx, job) })
}

// need estimates the bytes that the library takes at least: the bins of both inputs, its
// sample of values, labels, scores, gradients and two lists of rows.
func need(job *model.Job) uint64 {
	rows, cols, trees := uint64(job.Train.X.Rows), uint64(len(job.Train.X.Cols)), uint64(max(1, job.Train.Classes-1))
	if job.Stop != nil {
		rows += uint64(job.Stop.X.Rows)
	}
	bin := uint64(1)
	if job.Params.Int("max_bin") > 255 {
		bin = 2
	}
	sample := min(rows, 200_000) * cols * 12
	return max(sample, rows*(16*trees+12)) + rows*cols*bin
}

// checkJob refuses what the library would, before it does so in other words.
func checkJob(job *model.Job) error {
	loss := boost.Loss{Name: lossOf(job.Task, job.Train.Classes, job.Params.Text("objective")).name, Least: boost.AnyTarget()}
	switch loss.Name {
	case "poisson", "tweedie":
		loss.Least, loss.SomePositive = 0, true
	case "gamma":
		loss.Least, loss.Positive = 0, true
	case "binary":
		loss.TwoClasses = true
	}
	if job.Train.X.Rows > math.MaxInt32 {
		return sqlstate.Newf(sqlstate.ProgramLimitExceeded, "lightgbm learns from at most %d rows", math.MaxInt32)
	}
	return boost.Check(job, model.Limits{TakesMissing: true}, loss)
}

// booster is the library's model in training with what must be freed behind it.
type booster struct {
	handle      unsafe.Pointer
	train, stop unsafe.Pointer
}

func (b *booster) free() {
	if b.handle != nil {
		C.lgb_free(b.handle)
	}
	for _, d := range []unsafe.Pointer{b.stop, b.train} {
		if d != nil {
			C.lgb_dataset_free(d)
		}
	}
}

func learn(ctx context.Context, job *model.Job) (*model.Fitted, error) {
	if err := failure(C.lgb_quiet()); err != nil {
		return nil, err
	}
	config := C.CString(settings(job))
	defer C.free(unsafe.Pointer(config))
	b := &booster{}
	defer b.free()
	var err error
	if b.train, err = dataset(job.Train, config, nil); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := failure(C.lgb_create(b.train, config, &b.handle)); err != nil {
		return nil, err
	}
	patience := boost.Patience(job)
	if patience > 0 {
		if b.stop, err = dataset(*job.Stop, config, b.train); err != nil {
			return nil, err
		}
		if err := failure(C.lgb_add_stop(b.handle, b.stop)); err != nil {
			return nil, err
		}
	}
	metric := job.Params.Text("metric")
	rounds := boost.Rounds{Most: job.Params.Int("num_iterations"), Patience: patience, GreaterIsBetter: metric == "auc" || metric == "average_precision", Progress: job.Progress}
	kept, notes, err := rounds.Run(ctx, b)
	if err != nil {
		return nil, err
	}
	blob, err := b.save(kept)
	if err != nil {
		return nil, err
	}
	return &model.Fitted{Blob: blob, Rounds: kept, Notes: notes}, nil
}

// dataset makes the library's compressed copy of an input; it reads the columns in place.
func dataset(in model.Input, config *C.char, ref unsafe.Pointer) (unsafe.Pointer, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	list := C.calloc(C.size_t(len(in.X.Cols)), C.size_t(unsafe.Sizeof(uintptr(0))))
	defer C.free(list)
	for k, col := range in.X.Cols {
		pinner.Pin(&col[0])
		unsafe.Slice((**C.double)(list), len(in.X.Cols))[k] = (*C.double)(&col[0])
	}
	y, w := narrow(in.Y), narrow(in.Weight)
	var out unsafe.Pointer
	err := failure(C.lgb_dataset((**C.double)(list), C.int64_t(in.X.Rows), C.int64_t(len(in.X.Cols)),
		(*C.float)(unsafe.SliceData(y)), (*C.float)(unsafe.SliceData(w)), config, ref, &out))
	return out, err
}

// narrow returns what the library keeps of labels and weights; nil of nil.
func narrow(values []float64) []float32 {
	if values == nil {
		return nil
	}
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}

// settings is the library's configuration of a job.
func settings(job *model.Job) string {
	p := job.Params
	loss := lossOf(job.Task, job.Train.Classes, p.Text("objective"))
	metric := p.Text("metric")
	if metric == "auto" {
		metric = loss.metric
	}
	out := []string{
		"verbosity=-1", "num_threads=" + strconv.Itoa(job.Threads), "seed=" + strconv.Itoa(seed(job.Seed)),
		"deterministic=true", "force_col_wise=true", "boosting=gbdt", "objective=" + loss.name, "metric=" + metric,
	}
	for _, name := range []string{"num_leaves", "max_depth", "min_data_in_leaf", "bagging_freq", "max_bin", "min_data_in_bin"} {
		out = append(out, name+"="+strconv.Itoa(p.Int(name)))
	}
	for _, name := range []string{
		"learning_rate", "min_sum_hessian_in_leaf", "min_gain_to_split", "lambda_l1", "lambda_l2", "bagging_fraction", "feature_fraction", "feature_fraction_bynode", "path_smooth",
	} {
		out = append(out, name+"="+boost.Number(p.Float(name)))
	}
	out = append(out, "extra_trees="+strconv.FormatBool(p.Bool("extra_trees")))
	switch loss.name {
	case "binary":
		out = append(out, "scale_pos_weight="+boost.Number(p.Float("scale_pos_weight")))
	case "multiclass":
		out = append(out, "num_class="+strconv.Itoa(job.Train.Classes))
	case "tweedie":
		out = append(out, "tweedie_variance_power="+boost.Number(p.Float("tweedie_variance_power")))
	case "quantile":
		out = append(out, "alpha="+boost.Number(p.Float("alpha")))
	}
	if list := boost.Constraints(p); list != "" {
		out = append(out, "monotone_constraints="+list)
	}
	return strings.Join(out, " ")
}

// seed folds a seed into the range of the library's: small ones stay what they are.
func seed(s int64) int { return int((uint64(s) ^ uint64(s)>>31) & math.MaxInt32) }

// Round implements boost.Booster.
func (b *booster) Round(int) (bool, error) {
	var finished C.int
	err := failure(C.lgb_update(b.handle, &finished))
	return finished == 0, err
}

// Score implements boost.Booster.
func (b *booster) Score(int) (float64, error) {
	var v C.double
	err := failure(C.lgb_eval(b.handle, &v))
	return float64(v), err
}

// save writes the first rounds of the model in the library's text format, without what
// depends on the machine.
func (b *booster) save(rounds int) ([]byte, error) {
	var data *C.char
	var size C.int64_t
	if err := failure(C.lgb_save(b.handle, C.int(rounds), &data, &size)); err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(data))
	return canonical(C.GoString(data)), nil
}

// canonical drops the number of threads from the parameters behind a model's trees, and
// blank lines at its end.
func canonical(text string) []byte {
	out := make([]byte, 0, len(text))
	for line := range strings.Lines(strings.TrimRight(text, "\x00\n") + "\n") {
		if !strings.HasPrefix(line, "[num_threads:") {
			out = append(out, line...)
		}
	}
	return out
}

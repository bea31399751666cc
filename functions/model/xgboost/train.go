package xgboost

/*
#include <stdlib.h>
#include "api.h"
*/
import "C"

import (
	"bytes"
	"context"
	"math"
	"strconv"
	"sync/atomic"
	"unsafe"

	"github.com/eiderdb/eider/functions/model"
	"github.com/eiderdb/eider/functions/model/boost"
	"github.com/eiderdb/eider/functions/model/nativelib"
)

const (
	// batchRows is how many rows the library reads before it looks whether to stop.
	batchRows = 1 << 17
	// exactRows is the number of rows from which on the bins are cut by cutsOf: the library's sketches then forget enough
	// for their cuts to depend on how the rows are divided.
	exactRows = 1 << 17
)

func train(ctx context.Context, job *model.Job) (*model.Fitted, error) {
	return trainIn(ctx, job, batchRows, exactRows)
}

// trainIn learns on a thread of its own that ends with it: the library's random numbers are
// kept a thread, and its worker threads belong to the thread that called and end with it.
func trainIn(ctx context.Context, job *model.Job, batch, exact int) (*model.Fitted, error) {
	if err := library.Open(); err != nil {
		return nil, err
	}
	if err := checkJob(job); err != nil {
		return nil, err
	}
	if err := nativelib.CheckRoom("xgboost", need(job)); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fitted, err := boost.OnThread(func() (*model.Fitted, error) { return learn(ctx, job, batch, exact) })
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return fitted, err
}

// need estimates the bytes that the library takes at least: the bins of both inputs by row
// and by column, labels, predictions, gradients and a list of rows.
func need(job *model.Job) uint64 {
	rows, cols, trees := uint64(job.Train.X.Rows), uint64(len(job.Train.X.Cols)), uint64(max(1, job.Train.Classes-1))
	if job.Stop != nil {
		rows += uint64(job.Stop.X.Rows)
	}
	bin := uint64(1)
	if job.Params.Int("max_bin") > 256 {
		bin = 2
	}
	return rows*cols*2*bin + rows*(12*trees+12)
}

// checkJob refuses what the library would, before it does so in other words.
func checkJob(job *model.Job) error {
	loss := boost.Loss{Name: lossOf(job.Task, job.Train.Classes, job.Params.Text("objective")), Least: boost.AnyTarget()}
	switch loss.Name {
	case "count:poisson", "reg:tweedie":
		loss.Least = 0
	case "reg:gamma":
		loss.Least, loss.Positive = 0, true
	case "binary:logistic":
		loss.TwoClasses = true
	}
	return boost.Check(job, model.Limits{TakesMissing: true, Largest: math.MaxFloat32}, loss)
}

// booster is the library's model in training with what must be freed behind it.
type booster struct {
	handle      unsafe.Pointer
	train, stop unsafe.Pointer
}

func (b *booster) free() {
	if b.handle != nil {
		C.xgb_free(b.handle)
	}
	for _, m := range []unsafe.Pointer{b.stop, b.train} {
		if m != nil {
			C.xgb_matrix_free(m)
		}
	}
}

func learn(ctx context.Context, job *model.Job, batch, exact int) (*model.Fitted, error) {
	if err := failure(C.xgb_quiet()); err != nil {
		return nil, err
	}
	b := &booster{}
	defer b.free()
	var err error
	if b.train, err = trainMatrix(ctx, job, batch, exact); err != nil {
		return nil, err
	}
	patience := boost.Patience(job)
	if patience > 0 {
		if b.stop, err = matrix(ctx, job, *job.Stop, batch, b.train); err != nil {
			return nil, err
		}
	}
	matrices := (*unsafe.Pointer)(C.malloc(C.size_t(unsafe.Sizeof(uintptr(0)))))
	*matrices = b.train
	err = failure(C.xgb_create(matrices, 1, &b.handle))
	C.free(unsafe.Pointer(matrices))
	if err != nil {
		return nil, err
	}
	for _, s := range settings(job) {
		if err := setParam(b.handle, s[0], s[1]); err != nil {
			return nil, err
		}
	}
	metric := job.Params.Text("eval_metric")
	rounds := boost.Rounds{Most: job.Params.Int("rounds"), Patience: patience, GreaterIsBetter: metric == "auc" || metric == "aucpr", Progress: job.Progress}
	kept, notes, err := rounds.Run(ctx, b)
	if err != nil {
		return nil, err
	}
	if patience > 0 {
		if err := b.keep(kept); err != nil {
			return nil, err
		}
	}
	blob, err := b.save()
	if err != nil {
		return nil, err
	}
	return &model.Fitted{Blob: blob, Rounds: kept, Notes: notes}, nil
}

// trainMatrix makes the matrix of the training rows. From exact rows on, where no row weighs more than another, its
// cuts are exact quantiles.
func trainMatrix(ctx context.Context, job *model.Job, batch, exact int) (unsafe.Pointer, error) {
	if job.Train.Weight != nil || job.Train.X.Rows < exact {
		return matrix(ctx, job, job.Train, batch, nil)
	}
	cols, err := cutsOf(ctx, job.Train.X.Cols, job.Train.X.Rows, job.Params.Int("max_bin"), job.Threads)
	if err != nil {
		return nil, err
	}
	rows := len(cols[0])
	cuts, err := matrix(ctx, job, model.Input{X: model.Matrix{Cols: cols, Rows: rows}, Y: make([]float64, rows)}, batch, nil)
	if err != nil {
		return nil, err
	}
	defer C.xgb_matrix_free(cuts)
	return matrix(ctx, job, job.Train, batch, cuts)
}

// matrix makes the library's compressed copy of an input; it reads the columns in place.
func matrix(ctx context.Context, job *model.Job, in model.Input, batch int, ref unsafe.Pointer) (unsafe.Pointer, error) {
	t := newTable(in.X.Cols, in.X.Rows, in.Y, in.Weight)
	defer t.release()
	stop := (*int32)(C.calloc(1, 4))
	defer C.free(unsafe.Pointer(stop))
	watched := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		atomic.StoreInt32(stop, 1)
		close(watched)
	})
	var out unsafe.Pointer
	err := failure(C.xgb_matrix(t.c, C.uint64_t(batch), C.int(job.Params.Int("max_bin")), C.int(job.Threads), ref, (*C.int)(unsafe.Pointer(stop)), &out))
	if !unwatch() {
		<-watched // it still writes to stop
	}
	if err == nil && ctx.Err() != nil {
		C.xgb_matrix_free(out)
		return nil, ctx.Err()
	}
	return out, err
}

// settings are the library's parameters of a job.
func settings(job *model.Job) [][2]string {
	p := job.Params
	loss := lossOf(job.Task, job.Train.Classes, p.Text("objective"))
	out := [][2]string{
		{"verbosity", "0"}, {"nthread", strconv.Itoa(job.Threads)}, {"seed", strconv.FormatInt(job.Seed, 10)},
		{"booster", "gbtree"}, {"tree_method", "hist"}, {"device", "cpu"}, {"objective", loss},
	}
	for _, name := range []string{"max_depth", "max_leaves", "max_bin"} {
		out = append(out, [2]string{name, strconv.Itoa(p.Int(name))})
	}
	for _, name := range []string{"eta", "min_child_weight", "gamma", "lambda", "alpha", "subsample", "colsample_bytree", "colsample_bylevel", "colsample_bynode"} {
		out = append(out, [2]string{name, boost.Number(p.Float(name))})
	}
	out = append(out, [2]string{"grow_policy", p.Text("grow_policy")})
	if v := p.Float("max_delta_step"); v > 0 {
		out = append(out, [2]string{"max_delta_step", boost.Number(v)})
	}
	switch loss {
	case "binary:logistic":
		out = append(out, [2]string{"scale_pos_weight", boost.Number(p.Float("scale_pos_weight"))})
	case "multi:softprob":
		out = append(out, [2]string{"num_class", strconv.Itoa(job.Train.Classes)})
	case "reg:tweedie":
		out = append(out, [2]string{"tweedie_variance_power", boost.Number(p.Float("tweedie_variance_power"))})
	case "reg:quantileerror":
		out = append(out, [2]string{"quantile_alpha", boost.Number(p.Float("quantile_alpha"))})
	}
	if list := boost.Constraints(p); list != "" {
		out = append(out, [2]string{"monotone_constraints", "(" + list + ")"})
	}
	if m := p.Text("eval_metric"); m != "auto" {
		out = append(out, [2]string{"eval_metric", m})
	}
	return out
}

// Round implements boost.Booster.
func (b *booster) Round(i int) (bool, error) {
	return true, failure(C.xgb_update(b.handle, C.int(i), b.train))
}

// Score implements boost.Booster.
func (b *booster) Score(i int) (float64, error) {
	var v C.double
	err := failure(C.xgb_eval(b.handle, C.int(i), b.stop, &v))
	return float64(v), err
}

// keep cuts the model down to its first rounds.
func (b *booster) keep(rounds int) error {
	var cut unsafe.Pointer
	if err := failure(C.xgb_slice(b.handle, C.int(rounds), &cut)); err != nil {
		return err
	}
	C.xgb_free(b.handle)
	b.handle = cut
	return nil
}

// save writes the model as UBJSON, which holds neither times nor thread counts.
func (b *booster) save() ([]byte, error) { return b.saveAs("ubj") }

func (b *booster) saveAs(format string) ([]byte, error) {
	config := C.CString(`{"format":"` + format + `"}`)
	defer C.free(unsafe.Pointer(config))
	var data unsafe.Pointer
	var size C.uint64_t
	if err := failure(C.xgb_save(b.handle, config, &data, &size)); err != nil {
		return nil, err
	}
	defer C.free(data)
	return bytes.Clone(unsafe.Slice((*byte)(data), int(size))), nil
}

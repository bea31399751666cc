package cluster

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/eiderdb/eider/functions/model"
)

// points are the rows to cluster, by column, multiplied by scale.
type points struct {
	x       [][]float64
	w       []float64 // nil where every row counts 1
	rows    int
	threads int
	// scale is a power of two, 1 unless squares would overflow or vanish without it.
	scale float64
}

func newPoints(in model.Input, threads int) *points {
	p := &points{x: in.X.Cols, w: in.Weight, rows: in.X.Rows, threads: threads, scale: 1}
	top := 0.0
	for _, col := range p.x {
		for _, v := range col {
			top = max(top, math.Abs(v))
		}
	}
	if _, e := math.Frexp(top); top > 0 && (e > 400 || e < -400) {
		p.scale = math.Ldexp(1, -max(e, -1000))
		p.x = make([][]float64, len(in.X.Cols))
		for j, col := range in.X.Cols {
			p.x[j] = make([]float64, len(col))
			floats.ScaleTo(p.x[j], p.scale, col)
		}
	}
	return p
}

func (p *points) weight(i int) float64 {
	if p.w == nil {
		return 1
	}
	return p.w[i]
}

// The rows from which seeds come from a sample, and its size: so many rows, or so many a cluster.
const (
	sampleRows      = 1 << 16
	sampleRowsEachK = 256
)

// sample is every n-th block of rows, or p itself where there are few rows.
func (p *points) sample(k int) *points {
	take := max(sampleRows, sampleRowsEachK*k) / model.BlockRows
	blocks := p.rows / model.BlockRows
	if blocks < 2*take {
		return p
	}
	rows := make([]int32, 0, take*model.BlockRows)
	for i := range take {
		from := i * blocks / take * model.BlockRows
		for r := range model.BlockRows {
			rows = append(rows, int32(from+r))
		}
	}
	out := *p
	out.rows, out.w = len(rows), model.Take(p.w, rows)
	out.x = make([][]float64, len(p.x))
	for j, col := range p.x {
		out.x[j] = model.Take(col, rows)
	}
	return &out
}

// distances fills out with the squared distances of rows to a centre; x has a column a feature.
func distances(out []float64, x [][]float64, centre []float64) {
	n := len(out)
	clear(out)
	j := 0
	for ; j+4 <= len(centre); j += 4 {
		a, b, c, d := x[j][:n], x[j+1][:n], x[j+2][:n], x[j+3][:n]
		ca, cb, cc, cd := centre[j], centre[j+1], centre[j+2], centre[j+3]
		for i := range out {
			u, v, w, z := a[i]-ca, b[i]-cb, c[i]-cc, d[i]-cd
			out[i] += (float64(u*u) + float64(v*v)) + (float64(w*w) + float64(z*z))
		}
	}
	for ; j < len(centre); j++ {
		c := centre[j]
		for i, v := range x[j][:n] {
			v -= c
			out[i] += float64(v * v)
		}
	}
}

// window is the rows from ≤ i < to of every column, in buf.
func window(buf [][]float64, x [][]float64, from, to int) [][]float64 {
	for j, col := range x {
		buf[j] = col[from:to]
	}
	return buf
}

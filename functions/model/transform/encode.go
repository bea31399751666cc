package transform

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/eiderdb/eider/functions/model/frame"
	"github.com/eiderdb/eider/sql/lex"
	"github.com/eiderdb/eider/sql/sqlstate"
)

// counts are how often each code occurs in the training rows, and how often none.
func (b *builder) counts(x *vector) (counts []int, nulls int) {
	counts = make([]int, len(x.dict))
	for _, code := range x.code {
		if code < 0 {
			nulls++
		} else {
			counts[code]++
		}
	}
	return counts, nulls
}

// present are the codes that occur, in bytewise order of their texts.
func present(x *vector, counts []int) []int {
	var codes []int
	for code, n := range counts {
		if n > 0 {
			codes = append(codes, code)
		}
	}
	slices.SortFunc(codes, func(a, c int) int { return cmp.Compare(x.dict[a], x.dict[c]) })
	return codes
}

// maxKeys bounds the values that an encoding knows, all of which stand in the model's SQL.
const maxKeys = 20_000

// frequent are the codes that an encoding knows, in bytewise order: all, or the most frequent where they are too many.
func (b *builder) frequent(codes, counts []int) []int {
	if len(codes) <= maxKeys {
		return codes
	}
	if b.twin == nil {
		b.warn("Feature %s has %d values: all but the %d most frequent are treated as not seen.", lex.QuoteIdent(b.item.name), len(codes), maxKeys)
	}
	kept := slices.Clone(codes)
	slices.SortStableFunc(kept, func(a, c int) int { return cmp.Compare(counts[c], counts[a]) })
	least := counts[kept[maxKeys-1]]
	equal := 0 // of those as frequent as the last, the first bytewise
	for _, code := range kept[:maxKeys] {
		if counts[code] == least {
			equal++
		}
	}
	return slices.DeleteFunc(slices.Clone(codes), func(code int) bool {
		if counts[code] == least {
			equal--
			return equal < 0
		}
		return counts[code] < least
	})
}

func fitOneHot(b *builder, x vector, a args) ([]output, error) {
	counts, nulls := b.counts(&x)
	codes := present(&x, counts)
	if b.item.written {
		b.idLike(len(codes), nulls)
	}
	least := a.number("min_frequency")
	if least < 1 {
		least *= float64(len(b.rows))
	}
	kept := slices.Clone(codes)
	slices.SortStableFunc(kept, func(a, c int) int { return cmp.Compare(counts[c], counts[a]) })
	kept = slices.DeleteFunc(kept, func(code int) bool { return float64(counts[code]) < least })
	if most := int(a.number("max_categories")); len(kept) > most {
		kept = kept[:most]
	}
	slices.SortFunc(kept, func(a, c int) int { return cmp.Compare(x.dict[a], x.dict[c]) })
	if len(codes) == 1 && nulls == 0 {
		b.warn("Feature %s is left out, because it has the same value in every training row.", lex.QuoteIdent(b.item.name))
		return nil, nil
	}
	if len(kept) == 0 && !a.flag("other") {
		b.warn("Feature %s is left out, because none of its values is frequent enough.", lex.QuoteIdent(b.item.name))
		return nil, nil
	}
	var outs []output
	var keys []string
	for _, code := range kept {
		v, err := b.add(x, step{Op: opEquals, Keys: []string{x.dict[code]}, Partial: len(kept) < len(codes)})
		if err != nil {
			return nil, err
		}
		v.suffix, v.varies = "="+x.dict[code], true
		keys = append(keys, x.dict[code])
		outs = append(outs, v)
	}
	if a.flag("other") {
		v, err := b.add(x, step{Op: opOther, Keys: keys})
		if err != nil {
			return nil, err
		}
		v.suffix, v.varies = "=other", len(kept) < len(codes)
		if slices.Contains(keys, "other") {
			v.suffix = "=(other)"
		}
		outs = append(outs, v)
	}
	return outs, nil
}

func fitOrdinal(b *builder, x vector, _ args) ([]output, error) {
	counts, nulls := b.counts(&x)
	codes := present(&x, counts)
	b.idLike(len(codes), nulls)
	known := b.frequent(codes, counts)
	s := step{Op: opLookup, NoA: true, NoB: true, Partial: len(known) < len(codes)}
	for i, code := range known {
		s.Keys = append(s.Keys, x.dict[code])
		s.Values = append(s.Values, float64(i))
	}
	v, err := b.add(x, s)
	return []output{v}, err
}

func fitHash(b *builder, x vector, a args) ([]output, error) {
	v, err := b.add(x, step{Op: opHash, A: a.number("n")})
	return []output{v}, err
}

// fitTarget encodes each value by the target's mean among its rows, shrunk to the mean of all rows.
func fitTarget(b *builder, x vector, a args) ([]output, error) {
	if b.y == nil {
		return nil, sqlstate.New(sqlstate.InvalidParameterValue, "target_encode needs a target").At(b.item.pos).WithHint("Write TARGET column, or use one_hot or ordinal_encode.")
	}
	b.learned = true
	counts, nulls := b.counts(&x)
	codes := present(&x, counts)
	if b.twin == nil {
		b.idLike(len(codes), nulls)
	}
	all := len(codes)
	codes = b.frequent(codes, counts)
	if b.classes <= 2 {
		v, err := b.targetStep(x, codes, len(codes) < all, a, func(y float64) float64 { return y })
		return []output{v}, err
	}
	var outs []output
	for k := range b.classes {
		class := float64(k)
		v, err := b.targetStep(x, codes, len(codes) < all, a, func(y float64) float64 {
			if y == class {
				return 1
			}
			return 0
		})
		if err != nil {
			return nil, err
		}
		v.suffix = ":" + strconv.Itoa(k)
		outs = append(outs, v)
	}
	return outs, nil
}

// targetStep encodes one target. With smooth = m a value's encoding is (sum + m·mean) / (count + m). With 'auto' it is
// λ·(mean of its rows) + (1 − λ)·mean, λ = σ²·n / (σ²·n + s²), where σ² is the target's variance and s² that among the
// value's rows (Micci-Barreca 2001, equations 3 and 8).
func (b *builder) targetStep(x vector, codes []int, partial bool, a args, target func(float64) float64) (vector, error) {
	n := len(x.dict) + 1 // the last is NULL
	place := func(code int32) int {
		if code < 0 {
			return n - 1
		}
		return int(code)
	}
	sum, count, spread := make([]float64, n), make([]float64, n), make([]float64, n)
	y := make([]float64, len(b.rows))
	for i, r := range b.rows {
		y[i] = target(b.y[r])
		k := place(x.code[i])
		sum[k] += y[i]
		count[k]++
	}
	_, mean, variance := moments(y)
	for i, v := range y {
		k := place(x.code[i])
		d := v - sum[k]/count[k]
		spread[k] += float64(d * d)
	}
	m, fixed := a["smooth"].(float64)
	encode := func(k int) float64 {
		if count[k] == 0 {
			return mean
		}
		if fixed {
			if count[k]+m == 0 {
				return mean
			}
			return (sum[k] + float64(m*mean)) / (count[k] + m)
		}
		own := float64(variance * count[k])
		lambda := own / (own + spread[k]/count[k])
		if math.IsNaN(lambda) {
			return mean
		}
		return float64(lambda*(sum[k]/count[k])) + float64((1-lambda)*mean)
	}
	s := step{Op: opLookup, A: mean, B: encode(n - 1), Partial: partial}
	for _, code := range codes {
		s.Keys = append(s.Keys, x.dict[code])
		s.Values = append(s.Values, encode(code))
	}
	return b.add(x, s)
}

// mode is the most frequent text, the first bytewise of several.
func (b *builder) mode(x *vector) string {
	counts, _ := b.counts(x)
	best := -1
	for _, code := range present(x, counts) {
		if best < 0 || counts[code] > counts[best] {
			best = code
		}
	}
	return x.dict[best]
}

// values are a number's values on the training rows, computed when they are asked for: the hundred features of a one-hot
// encoding never are.
func (v *vector) values() []float64 {
	switch x := v.of; {
	case v.num != nil || x == nil:
	case x.kind == frame.Category:
		v.num = v.step.encode(x.code, x.dict)
	case v.step.keeps(x.values()):
		v.num = x.values()
	default:
		v.num = make([]float64, len(x.values()))
		v.step.apply(v.num, x.values())
	}
	return v.num
}

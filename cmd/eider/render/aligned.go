package render

import (
	"bufio"
	"fmt"
	"strings"
)

// A style says what an aligned table is drawn with.
type style struct {
	// top, middle and bottom are left edge, fill, joint and right edge of the rules; "" is no rule.
	top, middle, bottom [4]string
	left, between, end  string
	types               bool // a line of types under the names
	centred             bool // names are centred
	marks               bool // Markdown: the rule says how columns are aligned, | is escaped
	footer              func(rows int64, shown, cols, shownCols int) string
}

var (
	boxStyle = style{
		top: [4]string{"┌", "─", "┬", "┐"}, middle: [4]string{"├", "─", "┼", "┤"}, bottom: [4]string{"└", "─", "┴", "┘"},
		left: "│", between: "│", end: "│", types: true, centred: true, footer: countFooter,
	}
	psqlStyle     = style{middle: [4]string{"", "-", "+", ""}, between: "|", centred: true, footer: psqlFooter}
	markdownStyle = style{middle: [4]string{"|", "-", "|", "|"}, left: "|", between: "|", end: "|", marks: true}
)

const (
	// settleRows is the number of rows from which an unlimited table takes its widths; later cells may overflow.
	settleRows = 10_000
	// minColumn is the width below which a column of text is not squeezed; rather the middle columns go.
	minColumn = 12
	// maxNumber is the width up to which numbers are never cut.
	maxNumber = 40
	// maxCell bounds a cell's width where the terminal does not.
	maxCell = 100_000
)

type cell struct {
	text string
	null bool
}

// aligned draws tables. It keeps at most MaxRows rows, or settleRows where all are
// shown; its memory doesn't grow with the result.
type aligned struct {
	out   *bufio.Writer
	o     Options
	style style

	cols    []Column
	head    [][]cell
	tail    [][]cell // a ring once MaxRows is exceeded; next is its oldest
	next    int
	total   int64
	settled bool
	layout  layout
	raw     bool // the result is a plan or another drawing: shown as it is
}

// layout is which columns are shown and how wide they are.
type layout struct {
	show   []int // indexes of columns; -1 is the gap
	widths []int
}

func (a *aligned) Begin(cols []Column) error {
	a.cols = cols
	a.raw = len(cols) == 2 && cols[0].Name == "explain_key" && cols[1].Name == "explain_value"
	return nil
}

func (a *aligned) Write(b *Batch) error {
	for row := range b.Len() {
		if a.raw {
			text, _ := b.Cell(row, 1)
			if _, err := fmt.Fprintln(a.out, strings.TrimRight(string(text), "\n")); err != nil {
				return err
			}
			continue
		}
		a.total++
		if a.settled {
			if err := a.row(a.take(b, row)); err != nil {
				return err
			}
			continue
		}
		limit := a.o.MaxRows
		switch {
		case limit == 0 || len(a.head) < limit:
			a.head = append(a.head, a.take(b, row))
		case len(a.tail) < max(limit/2, 1):
			a.tail = append(a.tail, a.take(b, row))
		default:
			a.tail[a.next] = a.take(b, row)
			a.next = (a.next + 1) % len(a.tail)
		}
		if limit == 0 && len(a.head) == settleRows {
			a.settle()
			if err := a.begin(); err != nil {
				return err
			}
			for _, r := range a.head {
				if err := a.row(r); err != nil {
					return err
				}
			}
			a.head, a.settled = nil, true
		}
	}
	return nil
}

// take copies a row out of the batch, cut to what can be shown.
func (a *aligned) take(b *Batch, row int) []cell {
	width := a.o.Width
	if width == 0 {
		width = maxCell
	}
	cells := make([]cell, len(a.cols))
	for i := range cells {
		text, null := b.Cell(row, i)
		if null {
			cells[i] = cell{text: a.o.Null, null: true}
			continue
		}
		if len(text) > 8*width { // what can't be seen is not kept: a cell takes at most a few bytes a column
			text = text[:8*width]
		}
		s := printable(string(text))
		if a.style.marks {
			s = strings.ReplaceAll(s, "|", `\|`)
		}
		cells[i] = cell{text: cut(s, width)}
	}
	return cells
}

func (a *aligned) End() error {
	if a.raw {
		return a.out.Flush()
	}
	if !a.settled {
		if err := a.finish(); err != nil {
			return err
		}
	}
	if err := a.rule(a.style.bottom); err != nil {
		return err
	}
	if a.style.footer != nil && !a.o.NoFooter {
		shown := int(a.total)
		if a.gap() {
			shown = a.o.MaxRows
		}
		shownCols := 0
		for _, c := range a.layout.show {
			if c >= 0 {
				shownCols++
			}
		}
		if _, err := fmt.Fprintln(a.out, a.dim(a.style.footer(a.total, shown, len(a.cols), shownCols))); err != nil {
			return err
		}
	}
	return a.out.Flush()
}

// gap tells whether rows in the middle were left out.
func (a *aligned) gap() bool { return a.o.MaxRows > 0 && a.total > int64(a.o.MaxRows) }

// finish draws a table that was kept whole, or its two ends.
func (a *aligned) finish() error {
	tail := append(append([][]cell(nil), a.tail[a.next:]...), a.tail[:a.next]...)
	if a.gap() {
		// What was shown first may belong to the end: the tail holds the last rows up to half of the limit.
		half := a.o.MaxRows / 2
		keepHead := a.o.MaxRows - half
		if missing := half - len(tail); missing > 0 {
			tail = append(append([][]cell(nil), a.head[len(a.head)-missing:]...), tail...)
		}
		a.head = a.head[:keepHead]
		if half == 0 {
			tail = nil
		}
	}
	a.tail = tail
	a.settle()
	if err := a.begin(); err != nil {
		return err
	}
	for _, r := range a.head {
		if err := a.row(r); err != nil {
			return err
		}
	}
	if a.gap() {
		dots := make([]cell, len(a.cols))
		for i := range dots {
			dots[i] = cell{text: "·", null: true}
		}
		for range 3 {
			if err := a.row(dots); err != nil {
				return err
			}
		}
	}
	for _, r := range a.tail {
		if err := a.row(r); err != nil {
			return err
		}
	}
	return nil
}

// settle decides which columns are shown and how wide.
func (a *aligned) settle() {
	natural := make([]int, len(a.cols))
	least := make([]int, len(a.cols))
	for i, c := range a.cols {
		if !a.o.NoHeader {
			natural[i] = Width(printable(c.Name))
			if a.style.types {
				natural[i] = max(natural[i], Width(typeName(c.Type)))
			}
		}
		if a.style.marks {
			natural[i] = max(natural[i], 3)
		}
		cells := 0
		for _, rows := range [][][]cell{a.head, a.tail} {
			for _, r := range rows {
				cells = max(cells, Width(r[i].text))
			}
		}
		natural[i] = max(natural[i], cells)
		least[i] = min(natural[i], minColumn)
		if c.Kind == Number {
			least[i] = max(least[i], min(cells, maxNumber))
		}
	}
	a.layout = fit(natural, least, a.o.Width)
}

// fit squeezes columns into width cells: text columns down to their least width, widest
// first, and if that is not enough, columns in the middle give way to a gap.
func fit(natural, least []int, width int) layout {
	const perColumn, edge, gapWidth = 3, 1, 1
	l := layout{widths: append([]int(nil), natural...)}
	for i := range natural {
		l.show = append(l.show, i)
	}
	if width <= 0 {
		return l
	}
	total := edge
	for _, w := range least {
		total += w + perColumn
	}
	if total > width && len(natural) > 2 {
		left, right := 1, len(natural)-1 // [0,left) and [right,n) are shown
		used := edge + gapWidth + perColumn + least[0] + perColumn + least[right] + perColumn
		for left < right {
			if w := least[left] + perColumn; used+w <= width {
				used += w
				left++
			} else {
				break
			}
			if left >= right {
				break
			}
			if w := least[right-1] + perColumn; used+w <= width {
				used += w
				right--
			}
		}
		l.show = nil
		for i := range left {
			l.show = append(l.show, i)
		}
		l.show = append(l.show, -1)
		for i := right; i < len(natural); i++ {
			l.show = append(l.show, i)
		}
	}
	total = edge
	for _, c := range l.show {
		if c < 0 {
			total += gapWidth + perColumn
		} else {
			total += l.widths[c] + perColumn
		}
	}
	for total > width {
		widest := -1
		for _, c := range l.show {
			if c >= 0 && l.widths[c] > least[c] && (widest < 0 || l.widths[c] > l.widths[widest]) {
				widest = c
			}
		}
		if widest < 0 {
			break
		}
		l.widths[widest]--
		total--
	}
	return l
}

// typeName shortens long nested types.
func typeName(name string) string { return cut(strings.ToLower(name), 30) }

func (a *aligned) begin() error {
	if err := a.rule(a.style.top); err != nil {
		return err
	}
	if a.o.NoHeader {
		return nil
	}
	names, kinds := make([]string, len(a.cols)), make([]string, len(a.cols))
	for i, c := range a.cols {
		names[i], kinds[i] = printable(c.Name), typeName(c.Type)
		if a.style.marks {
			names[i] = strings.ReplaceAll(names[i], "|", `\|`)
		}
	}
	if err := a.header(names, false); err != nil {
		return err
	}
	if a.style.types {
		if err := a.header(kinds, true); err != nil {
			return err
		}
	}
	if a.style.marks {
		return a.marks()
	}
	return a.rule(a.style.middle)
}

func (a *aligned) header(texts []string, dim bool) error {
	return a.line(func(col, width int) (string, bool, bool) {
		if col < 0 {
			return "…", false, true
		}
		text := cut(texts[col], width)
		if a.style.centred {
			text = strings.Repeat(" ", (width-Width(text))/2) + text
		}
		return text, false, dim
	})
}

func (a *aligned) row(cells []cell) error {
	return a.line(func(col, width int) (string, bool, bool) {
		if col < 0 {
			return "…", false, true
		}
		c := cells[col]
		text := c.text
		if a.layout.widths[col] == width {
			text = cut(text, width)
		}
		return text, a.cols[col].Kind == Number, c.null
	})
}

// line draws one line; content returns a cell's text, whether it stands to the right and is dim.
func (a *aligned) line(content func(col, width int) (text string, right, dim bool)) error {
	var b strings.Builder
	b.WriteString(a.style.left)
	for i, col := range a.layout.show {
		if i > 0 {
			b.WriteString(a.style.between)
		}
		width := 1
		if col >= 0 {
			width = a.layout.widths[col]
		}
		text, right, dim := content(col, width)
		pad := strings.Repeat(" ", max(width-Width(text), 0))
		if dim {
			text = a.dim(text)
		}
		switch {
		case right:
			b.WriteString(" " + pad + text + " ")
		case i == len(a.layout.show)-1 && a.style.end == "":
			b.WriteString(" " + text)
		default:
			b.WriteString(" " + text + pad + " ")
		}
	}
	b.WriteString(a.style.end + "\n")
	text := b.String()
	if a.style.end == "" {
		text = strings.TrimRight(text, " \n") + "\n"
	}
	_, err := a.out.WriteString(text)
	return err
}

func (a *aligned) rule(r [4]string) error {
	if r[1] == "" {
		return nil
	}
	if a.o.NoHeader && r == a.style.middle {
		return nil
	}
	var b strings.Builder
	b.WriteString(r[0])
	for i, col := range a.layout.show {
		if i > 0 {
			b.WriteString(r[2])
		}
		width := 1
		if col >= 0 {
			width = a.layout.widths[col]
		}
		b.WriteString(strings.Repeat(r[1], width+2))
	}
	b.WriteString(r[3] + "\n")
	_, err := a.out.WriteString(b.String())
	return err
}

// marks writes Markdown's rule.
func (a *aligned) marks() error {
	var b strings.Builder
	for _, col := range a.layout.show {
		b.WriteString("| ")
		if a.cols[col].Kind == Number {
			b.WriteString(strings.Repeat("-", a.layout.widths[col]-1) + ": ")
		} else {
			b.WriteString(strings.Repeat("-", a.layout.widths[col]) + " ")
		}
	}
	_, err := a.out.WriteString(b.String() + "|\n")
	return err
}

func (a *aligned) dim(text string) string {
	if !a.o.Color || text == "" {
		return text
	}
	return "\x1b[2m" + text + "\x1b[0m"
}

func psqlFooter(rows int64, shown, cols, shownCols int) string {
	switch {
	case shownCols < cols || int64(shown) < rows:
		return countFooter(rows, shown, cols, shownCols)
	case rows == 1:
		return "(1 row)"
	}
	return fmt.Sprintf("(%d rows)", rows)
}

func countFooter(rows int64, shown, cols, shownCols int) string {
	text := Thousands(rows) + " rows"
	if rows == 1 {
		text = "1 row"
	}
	if int64(shown) < rows {
		text += fmt.Sprintf(", %d shown", shown)
	}
	if shownCols < cols {
		text += fmt.Sprintf("; %d columns, %d shown", cols, shownCols)
	}
	return "(" + text + ")"
}

package render

import (
	"bufio"
	"fmt"
	"strings"
)

// lines writes one value a line.
type lines struct {
	out   *bufio.Writer
	o     Options
	cols  []Column
	width int
	total int64
}

func (l *lines) Begin(cols []Column) error {
	l.cols = cols
	for _, c := range cols {
		l.width = max(l.width, Width(printable(c.Name)))
	}
	return nil
}

func (l *lines) Write(b *Batch) error {
	for row := range b.Len() {
		l.total++
		title := fmt.Sprintf("-[ RECORD %d ]", l.total)
		rule := title
		if pad := l.width + 1 - len(title); pad >= 0 {
			rule += strings.Repeat("-", pad) + "+"
		}
		rule += strings.Repeat("-", 20)
		if _, err := fmt.Fprintln(l.out, rule); err != nil {
			return err
		}
		for i, c := range l.cols {
			name := printable(c.Name)
			value := l.o.Null
			if text, null := b.Cell(row, i); !null {
				parts := strings.Split(string(text), "\n")
				for j := range parts {
					parts[j] = printable(parts[j])
				}
				value = strings.Join(parts, "\n"+strings.Repeat(" ", l.width)+" | ")
			}
			if _, err := fmt.Fprintf(l.out, "%s%s | %s\n", name, strings.Repeat(" ", l.width-Width(name)), value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *lines) End() error {
	if !l.o.NoFooter {
		if _, err := fmt.Fprintln(l.out, psqlFooter(l.total, int(l.total), 0, 0)); err != nil {
			return err
		}
	}
	return l.out.Flush()
}

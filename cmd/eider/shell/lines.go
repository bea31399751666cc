package shell

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// lines reads lines of any length; the byte order mark that some editors write is dropped.
type lines struct {
	r     *bufio.Reader
	first bool
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 64<<10), first: true} }

// next returns a line without its end. The last one may come with io.EOF.
func (l *lines) next() (string, error) {
	line, err := l.r.ReadString('\n')
	if l.first {
		line, l.first = strings.TrimPrefix(line, "\ufeff"), false
	}
	if err == nil || errors.Is(err, io.EOF) {
		line = strings.TrimSuffix(line, "\n") // a carriage return may belong to a string
	}
	return line, err
}

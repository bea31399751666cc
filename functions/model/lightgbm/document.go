package lightgbm

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/eiderdb/eider/sql/sqlstate"
)

func malformed(format string, args ...any) error {
	return sqlstate.Newf(sqlstate.InvalidParameterValue, "LightGBM model: "+format, args...)
}

// The lines of a model's text that the features' names are in.
const (
	namesLine      = "feature_names="
	importanceLine = "feature_importances:"
	pandasLine     = "pandas_categorical:"
)

// plain are the names that the library gives features without one.
func plain(features int) []string {
	out := make([]string, features)
	for i := range out {
		out[i] = "Column_" + strconv.Itoa(i)
	}
	return out
}

// rename writes a model's text anew with other names for the features, which stand in the
// head and in the list of importances behind the trees.
func rename(text string, names []string) (string, error) {
	var old map[string]int
	var out strings.Builder
	out.Grow(len(text))
	importances := false
	for line := range strings.Lines(text) {
		bare := strings.TrimSuffix(line, "\n")
		switch list, isNames := strings.CutPrefix(bare, namesLine); {
		case isNames && old == nil:
			words := strings.Split(list, " ")
			if len(words) != len(names) {
				return "", malformed("it has %d names for %d features", len(words), len(names))
			}
			old = map[string]int{}
			for i, word := range words {
				old[word] = i
			}
			line = namesLine + strings.Join(names, " ") + "\n"
		case bare == importanceLine:
			importances = true
		case bare == "":
			importances = false
		case importances:
			at := strings.LastIndexByte(bare, '=')
			if at < 0 {
				return "", malformed("%.40q is no importance", bare)
			}
			i, ok := old[bare[:at]]
			if !ok {
				return "", malformed("the importance of %.40q is none of its features'", bare[:at])
			}
			line = names[i] + bare[at:] + "\n"
		}
		out.WriteString(line)
	}
	if old == nil {
		return "", malformed("it has no %s", namesLine)
	}
	return out.String(), nil
}

// writable makes names that the format can hold: words without blanks and without the
// characters that the library refuses, each only once.
func writable(names []string) []string {
	out := make([]string, len(names))
	seen := map[string]bool{}
	for i, name := range names {
		word := strings.Map(func(r rune) rune {
			if r <= ' ' || r == 0x7f || strings.ContainsRune(`",:[]{}=`, r) {
				return '_'
			}
			return r
		}, name)
		if word == "" {
			word = "_"
		}
		unique := word
		for n := 2; seen[unique]; n++ {
			unique = fmt.Sprintf("%s_%d", word, n)
		}
		seen[unique] = true
		out[i] = unique
	}
	return out
}

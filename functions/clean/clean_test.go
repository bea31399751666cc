package clean

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumber(t *testing.T) {
	for text, want := range map[string]float64{
		"1": 1, "-1": -1, "+1.5": 1.5, "−2": -2, "1,234": 1234, "0,125": 0.125, "1,5": 1.5, "1,2345": 1.2345, "1.234": 1.234,
		"1.234.567": 1234567, "1,234,567.89": 1234567.89, "1.234.567,89": 1234567.89, "12,34,567": 1234567, "1'234'567.5": 1234567.5,
		"1 234 567,5": 1234567.5, "$ -5": -5, "-$5": -5, "EUR 5": 5, "5 EUR": 5, "(5,00 €)": -5, "50%": 0.5, "-1e-3": -0.001, "1.5E+2": 150,
		".5": 0.5, "5.": 5, "1_000": 1000, "12345,678": 12345.678, "1e308": 1e308,
	} {
		got, _, ok := number([]byte(text), nil)
		require.True(t, ok, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", " ", "-", "()", "(-5)", "n/a", "1 2", "1,23,4", "1.2.3", "--1", "1-2", "$$1", "5%%", "1e", "e5", "1e400", "nan", "inf", "0x10", "1,,000",
		"abc", "12abc", "€", "%", "1.000,000.5", "\xff\xfe", "１２", "5 EUR %", ",", ".", strings.Repeat("9", 400),
	} {
		v, _, ok := number([]byte(text), nil)
		require.False(t, ok, "%q gave %v", text, v)
	}
}

func TestAppendNormal(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "  ": "", "A  b\tC\n": "a b c", "\x00a\x7fb": "ab", "ÄÖÜ": "äöü", "a\u200bb": "ab", "e\u0301": "é", "e\u200b\u0301": "é",
		"\u00a0x\u2003y\u3000": "x y", "ＡＢＣ": "abc", "ﬃ": "ffi", "①": "1", "İ": "i", "\xff": "\ufffd", "😀 OK": "😀 ok",
	} {
		require.Equal(t, want, string(appendNormal(nil, []byte(in))), "%q", in)
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"$1,234.50", "(1.234,5 €)", "12%", "1e5", "−7"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		_, _, _ = number([]byte(s), nil)
		once := string(appendNormal(nil, []byte(s)))
		require.Equal(t, once, string(appendNormal(nil, []byte(once))), "normal form of %q is not stable", s)
	})
}

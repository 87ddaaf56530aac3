package term

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

var sample = Table{
	Columns: []Column{
		{Heading: "NAME", Keep: 9}, {Heading: "WHY", Keep: 8, Least: 6}, {Heading: "MORE", Keep: 1}, {Heading: "RARE", WideOnly: true},
	},
	Rows: [][]string{{"a", "a long reason", "more", "rare"}, {"bb", "-", "m", "r"}},
}

func TestTableFits(t *testing.T) {
	for _, c := range []struct {
		name  string
		style Style
		want  string
	}{
		{"no terminal", Style{}, "NAME   WHY             MORE\na      a long reason   more\nbb     -               m\n"},
		{"wide", Style{Wide: true, Width: 10}, "NAME   WHY             MORE   RARE\na      a long reason   more   rare\nbb     -               m      r\n"},
		{"without headings", Style{NoHeaders: true}, "a    a long reason   more\nbb   -               m\n"},
		{"a cut", Style{Width: 22}, "NAME   WHY        MORE\na      a long…    more\nbb     -          m\n"},
		{"a drop", Style{Width: 14}, "NAME   WHY\na      a long…\nbb     -\n"},
		{"no room at all", Style{Width: 2}, "NAME\na\nbb\n"},
	} {
		var out bytes.Buffer
		if err := sample.Write(&out, c.style, nil); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want {
			t.Errorf("%s:\n%swant:\n%s", c.name, out.String(), c.want)
		}
	}
}

// TestTableNeverWraps tries every width.
func TestTableNeverWraps(t *testing.T) {
	for width := 5; width < 60; width++ {
		var out bytes.Buffer
		if err := sample.Write(&out, Style{Width: width}, nil); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if got := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); got > width {
				t.Errorf("%d wide on a terminal of %d: %q", got, width, line)
			}
		}
	}
}

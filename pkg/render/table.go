// Package render turns models into bytes: tables for users, and the versioned objects that
// scripts read. It decides how results look, never what they mean.
package render

import (
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// Style is the width of the output and whether it may have colours.
type Style struct {
	// Width is the terminal's, 0 where there is none and nothing needs to fit.
	Width int
	// Colour allows ANSI colours.
	Colour bool
	// Wide shows every column, and messages in full.
	Wide bool
	// NoHeaders omits the headings.
	NoHeaders bool
}

// column is a column of a table. When the table is too wide, columns that may
// be cut are, from the right, each down to its least width; if that is not
// enough columns are dropped, those with the highest keep staying longest.
type column struct {
	heading  string
	keep     int
	least    int // 0: not to be cut
	wideOnly bool
}

// gap stands between columns, as kubectl has it.
const gap = "   "

type table struct {
	columns []column
	rows    [][]string
	indent  string
}

// fit chooses the columns to show and the width of each.
func (t *table) fit(style Style) (shown []int, widths []int) {
	widths = make([]int, len(t.columns))
	for i, c := range t.columns {
		if !style.NoHeaders {
			widths[i] = utf8.RuneCountInString(c.heading)
		}
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
		if !c.wideOnly || style.Wide {
			shown = append(shown, i)
		}
	}
	for style.Width > 0 && !style.Wide {
		over := t.width(shown, widths) - style.Width
		if over <= 0 || t.shrink(shown, widths, over) || len(shown) == 1 {
			break
		}
		shown = t.drop(shown)
	}
	return shown, widths
}

func (t *table) width(shown, widths []int) int {
	total := len(t.indent) + len(gap)*(len(shown)-1)
	for _, i := range shown {
		total += widths[i]
	}
	return total
}

// shrink cuts columns by what is over, if they can give so much between them.
func (t *table) shrink(shown, widths []int, over int) bool {
	cut := slices.Clone(widths)
	for _, i := range slices.Backward(shown) {
		if least := t.columns[i].least; least > 0 && over > 0 {
			give := max(0, min(over, cut[i]-least))
			cut[i] -= give
			over -= give
		}
	}
	if over > 0 {
		return false
	}
	copy(widths, cut)
	return true
}

func (t *table) drop(shown []int) []int {
	least := 0
	for at, i := range shown {
		if t.columns[i].keep <= t.columns[shown[least]].keep {
			least = at
		}
	}
	return append(shown[:least:least], shown[least+1:]...)
}

// write prints the table. paint colours a cell's text, which is already padded.
func (t *table) write(w io.Writer, style Style, paint func(column int, cell, padded string) string) error {
	out := escape.NewStyled(w)
	for _, line := range t.lines(style, paint) {
		out.WriteString(line + "\n")
	}
	return out.Flush()
}

// lines lays out the table. Cells are text of the cluster: none begins a line.
func (t *table) lines(style Style, paint func(column int, cell, padded string) string) []string {
	for _, row := range t.rows {
		for i, cell := range row {
			row[i] = escape.Line(cell)
		}
	}
	var lines []string
	shown, widths := t.fit(style)
	line := func(cell func(i int) (plain, painted string)) {
		var text strings.Builder
		text.WriteString(t.indent)
		for at, i := range shown {
			plain, painted := cell(i)
			text.WriteString(painted)
			if at < len(shown)-1 {
				text.WriteString(strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(plain))) + gap)
			}
		}
		lines = append(lines, strings.TrimRight(text.String(), " "))
	}
	if !style.NoHeaders {
		line(func(i int) (string, string) { return t.columns[i].heading, t.columns[i].heading })
	}
	for _, row := range t.rows {
		line(func(i int) (string, string) {
			plain := shorten(row[i], widths[i])
			if !style.Colour {
				return plain, plain
			}
			return plain, paint(i, row[i], plain)
		})
	}
	return lines
}

// shorten cuts a text to a width, with an ellipsis for the rest.
func shorten(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	runes := []rune(text)
	return strings.TrimRight(string(runes[:max(0, width-1)]), " ") + "…"
}

// clean makes a text from the cluster safe for a terminal and fit for one line: an
// object's message may hold anything, control sequences too.
func clean(text string) string { return escape.Sentence(text) }

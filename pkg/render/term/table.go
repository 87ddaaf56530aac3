// Package term writes tables and wrapped text that fit a terminal, with colours if they are
// enabled. It does not depend on the content of the text.
package term

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// Style is the width of the output and whether it may have colours.
type Style struct {
	// Width is the width of the terminal, 0 if there is none and nothing has to fit.
	Width int
	// Height is the height of the terminal, 0 if there is none or it is not known.
	Height int
	// Colour allows ANSI colours.
	Colour bool
	// Wide shows every column, and messages in full.
	Wide bool
	// NoHeaders omits the headings.
	NoHeaders bool
}

// StyleFor is the style of what is written to a terminal, or elsewhere if it is nil: fitted and
// coloured on a terminal, complete and without colours otherwise. NO_COLOR (no-color.org) and
// TERM=dumb disable colours. CLICOLOR_FORCE (bixense.com/clicolors) treats the output as a
// terminal of COLUMNS columns, for programs that draw one.
func StyleFor(terminal *os.File) Style {
	var style Style
	colours := os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if force := os.Getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		style.Colour = colours
		style.Width, _ = strconv.Atoi(os.Getenv("COLUMNS"))
		style.Height, _ = strconv.Atoi(os.Getenv("LINES"))
		return style
	}
	if terminal == nil {
		return style
	}
	style.Colour = colours
	if width, height, err := term.GetSize(int(terminal.Fd())); err == nil {
		style.Width, style.Height = width, height
	}
	return style
}

// Columns is the width of a terminal on which a line can be redrawn, 0 if it can't (TERM=dumb).
func Columns(terminal *os.File) int {
	if os.Getenv("TERM") == "dumb" {
		return 0
	}
	width, _, err := term.GetSize(int(terminal.Fd()))
	if err != nil || width == 0 {
		return 80
	}
	return width
}

// Column is a column of a table. If the table is too wide, columns that may be cut are cut
// from the right, each down to its least width. If that is not enough, columns are dropped;
// those with the highest keep are dropped last.
type Column struct {
	Heading  string
	Keep     int
	Least    int // 0: never cut
	WideOnly bool
}

// gap separates columns, as in kubectl's tables.
const gap = "   "

// Table has a row of cells for each line, as many as there are columns.
type Table struct {
	Columns []Column
	Rows    [][]string
	Indent  string
}

// fit chooses the columns to show and the width of each.
func (t *Table) fit(style Style) (shown []int, widths []int) {
	widths = make([]int, len(t.Columns))
	for i, c := range t.Columns {
		if !style.NoHeaders {
			widths[i] = utf8.RuneCountInString(c.Heading)
		}
		for _, row := range t.Rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
		if !c.WideOnly || style.Wide {
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

func (t *Table) width(shown, widths []int) int {
	total := len(t.Indent) + len(gap)*(len(shown)-1)
	for _, i := range shown {
		total += widths[i]
	}
	return total
}

// shrink cuts columns by over characters in total, if they can be cut by that much.
func (t *Table) shrink(shown, widths []int, over int) bool {
	cut := slices.Clone(widths)
	for _, i := range slices.Backward(shown) {
		if least := t.Columns[i].Least; least > 0 && over > 0 {
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

func (t *Table) drop(shown []int) []int {
	least := 0
	for at, i := range shown {
		if t.Columns[i].Keep <= t.Columns[shown[least]].Keep {
			least = at
		}
	}
	return append(shown[:least:least], shown[least+1:]...)
}

// Write prints the table. paint colours a cell's text, which is already padded.
func (t *Table) Write(w io.Writer, style Style, paint func(column int, cell, padded string) string) error {
	out := escape.NewStyled(w)
	for _, line := range t.Lines(style, paint) {
		out.WriteString(line + "\n")
	}
	return out.Flush()
}

// Lines lays out the table. Cells are text from the cluster: each is escaped to one line.
func (t *Table) Lines(style Style, paint func(column int, cell, padded string) string) []string {
	for _, row := range t.Rows {
		for i, cell := range row {
			row[i] = escape.Line(cell)
		}
	}
	var lines []string
	shown, widths := t.fit(style)
	line := func(cell func(i int) (plain, painted string)) {
		var text strings.Builder
		text.WriteString(t.Indent)
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
		line(func(i int) (string, string) { return t.Columns[i].Heading, t.Columns[i].Heading })
	}
	for _, row := range t.Rows {
		line(func(i int) (string, string) {
			plain := Shorten(row[i], widths[i])
			if !style.Colour {
				return plain, plain
			}
			return plain, paint(i, row[i], plain)
		})
	}
	return lines
}

// Shorten cuts a text to a width, with an ellipsis for the rest.
func Shorten(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	runes := []rune(text)
	return strings.TrimRight(string(runes[:max(0, width-1)]), " ") + "…"
}

// Fields are the cells of a row by the headings of their columns, made safe.
func Fields(columns []Column, row []string) map[string]string {
	fields := make(map[string]string, len(columns))
	for i, column := range columns {
		fields[column.Heading] = Clean(row[i])
	}
	return fields
}

// Clean makes a text from the cluster safe for a terminal and fit for one line: the message
// of an object may contain anything, including control sequences.
func Clean(text string) string { return escape.Sentence(text) }

// Embolden makes a heading stand out.
func Embolden(text string) string { return string(escape.Bold) + text + string(escape.Reset) }

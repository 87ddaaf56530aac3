// Package eventlist prints events in the shape of `kubectl events`.
package eventlist

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/events"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// Printer prints groups of events in the shape of `kubectl events`. On a terminal that is too
// narrow for it, the reason and the message are below the object. It remembers the widths of the
// columns, so that events that are printed later are aligned with the first ones.
type Printer struct {
	Style  term.Style
	widths [messageColumn]int
	begun  bool
}

// The columns of an event.
const (
	seenColumn = iota
	typeColumn
	reasonColumn
	objectColumn
	namespaceColumn
	sourceColumn
	messageColumn
)

var headings = [messageColumn + 1]string{"LAST SEEN", "TYPE", "REASON", "OBJECT", "NAMESPACE", "SOURCE", "MESSAGE"}

const (
	columnGap = "   "
	// maxMessage is how much of a message is printed, in characters. -o json prints all.
	maxMessage = 2000
	// messageWidth is the width that a message requires beside the other columns.
	messageWidth = 50
	// leastObject is the width to which a long name of an object may be cut.
	leastObject = 20
	// maxMessageLines is how many lines a message may have below its object.
	maxMessageLines = 4
)

// Print prints the groups, the first time with headings. now is the time that ages are counted
// to.
func (p *Printer) Print(w io.Writer, groups []events.Group, now time.Time) error {
	rows := make([][messageColumn + 1]string, len(groups))
	for i, g := range groups {
		rows[i] = rowOf(g, now)
		for column := range p.widths {
			p.widths[column] = max(p.widths[column], utf8.RuneCountInString(rows[i][column]))
		}
	}
	columns := p.columns()
	out := escape.NewStyled(w)
	if !p.begun && !p.Style.NoHeaders {
		headings := headings
		if !p.beside() {
			headings[messageColumn] = ""
		}
		out.WriteString(p.line(columns, headings))
	}
	p.begun = true
	for _, row := range rows {
		if p.beside() {
			out.WriteString(p.line(columns, row))
			continue
		}
		message := row[messageColumn]
		row[messageColumn] = ""
		out.WriteString(p.line(columns, row))
		for _, line := range p.below(row, message) {
			out.WriteString(line + "\n")
		}
	}
	return out.Flush()
}

// rowOf are the cells of a group, each escaped for a line.
func rowOf(g events.Group, now time.Time) [messageColumn + 1]string {
	about := g.About.Short()
	if g.Others > 0 {
		about += fmt.Sprintf(" +%d", g.Others)
	}
	row := [messageColumn + 1]string{
		lastSeen(g, now), g.Type, g.Reason, about, g.About.Namespace, g.Source,
		g.Message[:min(len(g.Message), 4*maxMessage)],
	}
	for column, cell := range row {
		if row[column] = term.Shorten(term.Clean(cell), maxMessage); row[column] == "" {
			row[column] = render.None
		}
	}
	return row
}

// lastSeen is when the events happened, as kubectl writes it: "12m (x5 over 40m)".
func lastSeen(g events.Group, now time.Time) string {
	if g.Count < 2 || g.Last.IsZero() {
		return render.Age(g.Last, now)
	}
	return fmt.Sprintf("%s (x%d over %s)", render.Age(g.Last, now), g.Count, duration.HumanDuration(max(0, now.Sub(g.First))))
}

// fitted reports whether the output has to fit a terminal.
func (p *Printer) fitted() bool { return p.Style.Width > 0 && !p.Style.Wide }

// columns are the ones to print before the message. They set the widths of the columns for the
// headings and the terminal.
func (p *Printer) columns() []int {
	shown := []int{seenColumn, typeColumn, reasonColumn, objectColumn}
	if p.Style.Wide {
		shown = append(shown, namespaceColumn, sourceColumn)
	}
	if !p.beside() {
		shown = []int{seenColumn, objectColumn}
	}
	for _, column := range shown {
		if !p.Style.NoHeaders {
			p.widths[column] = max(p.widths[column], len(headings[column]))
		}
	}
	if p.fitted() {
		room := p.Style.Width - p.widths[seenColumn] - len(columnGap)
		if p.beside() {
			room -= p.widths[typeColumn] + p.widths[reasonColumn] + messageWidth + 3*len(columnGap)
		}
		p.widths[objectColumn] = min(p.widths[objectColumn], max(leastObject, room))
	}
	return shown
}

// beside reports whether there is room for the message beside the other columns.
func (p *Printer) beside() bool {
	if !p.fitted() {
		return true
	}
	used := p.widths[seenColumn] + p.widths[typeColumn] + p.widths[reasonColumn] + min(p.widths[objectColumn], 2*leastObject) + 4*len(columnGap)
	return used+messageWidth <= p.Style.Width
}

// line is one line of the table, with the message at its end unless it is empty.
func (p *Printer) line(columns []int, row [messageColumn + 1]string) string {
	var line strings.Builder
	used := 0
	for _, column := range columns {
		cell := row[column]
		if column == objectColumn && p.fitted() {
			cell = cutMiddle(cell, p.widths[column])
		}
		width := max(p.widths[column], utf8.RuneCountInString(cell))
		line.WriteString(p.paint(column, cell) + strings.Repeat(" ", width-utf8.RuneCountInString(cell)) + columnGap)
		used += width + len(columnGap)
	}
	message := row[messageColumn]
	if p.fitted() {
		message = term.Shorten(message, max(1, p.Style.Width-used))
	}
	return strings.TrimRight(line.String()+message, " ") + "\n"
}

// below are the lines below an object: the type of a warning, the reason and the message.
func (p *Printer) below(row [messageColumn + 1]string, message string) []string {
	text := row[reasonColumn] + ": " + message
	if row[typeColumn] != events.Normal {
		text = row[typeColumn] + " " + text
	}
	lines := p.Style.Wrap(text, "  ", "  ")
	if len(lines) > maxMessageLines {
		lines = append(lines[:maxMessageLines-1:maxMessageLines-1], strings.TrimSuffix(term.Shorten(lines[maxMessageLines-1], p.Style.Width-1), "…")+"…")
	}
	if rest, ok := strings.CutPrefix(lines[0], "  "+row[typeColumn]+" "); ok {
		lines[0] = "  " + p.paint(typeColumn, row[typeColumn]) + " " + rest
	}
	return lines
}

// paint colours the type of a warning.
func (p *Printer) paint(column int, cell string) string {
	if p.Style.Colour && column == typeColumn && cell == events.Warning {
		return render.PaintStatus(health.Suspended, cell)
	}
	return cell
}

// cutMiddle cuts a name to a width in its middle: the ends distinguish it from others.
func cutMiddle(name string, width int) string {
	runes := []rune(name)
	if len(runes) <= width {
		return name
	}
	head := (width - 1) / 2
	return string(runes[:head]) + "…" + string(runes[len(runes)-(width-1-head):])
}

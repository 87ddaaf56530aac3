package graph

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Picture is a graph with positions: columns from left to right, with the objects of one or more
// sections below each other.
type Picture struct {
	Width, Height int
	Headings      []Heading
	Boxes         []Box
	Lines         []Line
}

// Heading is the name of a section.
type Heading struct {
	X, Y int
	Text string
}

// Box is an object at a position.
type Box struct {
	X, Y int
	Node
	// Title and Subtitle are the name and the rest, cut to the width of the box.
	Title, Subtitle string
}

// Line is an edge as the data of an SVG path.
type Line struct {
	Data    string
	Failing bool
}

// columns are the sections of each column.
var columns = [][]tenant.Section{
	{tenant.Sources, tenant.SharedLayers, tenant.OwnLayers},
	{tenant.Releases},
	{tenant.Workloads, tenant.Database},
	{tenant.Certificates},
	{tenant.Ingress, tenant.Gateways},
}

// The sizes of a picture, in pixels of CSS.
const (
	BoxWidth, BoxHeight  = 204, 40
	columnGap, rowGap    = 38, 12
	headingHeight        = 24
	sectionGap           = 8
	margin               = 18         // for the curves beside the last column
	titleRoom, notesRoom = 19.5, 24.0 // in characters of average width
)

// Layout places the objects of a graph.
func (g Graph) Layout() Picture {
	p := Picture{}
	at := make([]Box, len(g.Nodes))
	column := make([]int, len(g.Nodes))
	x := 1
	for _, sections := range columns {
		y := 0
		for _, section := range sections {
			first := true
			for i, n := range g.Nodes {
				if n.Section != section {
					continue
				}
				if first {
					if y > 0 {
						y += sectionGap
					}
					p.Headings = append(p.Headings, Heading{x, y + 14, string(section)})
					y, first = y+headingHeight, false
				}
				at[i] = Box{X: x, Y: y, Node: n, Title: cut(n.Name, titleRoom), Subtitle: cut(subtitle(n), notesRoom)}
				column[i] = x
				y += BoxHeight + rowGap
			}
		}
		if y > 0 {
			p.Height = max(p.Height, y-rowGap+2)
			x += BoxWidth + columnGap
		}
	}
	p.Width, p.Boxes = max(x-columnGap+margin, 0), at
	for _, e := range g.Edges {
		p.Lines = append(p.Lines, Line{path(at[e.From], at[e.To]), e.Failing})
	}
	return p
}

// Path is the data of one SVG path with all lines that are those of problems, or all others.
func (p Picture) Path(failing bool) string {
	var data strings.Builder
	for _, l := range p.Lines {
		if l.Failing == failing {
			data.WriteString(l.Data)
		}
	}
	return data.String()
}

// subtitle is the second line of a box: the reason why the object is not ready, or its kind.
func subtitle(n Node) string {
	text := n.Kind
	if n.Status != health.Ready {
		text = n.Note
		if text == "" {
			text = string(n.Status)
		}
	}
	if words := causeWords(n.Causes); words != "" {
		text = words + ": " + text
	}
	return text
}

// path is a curve from a box to another: to the right, or in the same column down or along its
// left side.
func path(from, to Box) string {
	middle := BoxHeight / 2
	switch {
	case from.X != to.X:
		x1, x2 := from.X+BoxWidth, to.X
		if from.X > to.X {
			x1, x2 = from.X, to.X+BoxWidth
		}
		bend := columnGap / 2
		if x2 < x1 {
			bend = -bend
		}
		y1, y2 := from.Y+middle, to.Y+middle
		return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+bend+bend/2, y1, x2-bend-bend/2, y2, x2, y2)
	case to.Y > from.Y && to.Y-from.Y <= BoxHeight+rowGap+sectionGap+headingHeight:
		x := from.X + BoxWidth - 16
		return fmt.Sprintf("M%d %dV%d", x, from.Y+BoxHeight, to.Y)
	}
	x, bend := from.X+BoxWidth, columnGap/2-4
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x, from.Y+middle, x+bend, from.Y+middle, x+bend, to.Y+middle, x, to.Y+middle)
}

// cut shortens a text to a width in characters: its end, which distinguishes names, stays.
func cut(text string, room float64) string {
	if width(text) <= room {
		return text
	}
	runes := []rune(text)
	end := len(runes)
	for w := 0.0; end > 0; end-- {
		if w += width(string(runes[end-1])); w > room/3 {
			break
		}
	}
	tail := string(runes[end:])
	head := 0
	for w := width(tail) + 1; head < end; head++ {
		if w += width(string(runes[head])); w > room {
			break
		}
	}
	return string(runes[:head]) + "…" + tail
}

// width estimates the width of a text in characters of average width.
func width(text string) float64 {
	w := 0.0
	for _, r := range text {
		switch {
		case r >= utf8.RuneSelf && (unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) || r > 0xffff):
			w += 2
		case unicode.IsUpper(r) || r == 'm' || r == 'w' || r == '@' || r == '%':
			w += 1.35
		case r == 'i' || r == 'l' || r == 'j' || r == 't' || r == 'f' || r == '.' || r == ',' || r == ':' || r == ' ' || r == '-' || r == '/':
			w += 0.6
		default:
			w++
		}
	}
	return w
}

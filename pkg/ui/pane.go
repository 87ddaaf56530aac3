package ui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// paneID identifies a part of the screen.
type paneID int

// The parts of the screen. The list of the tenants is on the left, the others are beside it.
const (
	tenantsPane paneID = iota
	chainPane
	causesPane
	eventsPane
	logsPane
	outputPane
)

var paneTitles = [...]string{"Tenants", "Chain", "Causes", "Events", "Logs", "Output"}

// pane is a text that can be scrolled and searched.
type pane struct {
	lines []string
	// refs are the objects of the lines, for a pane with a cursor.
	refs   []object.Ref
	cursor int
	offset int
	// tail keeps the end visible when lines are added.
	tail bool
	wrap bool
	// find is what the user searches for, in lower case, and match the line of the current match,
	// -1 if there is none.
	find  string
	match int
	// first is the number of the first line in the whole output of feed.
	first int
	// feed is the command whose output is shown, of is its tenant.
	feed *feed
	of   string
}

// setObjects replaces the text of a pane with a cursor, which stays on its object.
func (p *pane) setObjects(lines []string, refs []object.Ref) {
	old, had := p.selected()
	p.lines, p.refs = lines, refs
	if !had {
		return
	}
	for i, ref := range refs {
		if ref.Same(old) {
			p.cursor = i
			return
		}
	}
	p.cursor = min(p.cursor, len(refs)-1)
}

// search starts to search for a text.
func (p *pane) search(text string) { p.find, p.match = strings.ToLower(text), -1 }

// setText shows more output of the pane's command. What is visible stays where it is.
func (p *pane) setText(t feedText) {
	gone := t.first - p.first
	p.lines, p.first = t.lines, t.first
	p.offset = max(0, p.offset-gone)
	p.match = max(-1, p.match-gone)
}

// clear removes the text, but not the user's choices.
func (p *pane) clear() { *p = pane{wrap: p.wrap, find: p.find, match: -1} }

// shown are the lines as they are laid out in the width.
func (p *pane) shown(width int) []string {
	if !p.wrap {
		return p.lines
	}
	var lines []string
	for _, line := range p.lines {
		lines = append(lines, strings.Split(ansi.Hardwrap(line, width, true), "\n")...)
	}
	return lines
}

// clamp limits the offset to the text.
func (p *pane) clamp(count, height int) {
	last := max(0, count-height)
	if p.tail {
		p.offset = last
	}
	p.offset = max(0, min(p.offset, last))
}

// view is the visible part: height lines of exactly the width.
func (p *pane) view(width, height int, focused, colour bool) []string {
	lines := p.shown(width)
	p.clamp(len(lines), height)
	view := make([]string, height)
	for i := range view {
		at := p.offset + i
		text := ""
		if at < len(lines) {
			text = lines[at]
			if p.hasCursor() && at == p.cursor && focused {
				text = markLine(text, colour)
			} else if p.find != "" && at == p.match && p.matches(text) {
				text = markLine(text, colour)
			} else if p.matches(text) {
				text = highlight(text, p.find, colour)
			}
		}
		view[i] = fill(text, width)
	}
	return view
}

func (p *pane) hasCursor() bool { return len(p.refs) > 0 && !p.wrap }

// markLine marks the line of the cursor: in reverse video, or with an angle bracket.
func markLine(text string, colour bool) string {
	text = ansi.Strip(text)
	if colour {
		return "\x1b[7m" + text + "\x1b[0m"
	}
	return ">" + strings.TrimPrefix(text, " ")
}

func (p *pane) matches(line string) bool {
	return p.find != "" && strings.Contains(strings.ToLower(ansi.Strip(line)), p.find)
}

// highlight shows the matches of a line in reverse video, or marks the line with an asterisk.
func highlight(line, find string, colour bool) string {
	text := ansi.Strip(line)
	if !colour {
		return "*" + strings.TrimPrefix(text, " ")
	}
	var out strings.Builder
	lower := strings.ToLower(text)
	if len(lower) != len(text) { // letters whose cases have different lengths
		return "\x1b[7m" + text + "\x1b[0m"
	}
	for {
		at := strings.Index(lower, find)
		if at < 0 {
			break
		}
		out.WriteString(text[:at] + "\x1b[7m" + text[at:at+len(find)] + "\x1b[0m")
		text, lower = text[at+len(find):], lower[at+len(find):]
	}
	return out.String() + text
}

// fill cuts or pads a line to exactly the width.
func fill(line string, width int) string {
	line = strings.ReplaceAll(line, "\t", "    ")
	if width <= 0 {
		return ""
	}
	if ansi.StringWidth(line) > width {
		line = ansi.Truncate(line, width, "…")
	}
	return line + strings.Repeat(" ", max(0, width-ansi.StringWidth(line)))
}

// move moves the cursor to the next object, or scrolls if there is none.
func (p *pane) move(by, width, height int) {
	if !p.hasCursor() {
		p.scroll(by, width, height)
		return
	}
	step := 1
	if by < 0 {
		step = -1
	}
	for range max(by, -by) {
		next := p.cursor + step
		for next >= 0 && next < len(p.refs) && p.refs[next].Name == "" {
			next += step
		}
		if next < 0 || next >= len(p.refs) {
			p.scroll(by, width, height) // to what is above or below the objects
			return
		}
		p.cursor = next
	}
	p.reveal(p.cursor, height)
}

// scroll moves the visible part.
func (p *pane) scroll(by, width, height int) {
	count := len(p.shown(width))
	p.tail = false
	p.offset += by
	p.clamp(count, height)
	p.tail = p.feed != nil && p.offset >= count-height
}

// reveal scrolls until the line is visible.
func (p *pane) reveal(line, height int) {
	p.tail = false
	if line < p.offset {
		p.offset = line
	}
	if line >= p.offset+height {
		p.offset = line - height + 1
	}
}

// seek moves to the next match, or the previous one, and reports whether there is one.
func (p *pane) seek(backwards bool, width, height int) bool {
	lines := p.shown(width)
	step := 1
	if backwards {
		step = len(lines) - 1
	}
	at := p.match
	if at < 0 || at >= len(lines) {
		at = (p.offset - 1 + len(lines)) % max(1, len(lines)) // the first visible line may match
	}
	for range lines {
		at = (at + step) % len(lines)
		if !p.matches(lines[at]) {
			continue
		}
		p.match = at
		if p.hasCursor() && p.refs[at].Name != "" {
			p.cursor = at
		}
		p.reveal(at, height)
		return true
	}
	return false
}

// selected is the object of the cursor.
func (p *pane) selected() (object.Ref, bool) {
	if !p.hasCursor() || p.cursor >= len(p.refs) || p.refs[p.cursor].Name == "" {
		return object.Ref{}, false
	}
	return p.refs[p.cursor], true
}

package ui

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// The sizes of the screen. In a window that is narrower than the first, only the focused pane
// is shown; from the second and third on, four panes are shown beside the list at the same
// time.
const (
	besideWidth            = 60
	gridWidth, gridHeight  = 150, 40
	minListWidth, maxWidth = 22, 40
)

// rowsAround are the lines above and below the panes: the head, the message and the keys.
const rowsAround = 3

func (m *Model) bodyHeight() int { return max(1, m.height-rowsAround) }

// isGrid reports whether four panes are shown at the same time.
func (m *Model) isGrid() bool { return m.width >= gridWidth && m.height >= gridHeight }

// listWidth is the width of the list, 0 if it is not shown.
func (m *Model) listWidth() int {
	switch {
	case m.width >= besideWidth:
		return max(minListWidth, min(m.width/5, maxWidth))
	case m.focus == tenantsPane:
		return m.width
	}
	return 0
}

// besideList is the width of what is beside the list and its border.
func (m *Model) besideList() int {
	if list := m.listWidth(); list > 0 {
		return max(0, m.width-list-1)
	}
	return m.width
}

// gridLeft is the width of the left one of two panes beside the list.
func (m *Model) gridLeft() int { return (m.besideList() - 1) / 2 }

// gridTop is the height of the upper one of two panes, with its title.
func (m *Model) gridTop() int { return m.bodyHeight() / 2 }

// widthOf is the width of a pane's text.
func (m *Model) widthOf(id paneID) int {
	switch {
	case id == tenantsPane:
		return m.listWidth()
	case !m.isGrid():
		return m.besideList()
	case id == chainPane || id == causesPane:
		return m.gridLeft()
	}
	return m.besideList() - 1 - m.gridLeft()
}

// heightOf is the height of a pane's text, without its title.
func (m *Model) heightOf(id paneID) int {
	switch {
	case !m.isGrid() || id == tenantsPane:
		return max(1, m.bodyHeight()-1)
	case id == chainPane || id == eventsPane:
		return m.gridTop() - 1
	}
	return m.bodyHeight() - m.gridTop() - 1
}

// isVisible reports whether a pane is on the screen.
func (m *Model) isVisible(id paneID) bool {
	switch {
	case m.isGrid():
		return id <= eventsPane || id == m.corner
	case id == tenantsPane:
		return m.listWidth() > 0
	}
	return id == m.shown && m.besideList() > 0
}

func (m *Model) styleOf(id paneID) term.Style {
	return term.Style{Width: m.widthOf(id), Colour: m.colour}
}

// layOut renders the texts that do not come from a running command.
func (m *Model) layOut() {
	if m.width == 0 {
		return
	}
	status, ok := m.status()
	if !ok {
		m.panes[chainPane].setObjects(nil, nil)
		m.panes[causesPane].lines = nil
		return
	}
	lines, refs := render.ChainLines(status, m.now(), m.styleOf(chainPane))
	chain := &m.panes[chainPane]
	first := chain.refs == nil
	chain.setObjects(lines, refs)
	if first {
		chain.cursor = lineOf(refs, status.Verdict.Ref)
	}
	m.panes[causesPane].lines = m.causes()
}

// lineOf is the line of an object, or of the first one.
func lineOf(refs []object.Ref, wanted object.Ref) int {
	first := 0
	for i, ref := range refs {
		if ref.Name != "" && ref.Same(wanted) {
			return i
		}
		if ref.Name != "" && first == 0 {
			first = i
		}
	}
	return first
}

// causes is the text of the explanation.
func (m *Model) causes() []string {
	e := m.explained
	switch {
	case e.err != nil:
		return m.styleOf(causesPane).Wrap("Explaining "+m.selected+" failed: "+escape.Sentence(e.err.Error()), "", "  ")
	case len(e.answer.Subjects) == 0:
		return []string{"Reading what " + escape.Sentence(m.selected) + " depends on …"}
	}
	var text strings.Builder
	e.answer.At = m.now() // ages are counted to it
	style := m.styleOf(causesPane)
	style.Wide = m.panes[causesPane].wrap // nothing is cut, and the pane wraps it
	if err := render.Explain(&text, e.answer, style); err != nil {
		return []string{err.Error()}
	}
	return strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
}

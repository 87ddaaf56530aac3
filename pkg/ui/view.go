package ui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// View draws the screen.
func (m *Model) View() tea.View {
	view := tea.NewView(m.screen())
	view.AltScreen = true
	view.WindowTitle = m.services.Name + " ui"
	return view
}

// screen is the text of the screen: as many lines as it is high.
func (m *Model) screen() string {
	if m.width == 0 || m.height == 0 {
		return ""
	}
	lines := []string{m.head()}
	if m.help {
		lines = append(lines, m.helpPage()...)
	} else {
		lines = append(lines, m.body()...)
	}
	lines = append(lines, m.bottom()...)
	for i := range lines {
		lines[i] = fill(lines[i], m.width)
	}
	return strings.Join(lines[:min(len(lines), m.height)], "\n")
}

// head shows what is displayed, how many tenants are not ready, and whether the state is
// current.
func (m *Model) head() string {
	text := " " + m.services.Name + "  " + escape.Sentence(m.services.Place)
	if m.look.At.IsZero() {
		if m.look.Err != nil {
			return m.alarm(" NOT CONNECTED " + text)
		}
		return m.bold(text + "  reading the cluster …")
	}
	text += fmt.Sprintf("  %s, %d not ready  %s", finding.Count(len(m.look.Statuses), "tenant"), notReady(m.look.Statuses), m.now().UTC().Format("15:04:05 UTC"))
	if m.look.Err != nil {
		since := m.now().Sub(m.look.Stale).Truncate(time.Second)
		return m.alarm(fmt.Sprintf(" STALE for %s %s", since, text))
	}
	return m.bold(text)
}

func (m *Model) bold(text string) string {
	if !m.colour {
		return text
	}
	return "\x1b[1m" + text + "\x1b[0m"
}

// alarm shows a line that the user must not miss.
func (m *Model) alarm(text string) string {
	if !m.colour {
		return text
	}
	return "\x1b[1;31m" + text + "\x1b[0m"
}

// body joins the list and the panes.
func (m *Model) body() []string {
	height := m.bodyHeight()
	var blocks [][]string
	if width := m.listWidth(); width > 0 {
		blocks = append(blocks, m.list(width, height))
	}
	switch {
	case m.isGrid():
		top := m.gridTop()
		blocks = append(blocks,
			append(m.block(chainPane, top), m.block(causesPane, height-top)...),
			append(m.block(eventsPane, top), m.block(m.corner, height-top)...))
	case m.besideList() > 0:
		blocks = append(blocks, m.tabbed(height))
	}
	return joined(blocks, height)
}

// joined places blocks side by side, with a border between them.
func joined(blocks [][]string, height int) []string {
	lines := make([]string, height)
	for i := range lines {
		parts := make([]string, len(blocks))
		for j, block := range blocks {
			if i < len(block) {
				parts[j] = block[i]
			}
		}
		lines[i] = strings.Join(parts, "│")
	}
	return lines
}

// list is the list of the tenants, with its title.
func (m *Model) list(width, height int) []string {
	visible := m.visible()
	title := "Tenants"
	if m.filter != "" {
		title = fmt.Sprintf("%d of %d /%s", len(visible), len(m.look.Statuses), escape.Line(m.filter))
	}
	lines := []string{fill(m.title(title, m.focus == tenantsPane), width)}
	rows := height - 1
	at := max(0, indexOf(visible, m.selected))
	m.listTop = max(0, min(m.listTop, len(visible)-rows))
	m.listTop = max(at-rows+1, min(m.listTop, at))
	for i := m.listTop; i < len(visible) && len(lines) < height; i++ {
		lines = append(lines, m.row(visible[i], width))
	}
	for len(lines) < height {
		lines = append(lines, fill("", width))
	}
	return lines
}

// row is the line of a tenant in the list.
func (m *Model) row(s tenant.Status, width int) string {
	const statusWidth = len(health.Progressing)
	mark := "  "
	if s.Name == m.selected {
		mark = "> "
	}
	name := fill(mark+escape.Sentence(s.Name), width-statusWidth-1)
	status := string(s.Verdict.Status)
	switch {
	case !m.colour:
		return fill(name+" "+status, width)
	case s.Name == m.selected && m.focus == tenantsPane:
		return "\x1b[7m" + fill(name+" "+status, width) + "\x1b[0m"
	}
	return fill(name+" "+render.StatusWord(s.Verdict.Status, m.styleOf(tenantsPane)), width)
}

// title is the title of a pane, in brackets if it is focused.
func (m *Model) title(text string, focused bool) string {
	if focused {
		return m.bold("[" + text + "]")
	}
	return " " + text + " "
}

// block is a pane with its title.
func (m *Model) block(id paneID, height int) []string {
	width := m.widthOf(id)
	title := m.title(m.paneTitle(id), m.focus == id)
	rule := strings.Repeat("─", max(0, width-ansi.StringWidth(title)))
	return append([]string{fill(title+rule, width)}, m.text(id, height-1)...)
}

// paneTitle is the title of a pane with its key.
func (m *Model) paneTitle(id paneID) string {
	text := fmt.Sprintf("%d %s", id, paneTitles[id])
	if m.panes[id].first > 0 {
		text += fmt.Sprintf(" (last %d lines)", maxLines)
	}
	if p := m.panes[id]; p.find != "" {
		text += " /" + escape.Line(p.find)
	}
	return text
}

// tabbed is one pane with the titles of all.
func (m *Model) tabbed(height int) []string {
	width := m.besideList()
	var tabs strings.Builder
	for id := chainPane; id <= outputPane; id++ {
		tabs.WriteString(m.title(m.paneTitle(id), id == m.shown))
	}
	return append([]string{fill(tabs.String(), width)}, m.text(m.shown, height-1)...)
}

// text is the visible text of a pane.
func (m *Model) text(id paneID, height int) []string {
	p, width := &m.panes[id], m.widthOf(id)
	if len(p.lines) > 0 {
		return p.view(width, height, m.focus == id, m.colour)
	}
	lines := make([]string, height)
	for i := range lines {
		text := ""
		if i == 0 {
			text = m.emptyText(id)
		}
		lines[i] = fill(text, width)
	}
	return lines
}

// emptyText is shown in a pane that has no text yet.
func (m *Model) emptyText(id paneID) string {
	_, hasTenant := m.status()
	switch {
	case id == outputPane:
		return "The output of commands that you run is shown here."
	case !hasTenant && m.look.At.IsZero():
		return ""
	case m.look.Absent != nil:
		return escape.Sentence(m.look.Absent.Error())
	case !hasTenant:
		return "No tenant was found."
	}
	if f := m.panes[id].feed; f != nil {
		if text := f.text(); text.ended {
			return fmt.Sprintf("The command has ended with exit status %d; r runs it again.", text.code)
		}
		return "Nothing yet; new lines appear here."
	}
	return ""
}

// bottom is the last two lines: the message, and the keys unless the message is too long for one
// line.
func (m *Model) bottom() []string {
	message := m.messageLine()
	if m.question == nil && m.message == "" || ansi.StringWidth(message) <= m.width {
		return []string{message, m.keyLine()}
	}
	lines := append(term.Style{Width: m.width}.Wrap(ansi.Strip(message), " ", " "), "")
	return []string{m.bold(lines[0]), m.bold(lines[1])}
}

// messageLine is the line for questions, input and messages.
func (m *Model) messageLine() string {
	switch {
	case m.question != nil:
		return m.bold(" [y/N] " + m.question.text)
	case m.help:
		return " j, k: scroll; any other key closes the help"
	case m.input != nil:
		return " " + m.input.prompt + escape.Line(m.input.text) + "█"
	case m.message != "":
		return " " + escape.Line(m.message)
	case m.isRunning():
		return " Running a command (5 shows its output, ctrl-x interrupts it) …"
	case m.look.Err != nil:
		return m.alarm(" " + escape.Sentence(m.look.Err.Error()))
	case m.focus == chainPane:
		return " " + m.objectLine()
	case m.explained.running > 0:
		return " Explaining " + escape.Sentence(m.selected) + " …"
	}
	return ""
}

// objectLine describes the object of the cursor, whose line may be cut.
func (m *Model) objectLine() string {
	status, _ := m.status()
	ref, ok := m.panes[chainPane].selected()
	for _, link := range status.Chain {
		if ok && link.Ref.Same(ref) {
			return escape.Sentence(ref.String() + ": " + string(link.Status) + " " + string(link.Reason) + " " + link.Message)
		}
	}
	return ""
}

// keyLine lists the most important keys.
func (m *Model) keyLine() string {
	line := ""
	for _, b := range bindings {
		key := " <" + b.keys[0] + "> " + b.short
		if b.short != "" && (!b.writes || !m.services.Recorded) && ansi.StringWidth(line+key) <= m.width {
			line += key
		}
	}
	return line
}

// helpPage lists all keys, from the first visible one on.
func (m *Model) helpPage() []string {
	var lines []string
	for _, b := range bindings {
		if b.writes && m.services.Recorded {
			continue
		}
		lines = append(lines, fmt.Sprintf("  %-16s %s", b.shown, b.does))
	}
	height := m.bodyHeight()
	m.helpTop = max(0, min(m.helpTop, len(lines)-height))
	for len(lines) < height {
		lines = append(lines, "")
	}
	return lines[m.helpTop : m.helpTop+height]
}

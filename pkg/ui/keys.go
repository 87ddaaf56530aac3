package ui

import (
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// binding is a key of the application, as the help page describes it.
type binding struct {
	keys  []string // as Bubble Tea names them
	shown string
	does  string
	run   func(m *Model, key string) tea.Cmd
	// writes is set for keys that change the cluster or connect to the tenant.
	writes bool
	// short is the text in the last line of the screen, empty if the key is not shown there.
	short string
}

// bindings are all keys, in the order of the help page. Where k9s has a key for the same
// purpose, it is the same key.
var bindings []binding

func init() {
	bindings = []binding{
		{keys: []string{"?"}, shown: "?", does: "Show or hide this help", short: "Help", run: func(m *Model, _ string) tea.Cmd { m.help, m.helpTop = !m.help, 0; return nil }},
		{keys: []string{"q", "ctrl+c"}, shown: "q, ctrl-c", does: "Quit", short: "Quit", run: quit},
		{keys: []string{"ctrl+z"}, shown: "ctrl-z", does: "Suspend this program; fg continues it", run: func(*Model, string) tea.Cmd { return tea.Suspend }},
		{keys: []string{"up", "k", "down", "j"}, shown: "j, k, ↓, ↑", does: "Move down, up", run: moveLine},
		{keys: []string{"pgup", "ctrl+b", "pgdown", "ctrl+f", "space"}, shown: "ctrl-f, ctrl-b", does: "Move one page down, up (also page down, page up)", run: movePage},
		{keys: []string{"g", "home", "G", "end"}, shown: "g, G", does: "Go to the first, the last line", run: moveEnd},
		{keys: []string{"tab", "shift+tab"}, shown: "tab, shift-tab", does: "Go to the next, the previous pane", run: nextPane, short: "Pane"},
		{keys: []string{"1", "2", "3", "4", "5"}, shown: "1 … 5", does: "Show the chain, causes, events, logs, output", run: numberedPane},
		{keys: []string{"enter", "d"}, shown: "enter, d", does: "Show the tenant's chain; in the chain: explain the object", run: enter},
		{keys: []string{"esc"}, shown: "esc", does: "Clear the filter or search, or go back to the tenants", run: back},
		{keys: []string{"/"}, shown: "/", does: "Filter the tenants; in a pane: search", run: startInput, short: "Filter"},
		{keys: []string{"n", "N"}, shown: "n, N", does: "Go to the next, the previous match", run: nextMatch},
		{keys: []string{":"}, shown: ":", does: "Type a command: a pane, a tenant, an action, help, quit", run: startInput},
		{keys: []string{"x"}, shown: "x", does: "Explain the tenant, or the object of the cursor", run: explainKey, short: "Explain"},
		{keys: []string{"e"}, shown: "e", does: "Show events", run: func(m *Model, _ string) tea.Cmd { return m.show(eventsPane) }},
		{keys: []string{"l"}, shown: "l", does: "Show logs, and follow them", run: func(m *Model, _ string) tea.Cmd { return m.show(logsPane) }, short: "Logs"},
		{keys: []string{"w"}, shown: "w", does: "Wrap long lines, or cut them", run: toggleWrap},
		{keys: []string{"s"}, shown: "s", does: "Follow new lines, or stop", run: toggleTail},
		{keys: []string{"r", "ctrl+r"}, shown: "r, ctrl-r", does: "Read the causes, events or logs again", run: refresh},
		{keys: []string{"c"}, shown: "c", does: "Copy the command of the fix; again: of the next fix", run: copyFix, short: "Copy fix"},
		{keys: []string{"R"}, shown: "R", does: "Reconcile the tenant", run: action, writes: true, short: "Reconcile"},
		{keys: []string{"S"}, shown: "S", does: "Suspend reconciliation of the tenant", run: action, writes: true},
		{keys: []string{"U"}, shown: "U", does: "Resume (unsuspend) reconciliation of the tenant", run: action, writes: true},
		{keys: []string{"V"}, shown: "V", does: "Validate the tenant's web and DICOM from this machine", run: action, writes: true},
		{keys: []string{"ctrl+x"}, shown: "ctrl-x", does: "Interrupt the running command", run: interrupt, writes: true},
	}
}

// key handles a key.
func (m *Model) key(msg tea.KeyPressMsg) tea.Cmd {
	key := msg.Keystroke()
	if msg.Text != "" && msg.Text != " " {
		key = msg.Text
	}
	switch {
	case m.input != nil:
		return m.edit(key, msg.Text)
	case m.question != nil:
		return m.answer(key)
	case m.help:
		return m.helpKey(key)
	}
	m.message = ""
	return m.press(key)
}

// press runs the binding of a key.
func (m *Model) press(key string) tea.Cmd {
	for _, b := range bindings {
		for _, k := range b.keys {
			if k != key {
				continue
			}
			if b.writes && m.services.Recorded {
				m.message = "This is a recording: nothing can be changed or connected to."
				return nil
			}
			return b.run(m, key)
		}
	}
	return nil
}

// helpKey scrolls the help page; any other key closes it.
func (m *Model) helpKey(key string) tea.Cmd {
	switch key {
	case "j", "down":
		m.helpTop++
	case "k", "up":
		m.helpTop--
	case "pgdown", "ctrl+f", "space", "G", "end":
		m.helpTop += m.bodyHeight() - 1
	case "pgup", "ctrl+b", "g", "home":
		m.helpTop -= m.bodyHeight() - 1
	case "ctrl+c":
		return quit(m, key)
	default:
		m.help = false
	}
	return nil
}

// quit ends the application, after a question if a command is running.
func quit(m *Model, _ string) tea.Cmd {
	if !m.isRunning() {
		return tea.Quit
	}
	m.question = &question{
		text: "A command is running. Interrupt it and quit? What Flux has begun continues.",
		yes:  func() tea.Cmd { return tea.Quit },
	}
	return nil
}

func moveLine(m *Model, key string) tea.Cmd {
	if key == "up" || key == "k" {
		return m.move(-1)
	}
	return m.move(1)
}

func movePage(m *Model, key string) tea.Cmd {
	page := max(1, m.heightOf(m.focus)-1)
	if key == "pgup" || key == "ctrl+b" {
		return m.move(-page)
	}
	return m.move(page)
}

func moveEnd(m *Model, key string) tea.Cmd {
	const all = 1 << 20
	if key == "g" || key == "home" {
		return m.move(-all)
	}
	return m.move(all)
}

// move moves in the focused pane.
func (m *Model) move(by int) tea.Cmd {
	if m.focus != tenantsPane {
		m.panes[m.focus].move(by, m.widthOf(m.focus), m.heightOf(m.focus))
		return nil
	}
	visible := m.visible()
	if len(visible) == 0 {
		return nil
	}
	at := max(0, indexOf(visible, m.selected))
	next := visible[max(0, min(at+by, len(visible)-1))].Name
	if next == m.selected {
		return nil
	}
	return m.selectTenant(next)
}

func nextPane(m *Model, key string) tea.Cmd {
	by := 1
	if key == "shift+tab" {
		by = len(m.panes) - 1
	}
	return m.show((m.focus + paneID(by)) % paneID(len(m.panes)))
}

func numberedPane(m *Model, key string) tea.Cmd { return m.show(paneID(key[0] - '0')) }

// show focuses a pane, and makes it visible.
func (m *Model) show(id paneID) tea.Cmd {
	m.focus = id
	if id == tenantsPane {
		return nil
	}
	m.shown = id
	if id == logsPane || id == outputPane {
		m.corner = id
	}
	return m.startFeeds()
}

func enter(m *Model, _ string) tea.Cmd {
	if m.focus == chainPane {
		return explainKey(m, "x")
	}
	return m.show(chainPane)
}

func explainKey(m *Model, _ string) tea.Cmd {
	ref := object.Ref{}
	if m.focus == chainPane {
		ref, _ = m.panes[chainPane].selected()
	}
	again := !ref.Same(m.explained.ref) || m.explained.err != nil
	m.explained.ref = ref
	cmd := m.show(causesPane)
	if again {
		m.explained.answer, m.explained.err = diagnose.Explanation{}, nil
		m.panes[causesPane].offset, m.copied = 0, 0
		return tea.Batch(cmd, m.explain(true))
	}
	return tea.Batch(cmd, m.explain(false))
}

func back(m *Model, _ string) tea.Cmd {
	switch {
	case m.focus != tenantsPane && m.panes[m.focus].find != "":
		m.panes[m.focus].search("")
	case m.focus == tenantsPane:
		m.filter = ""
	default:
		return m.show(tenantsPane)
	}
	return nil
}

func nextMatch(m *Model, key string) tea.Cmd {
	if m.focus == tenantsPane {
		return nil
	}
	p := &m.panes[m.focus]
	if p.find != "" && !p.seek(key == "N", m.widthOf(m.focus), m.heightOf(m.focus)) {
		m.message = "Nothing matches " + escape.Line(p.find) + "."
	}
	return nil
}

func toggleWrap(m *Model, _ string) tea.Cmd {
	if m.focus != tenantsPane && m.focus != chainPane {
		m.panes[m.focus].wrap = !m.panes[m.focus].wrap
	}
	return nil
}

func toggleTail(m *Model, _ string) tea.Cmd {
	if p := &m.panes[m.focus]; p.feed != nil {
		p.tail = !p.tail
		m.message = "New lines are followed."
		if !p.tail {
			m.message = "New lines are not followed."
		}
	}
	return nil
}

// refresh reads again what the focused pane shows.
func refresh(m *Model, _ string) tea.Cmd {
	switch m.focus {
	case eventsPane, logsPane:
		return m.restart(m.focus)
	}
	return m.explain(true)
}

// input is a line that the user types.
type input struct {
	prompt string
	text   string
	// before is the filter that esc restores.
	before string
}

func (i *input) add(text string) {
	for _, r := range text {
		if unicode.IsPrint(r) {
			i.text += string(r)
		}
	}
}

func startInput(m *Model, key string) tea.Cmd {
	m.input = &input{prompt: key, before: m.filter}
	return nil
}

// edit handles a key while the user types.
func (m *Model) edit(key, text string) tea.Cmd {
	i := m.input
	switch key {
	case "esc":
		m.filter, m.input = i.before, nil
		return m.keepSelection()
	case "enter":
		m.input = nil
		return m.accept(i)
	case "backspace":
		if i.text == "" {
			m.input = nil
			return nil
		}
		runes := []rune(i.text)
		i.text = string(runes[:max(0, len(runes)-1)])
	case "ctrl+u":
		i.text = ""
	case "ctrl+c":
		m.input = nil
		return quit(m, key)
	default:
		i.add(text)
	}
	return m.typed()
}

// typed filters the tenants while the user types.
func (m *Model) typed() tea.Cmd {
	i := m.input
	if i != nil && i.prompt == "/" && m.focus == tenantsPane {
		m.filter = strings.ToLower(i.text)
		return m.keepSelection()
	}
	return nil
}

// keepSelection selects a tenant that the filter shows.
func (m *Model) keepSelection() tea.Cmd {
	visible := m.visible()
	if len(visible) == 0 || indexOf(visible, m.selected) >= 0 {
		return nil
	}
	return m.selectTenant(visible[0].Name)
}

// accept handles a line that the user has completed.
func (m *Model) accept(i *input) tea.Cmd {
	if i.prompt == ":" {
		return m.command(strings.TrimSpace(i.text))
	}
	if m.focus == tenantsPane {
		return nil // it has been filtered while it was typed
	}
	m.panes[m.focus].search(i.text)
	return nextMatch(m, "n")
}

// command runs what the user has typed after a colon.
func (m *Model) command(text string) tea.Cmd {
	keys := map[string]string{
		"q": "q", "quit": "q", "help": "?", "reconcile": "R", "suspend": "S", "resume": "U", "validate": "V",
		"explain": "x", "copy": "c",
	}
	if key, ok := keys[text]; ok {
		return m.press(key)
	}
	for id, title := range paneTitles {
		if strings.EqualFold(text, title) {
			return m.show(paneID(id))
		}
	}
	if indexOf(m.look.Statuses, text) >= 0 {
		m.filter = ""
		return m.selectTenant(text)
	}
	if text != "" {
		m.message = "Unknown command: " + escape.Line(text) + " (? shows help)"
	}
	return nil
}

package ui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// question is what the user must confirm.
type question struct {
	text string
	yes  func() tea.Cmd
}

// actions are the commands that the user confirms, by their keys, with what they do.
var actions = map[string]struct{ command, does string }{
	"R": {"reconcile", "Flux applies the newest revision of %s now."},
	"S": {"suspend", "Flux stops applying changes to %s until it is resumed."},
	"U": {"resume", "Flux reverts manual changes of %s, and applies the newest revision."},
	"V": {"validate", "This machine connects to %s, stores a test study and deletes it."},
}

// action asks before a command runs.
func action(m *Model, key string) tea.Cmd {
	if m.isRunning() {
		m.message = "A command is running; ctrl-x interrupts it."
		return nil
	}
	if indexOf(m.visible(), m.selected) < 0 {
		m.message = "No tenant is selected."
		return nil
	}
	a := actions[key]
	args := []string{a.command, m.selected}
	m.question = &question{
		text: fmt.Sprintf("Run '%s'? ", m.commandLine(args)) + fmt.Sprintf(a.does, escape.Sentence(m.selected)),
		yes:  func() tea.Cmd { return m.start(args) },
	}
	return nil
}

// isRunning reports whether a command that the user started is running.
func (m *Model) isRunning() bool {
	f := m.panes[outputPane].feed
	return f != nil && !f.text().ended
}

// answer handles the key after a question: only y is yes.
func (m *Model) answer(key string) tea.Cmd {
	q := m.question
	m.question = nil
	if key != "y" && key != "Y" {
		m.message = "Nothing was changed."
		return nil
	}
	return q.yes()
}

// start runs a command, and shows its output.
func (m *Model) start(args []string) tea.Cmd {
	p := &m.panes[outputPane]
	p.clear()
	p.tail, p.find, p.of = true, "", m.selected
	m.corner, m.shown, m.focus = outputPane, outputPane, outputPane
	var cmd tea.Cmd
	p.feed, cmd = m.run(outputPane, args, m.styleOf(outputPane))
	return cmd
}

// commandLine is a command as the user would type it.
func (m *Model) commandLine(args []string) string {
	return m.services.Name + " " + string(escape.ShellWords(args))
}

func interrupt(m *Model, _ string) tea.Cmd {
	if !m.isRunning() {
		m.message = "No command is running."
		return nil
	}
	m.panes[outputPane].feed.cancel()
	return nil
}

// fixes are the commands of the fixes that are shown, without repetitions.
func (m *Model) fixes() []string {
	var commands []string
	seen := map[string]bool{}
	for _, s := range m.explained.answer.Subjects {
		for _, c := range s.Causes {
			for _, fix := range c.Fixes {
				if fix.Command != "" && !seen[fix.Command] {
					seen[fix.Command] = true
					commands = append(commands, fix.Command)
				}
			}
		}
	}
	return commands
}

// copyFix copies the command of a fix to the clipboard of the user's terminal, which also works
// over ssh (OSC 52).
func copyFix(m *Model, _ string) tea.Cmd {
	commands := m.fixes()
	if len(commands) == 0 {
		m.message = "No fix has a command."
		return nil
	}
	at := m.copied % len(commands)
	m.copied = at + 1
	m.message = fmt.Sprintf("Copied (%d of %d): %s", at+1, len(commands), escape.Sentence(commands[at]))
	return tea.SetClipboard(commands[at])
}

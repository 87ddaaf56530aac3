package ui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// Model is the state of the application.
type Model struct {
	ctx      context.Context
	services Services
	colour   bool
	// clock is this machine's: only durations of it are used.
	clock func() time.Time
	// after delivers a message after some time.
	after func(time.Duration, tea.Msg) tea.Cmd

	width, height int
	look          Look
	received      time.Time // when look arrived, by clock
	failure       error     // why the application has ended
	commands      sync.WaitGroup

	selected string // name of the selected tenant
	filter   string // of the list, in lower case
	listTop  int    // the first tenant that is visible
	panes    [outputPane + 1]pane
	focus    paneID
	shown    paneID // the pane beside the list, if only one fits
	corner   paneID // logs or output, which share a part of a large screen

	explained explained
	input     *input
	question  *question
	help      bool
	message   string
	helpTop   int // the first line of the help page that is visible
	copied    int // which of the fixes was copied last
	// eventsWidth is the width for which the events are laid out.
	eventsWidth int
}

// explained is the explanation that is shown.
type explained struct {
	// tenant and ref are what is explained: the tenant, unless ref has a name.
	tenant string
	ref    object.Ref
	// status is the tenant's state that was explained.
	status tenant.Status
	answer diagnose.Explanation
	err    error
	// at is when it was read, by the model's clock.
	at time.Time
	// running is the number of the explanation that was started last, 0 if none is running.
	running, started int
}

// explainedMsg is the result of an explanation.
type explainedMsg struct {
	number int
	answer diagnose.Explanation
	err    error
}

// tickMsg arrives each second: ages and remaining times change.
type tickMsg struct{}

// settledMsg arrives some time after the selection has changed.
type settledMsg struct{ tenant string }

// resizedMsg arrives some time after the size has changed, with the width of the events.
type resizedMsg struct{ width int }

// settleTime is how long a tenant must be selected before it is explained and its events and
// logs are read.
const settleTime = 300 * time.Millisecond

func newModel(ctx context.Context, services Services, options Options, clock func() time.Time) *Model {
	m := &Model{
		ctx: ctx, services: services, colour: options.Colour, clock: clock, selected: options.Tenant,
		focus: tenantsPane, shown: chainPane, corner: logsPane,
	}
	m.after = func(d time.Duration, msg tea.Msg) tea.Cmd {
		return tea.Tick(d, func(time.Time) tea.Msg { return msg })
	}
	return m
}

// Init starts the clock.
func (m *Model) Init() tea.Cmd {
	if m.services.Recorded {
		return nil
	}
	return m.after(time.Second, tickMsg{})
}

// Update handles a message. All of the model's state changes here.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		cmd = m.resize(msg.Width, msg.Height)
	case Look:
		cmd = m.setLook(msg)
	case tea.RawMsg:
		cmd = tea.ClearScreen
	case failedMsg:
		m.failure = msg.err
		return m, tea.Quit
	case tickMsg:
		cmd = tea.Batch(m.after(time.Second, tickMsg{}), m.explain(false))
	case resizedMsg:
		if msg.width == m.widthOf(eventsPane) && m.panes[eventsPane].feed != nil && m.eventsWidth != msg.width {
			cmd = m.restart(eventsPane)
		}
	case settledMsg:
		if msg.tenant == m.selected {
			cmd = tea.Batch(m.explain(false), m.startFeeds())
		}
	case explainedMsg:
		cmd = m.setExplained(msg)
	case feedMsg:
		return m, m.setFeed(msg)
	case tea.PasteMsg:
		if m.input != nil {
			m.input.add(msg.Content)
			cmd = m.typed()
		}
	case tea.KeyPressMsg:
		cmd = m.key(msg)
	}
	m.layOut()
	return m, cmd
}

// resetMargins makes all rows of the terminal scroll, DECSTBM without parameters.
const resetMargins = "\x1b[r"

// resize changes the size. The columns of events depend on the width: they are read again when
// it has not changed for a moment.
//
// Bubble Tea 2.1.1 scrolls by setting the scrolling region and then that of all rows, by their
// number. If the terminal gets larger at that time, only the rows of the old size scroll from then
// on, and what is drawn later is displaced. So the region is reset, and the screen drawn again.
func (m *Model) resize(width, height int) tea.Cmd {
	var reset tea.Cmd
	if m.width > 0 { // not at the start, when nothing has been scrolled
		reset = tea.Raw(resetMargins)
	}
	m.width, m.height = width, height
	return tea.Batch(reset, m.startFeeds(), m.after(settleTime, resizedMsg{m.widthOf(eventsPane)}))
}

// setLook shows a new state.
func (m *Model) setLook(l Look) tea.Cmd {
	if l.Statuses == nil && l.Err != nil { // the state before is still the last one
		l.Statuses, l.At, l.Absent = m.look.Statuses, m.now(), m.look.Absent
	}
	m.look, m.received = l, m.clock()
	before := m.selected
	if _, ok := m.status(); !ok {
		m.selected = tenantOf(l.Statuses, m.selected)
	}
	if m.selected == "" {
		m.selected = firstTenant(m.visible())
	}
	if m.selected != before {
		return m.selectTenant(m.selected)
	}
	return tea.Batch(m.explain(false), m.startFeeds())
}

// tenantOf is the tenant of that name, or of a namespace of that name, empty if there is none.
func tenantOf(statuses []tenant.Status, name string) string {
	for _, s := range statuses {
		if s.Name == name || slices.Contains(s.Namespaces, name) {
			return s.Name
		}
	}
	return ""
}

// firstTenant is the one that is selected at the start: the first that is not ready, or the first.
// It is empty if there is none.
func firstTenant(statuses []tenant.Status) string {
	if len(statuses) == 0 {
		return ""
	}
	at := slices.IndexFunc(statuses, func(s tenant.Status) bool { return !s.Ready() })
	return statuses[max(0, at)].Name
}

// indexOf is the position of a tenant, -1 if it is not there.
func indexOf(statuses []tenant.Status, name string) int {
	return slices.IndexFunc(statuses, func(s tenant.Status) bool { return s.Name == name })
}

// notReady is the number of tenants that are not ready.
func notReady(statuses []tenant.Status) int {
	count := 0
	for _, s := range statuses {
		if !s.Ready() {
			count++
		}
	}
	return count
}

// now is the current time, by the API server's clock.
func (m *Model) now() time.Time {
	if m.services.Recorded || m.look.At.IsZero() {
		return m.look.At
	}
	return m.look.At.Add(m.clock().Sub(m.received))
}

// status is the selected tenant's.
func (m *Model) status() (tenant.Status, bool) { return named(m.look.Statuses, m.selected) }

// named is the tenant of that name, and whether there is one.
func named(statuses []tenant.Status, name string) (tenant.Status, bool) {
	if at := indexOf(statuses, name); at >= 0 {
		return statuses[at], true
	}
	return tenant.Status{}, false
}

// visible are the tenants that the filter shows.
func (m *Model) visible() []tenant.Status {
	if m.filter == "" {
		return m.look.Statuses
	}
	return slices.DeleteFunc(slices.Clone(m.look.Statuses), func(s tenant.Status) bool {
		text := s.Name + " " + string(s.Verdict.Status) + " " + s.Verdict.Ref.Short() + " " + string(s.Verdict.Reason)
		return !strings.Contains(strings.ToLower(text), m.filter)
	})
}

// selectTenant shows another tenant. What must be read for it is read when the user has
// stopped to move through the list.
func (m *Model) selectTenant(name string) tea.Cmd {
	m.selected, m.copied = name, 0
	for id := chainPane; id <= logsPane; id++ {
		p := &m.panes[id]
		if p.feed != nil {
			p.feed.cancel()
		}
		p.clear()
		p.find = ""
	}
	m.explained = explained{started: m.explained.started}
	return m.after(settleTime, settledMsg{name})
}

// explain starts an explanation if there is none of the tenant's state, or always if again is
// set.
func (m *Model) explain(again bool) tea.Cmd {
	status, ok := m.status()
	if !ok {
		return nil
	}
	e := &m.explained
	if !again && (e.running > 0 || m.look.Err != nil || e.tenant == status.Name && !m.isOutdated(status)) {
		return nil
	}
	if e.tenant != status.Name {
		e.ref = object.Ref{}
	}
	e.started++
	e.tenant, e.status, e.running = status.Name, status, e.started
	number, ref := e.started, e.ref
	return func() tea.Msg {
		answer, err := m.services.Explain(m.ctx, status.Name, ref)
		return explainedMsg{number, answer, err}
	}
}

// isOutdated reports whether the explanation of a tenant must be read again: its state has
// changed, or the user sees a cause, which can change without the state.
func (m *Model) isOutdated(status tenant.Status) bool {
	if m.services.Recorded {
		return false
	}
	age := m.clock().Sub(m.explained.at)
	if m.explained.err != nil || len(tenant.Changes([]tenant.Status{m.explained.status}, []tenant.Status{status})) > 0 {
		return age >= explainTime
	}
	return !status.Ready() && m.isVisible(causesPane) && age >= explainAgainTime
}

// explainTime is how often a tenant whose state changes is explained at most, and
// explainAgainTime how often one that is not ready.
const (
	explainTime      = 5 * time.Second
	explainAgainTime = 30 * time.Second
)

func (m *Model) setExplained(msg explainedMsg) tea.Cmd {
	e := &m.explained
	if msg.number != e.running {
		return nil // of another tenant or object
	}
	e.running, e.answer, e.err, e.at = 0, msg.answer, msg.err, m.clock()
	return nil
}

func (m *Model) setFeed(msg feedMsg) tea.Cmd {
	p := &m.panes[msg.pane]
	if p.feed != msg.from {
		return nil // of another tenant
	}
	text := msg.from.text()
	p.setText(text)
	if !text.ended {
		return msg.from.wait(msg.pane)
	}
	if msg.pane == outputPane {
		m.message = "The command " + outcomeOf(text.code) + "."
	}
	return nil
}

// outcomeOf describes an exit status.
func outcomeOf(code int) string {
	switch code {
	case 0:
		return "succeeded"
	case 124:
		return "has ended because its timeout expired (exit status 124)"
	case 130:
		return "was interrupted (exit status 130)"
	}
	return fmt.Sprintf("has ended with exit status %d", code)
}

// startFeeds starts the commands of the panes that are visible.
func (m *Model) startFeeds() tea.Cmd {
	if _, ok := m.status(); !ok || m.width == 0 {
		return nil
	}
	var cmds []tea.Cmd
	for _, id := range []paneID{eventsPane, logsPane} {
		p := &m.panes[id]
		if !m.isVisible(id) || p.of == m.selected {
			continue
		}
		p.of, p.tail = m.selected, true
		if id == logsPane && m.services.Recorded {
			p.lines = []string{"A recording has no logs."}
			continue
		}
		args := []string{"logs", m.selected, "--follow"}
		if id == eventsPane {
			args = []string{"events", m.selected}
			if !m.services.Recorded {
				args = append(args, "--watch")
			}
		}
		if id == eventsPane {
			m.eventsWidth = m.widthOf(id)
		}
		var cmd tea.Cmd
		p.feed, cmd = m.run(id, args, m.styleOf(id))
		cmds = append(cmds, cmd)
	}
	return tea.Batch(cmds...)
}

// restart starts the command of a pane again.
func (m *Model) restart(id paneID) tea.Cmd {
	p := &m.panes[id]
	if p.feed != nil {
		p.feed.cancel()
	}
	p.clear()
	return m.startFeeds()
}

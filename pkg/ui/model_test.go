package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/internal/watched"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
)

// example reads a recorded cluster.
func example(t testing.TB, name string) *snapshot.Snapshot {
	t.Helper()
	snap, err := recording.Read(t.Context(), recording.Source{From: []string{"example:" + name}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// lookAt is the state of the tenants in a snapshot.
func lookAt(t testing.TB, snap *snapshot.Snapshot) Look {
	t.Helper()
	statuses, err := selection.Named(snap, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return Look{Statuses: statuses, At: snap.Meta().At}
}

// servicesOf are the services of a cluster in the state of a snapshot. Commands print their
// arguments and the width of their part of the terminal.
func servicesOf(snap *snapshot.Snapshot) Services {
	return Services{
		Name: "kubectl orthweb", Place: "lab",
		Explain: func(_ context.Context, tenant string, ref object.Ref) (diagnose.Explanation, error) {
			q := explain.Question{Arguments: []string{tenant}}
			if ref.Name != "" {
				q = explain.Question{Arguments: []string{ref.Kind + "." + ref.GroupKind().Group + "/" + ref.Name}, Namespace: ref.Namespace}
			}
			answer := explain.Recorded(snap, q)
			return answer.Explanation, answer.Err
		},
		Run: func(_ context.Context, args []string, out io.Writer, style term.Style) int {
			_, _ = fmt.Fprintf(out, "%s (%d columns)\n", strings.Join(args, " "), style.Width)
			return 0
		},
	}
}

// driver drives a model without a terminal: it runs its commands, and delivers their messages,
// until only timers are left.
type driver struct {
	t     *testing.T
	model *Model
	now   time.Time
}

// drive starts the application in the state of an example.
func drive(t *testing.T, services Services, options Options, width, height int) *driver {
	t.Helper()
	d := &driver{t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	d.model = newModel(t.Context(), services, options, func() time.Time { return d.now })
	d.model.after = func(_ time.Duration, msg tea.Msg) tea.Cmd { return func() tea.Msg { return msg } }
	d.send(tea.WindowSizeMsg{Width: width, Height: height})
	return d
}

func (d *driver) send(msg tea.Msg) {
	d.t.Helper()
	_, cmd := d.model.Update(msg)
	d.run(cmd)
}

// run runs a command that the model has returned. A timer expires at once, and the clock's
// tick is not repeated.
func (d *driver) run(cmd tea.Cmd) {
	d.t.Helper()
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil, tickMsg, tea.QuitMsg:
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
	default:
		d.send(msg)
	}
}

// press presses keys: characters, or names in angle brackets, as <enter>.
func (d *driver) press(keys string) {
	d.t.Helper()
	named := map[string]tea.KeyPressMsg{
		"<enter>": {Code: tea.KeyEnter}, "<esc>": {Code: tea.KeyEscape}, "<tab>": {Code: tea.KeyTab}, "<down>": {Code: tea.KeyDown},
		"<backspace>": {Code: tea.KeyBackspace}, "<shift+tab>": {Code: tea.KeyTab, Mod: tea.ModShift}, "<ctrl+x>": {Code: 'x', Mod: tea.ModCtrl},
	}
	for keys != "" {
		if end := strings.Index(keys, ">"); keys[0] == '<' && end > 0 {
			key, ok := named[keys[:end+1]]
			if !ok {
				d.t.Fatalf("unknown key %s", keys[:end+1])
			}
			d.send(key)
			keys = keys[end+1:]
			continue
		}
		r, size := utf8.DecodeRuneInString(keys)
		d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		keys = keys[size:]
	}
}

// screen is the text of the screen, without styles. Each line has the width of the terminal.
func (d *driver) screen() string {
	d.t.Helper()
	m := d.model
	lines := strings.Split(m.screen(), "\n")
	if len(lines) != m.height {
		d.t.Errorf("%d lines on a terminal of %d", len(lines), m.height)
	}
	for i, line := range lines {
		if got := ansi.StringWidth(line); got != m.width {
			d.t.Errorf("line %d is %d wide on a terminal of %d: %q", i, got, m.width, line)
		}
		lines[i] = strings.TrimRight(ansi.Strip(line), " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

// TestResizeResetsMargins runs the application with Bubble Tea: after a change of the size, all rows
// of the terminal scroll, and the screen is drawn again.
func TestResizeResetsMargins(t *testing.T) {
	out := watched.New()
	model := newModel(t.Context(), servicesOf(example(t, "failing")), Options{}, time.Now)
	p := tea.NewProgram(model, tea.WithInput(nil), tea.WithOutput(out), tea.WithWindowSize(80, 24), tea.WithoutSignals(), tea.WithContext(t.Context()))
	ended := make(chan error, 1)
	go func() {
		_, err := p.Run()
		ended <- err
	}()
	out.WaitFor(t, "reading the cluster")
	p.Send(tea.WindowSizeMsg{Width: 200, Height: 60})
	out.WaitUntil(t, "screen after a reset", func(all string) bool {
		_, after, _ := strings.Cut(all, resetMargins)
		_, screen, _ := strings.Cut(after, "\x1b[2J")
		return strings.Contains(screen, "reading the cluster")
	})
	p.Quit()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestScreens compares screens with golden files.
func TestScreens(t *testing.T) {
	failing := example(t, "failing")
	for _, c := range []struct {
		name          string
		width, height int
		options       Options
		keys          string
		change        func(d *driver)
	}{
		{name: "start", width: 80, height: 24},
		{name: "start-200", width: 200, height: 60},
		{name: "start-narrow", width: 50, height: 20},
		{name: "narrow-chain", width: 50, height: 20, keys: "<enter>"},
		{name: "tenant", width: 80, height: 24, options: Options{Tenant: "mhr"}},
		{name: "select", width: 80, height: 24, keys: "j"},
		{name: "causes", width: 80, height: 24, keys: "x"},
		{name: "chain-cursor", width: 80, height: 24, keys: "<enter>jj"},
		{name: "object", width: 100, height: 30, keys: "<enter>kk<enter>"},
		{name: "filter", width: 80, height: 24, keys: "/fail"},
		{name: "filter-none", width: 80, height: 24, keys: "/xyz<enter>"},
		{name: "filter-cleared", width: 80, height: 24, keys: "/mhr<esc>"},
		{name: "search", width: 80, height: 24, keys: "x/prefix<enter>n"},
		{name: "search-none", width: 80, height: 24, keys: "x/nowhere<enter>"},
		{name: "events", width: 80, height: 24, keys: "e"},
		{name: "logs", width: 80, height: 24, keys: "l"},
		{name: "help", width: 80, height: 30, keys: "?"},
		{name: "copy", width: 80, height: 24, keys: "c"},
		{name: "question", width: 120, height: 24, keys: "R"},
		{name: "question-no", width: 80, height: 24, keys: "Rn"},
		{name: "output", width: 80, height: 24, keys: "Sy"},
		{name: "output-200", width: 200, height: 60, keys: "Vy"},
		{name: "command", width: 80, height: 24, keys: ":causes<enter>"},
		{name: "command-tenant", width: 80, height: 24, keys: ":mhr<enter>"},
		{name: "command-unknown", width: 80, height: 24, keys: ":rm -rf<enter>"},
		{name: "stale", width: 100, height: 24, change: func(d *driver) {
			d.send(Look{Stale: d.model.now().Add(-12 * time.Second), Err: errors.New("the API server at https://127.0.0.1:6443: connection refused")})
		}},
		{name: "not-connected", width: 80, height: 24, change: func(d *driver) {
			d.model.look, d.model.selected = Look{}, ""
			for range 2 {
				d.send(Look{Stale: d.now, Err: errors.New("the API server at https://127.0.0.1:6443: connection refused")})
				d.now = d.now.Add(time.Minute)
			}
		}},
		{name: "no-tenant", width: 80, height: 24, change: func(d *driver) {
			d.send(Look{At: d.model.look.At, Absent: errors.New("no tenant was found: forbidden: cannot list kustomizations")})
		}},
		{name: "namespace", width: 80, height: 24, options: Options{Tenant: "mhr-orthweb"}},
		{name: "paste", width: 80, height: 24, keys: "/", change: func(d *driver) {
			d.send(tea.PasteMsg{Content: "mhr"})
			d.press("<enter>")
		}},
		{name: "question-narrow", width: 60, height: 24, keys: "V"},
		{name: "action-filtered", width: 80, height: 24, keys: "/zzz<enter>R"},
		{name: "causes-wrapped", width: 80, height: 24, keys: "xw"},
		{name: "help-scrolled", width: 80, height: 24, keys: "?jjj"},
		{name: "search-last", width: 80, height: 24, keys: "x/orthanc<enter>nnnnnnnnnnnnnnnnnn"},
		{name: "later", width: 80, height: 24, change: func(d *driver) {
			d.now = d.now.Add(90 * time.Second)
			d.send(tickMsg{})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := drive(t, servicesOf(failing), c.options, c.width, c.height)
			d.send(lookAt(t, failing))
			d.press(c.keys)
			if c.change != nil {
				c.change(d)
			}
			samples.Golden(t, c.name, d.screen())
		})
	}
}

package ui

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// linear is the application for screen readers: it prints each line once, in the order in
// which it is read, and never moves the cursor.
type linear struct {
	services Services
	out      io.Writer
	look     Look
	selected string
	// lines are the lines that the user types, closed at their end.
	lines chan string
	// looks are the states of the tenants.
	looks chan Look
	// said is the last problem that was reported.
	said string
}

// RunLinear runs the application without moving the cursor: it prints lines, and reads commands
// from in, until the user quits or in ends. Changes of the tenants' states are reported when
// they are seen.
func RunLinear(ctx context.Context, services Services, options Options, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := &linear{services: services, out: out, selected: options.Tenant, lines: make(chan string), looks: make(chan Look)}
	failed := make(chan error, 1)
	go func() {
		failed <- services.Watch(ctx, func(look Look) {
			select {
			case l.looks <- look:
			case <-ctx.Done():
			}
		})
	}()
	go l.read(ctx, in)
	return l.loop(ctx, failed)
}

// read passes on the lines that the user types.
func (l *linear) read(ctx context.Context, in io.Reader) {
	defer close(l.lines)
	reader := bufio.NewReader(in)
	for {
		line, more, err := reader.ReadLine()
		for skipped := more; skipped && err == nil; { // a line that is too long is no command
			line = []byte("a line of this length")
			_, skipped, err = reader.ReadLine()
		}
		if err != nil {
			return
		}
		select {
		case l.lines <- strings.TrimSpace(string(line)):
		case <-ctx.Done():
			return
		}
	}
}

// errQuit ends the loop.
var errQuit = errors.New("quit")

func (l *linear) loop(ctx context.Context, failed <-chan error) error {
	lines := chan string(nil) // nothing is read before it is known whether there is a connection
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-failed:
			if err != nil {
				return err
			}
			failed = nil // a recording has only one state
		case look := <-l.looks:
			first := l.look.At.IsZero()
			l.setLook(look)
			lines = l.lines
			if first && !l.look.At.IsZero() {
				l.greet()
			}
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			if err := l.command(ctx, line); err != nil {
				if errors.Is(err, errQuit) {
					return nil
				}
				return err
			}
			l.prompt()
		}
	}
}

func (l *linear) printf(format string, args ...any) { escape.Fprintf(l.out, format, args...) }

func (l *linear) prompt() {
	name := l.selected
	if name == "" {
		name = "no tenant"
	}
	l.printf("%s> ", name)
}

// greet prints the tenants, and selects the first that is not ready.
func (l *linear) greet() {
	l.tenants()
	l.selected = tenantOf(l.look.Statuses, l.selected)
	if l.selected == "" {
		l.selected = firstTenant(l.look.Statuses)
	}
	l.printf("Type help for the commands.\n")
	l.prompt()
}

// setLook reports what has changed.
func (l *linear) setLook(look Look) {
	if look.Err != nil {
		if text := look.Err.Error(); text != l.said && l.look.At.IsZero() {
			l.said = text
			l.printf("Not connected yet: %s. Type quit to end.\n", text)
		} else if text != l.said {
			l.said = text
			l.notice("The state is not current: %s.", text)
		}
		return
	}
	before := l.look
	l.look = look
	if before.At.IsZero() {
		l.said = ""
		return
	}
	if l.said != "" {
		l.said = ""
		l.notice("The state is current again.")
	}
	for _, c := range tenant.Changes(before.Statuses, look.Statuses) {
		switch {
		case c.After == nil:
			l.notice("Tenant %s no longer exists.", c.Tenant)
		case c.Before == nil:
			l.notice("New tenant %s: %s.", c.Tenant, sentence(*c.After))
		case c.Verdict():
			l.notice("%s is now %s; it was %s.", c.Tenant, sentence(*c.After), string(c.Before.Verdict.Status))
		}
	}
}

// notice prints a line that the user has not requested, and the prompt again.
func (l *linear) notice(format string, args ...any) {
	l.printf("\n"+format+"\n", args...)
	l.prompt()
}

// sentence is a tenant's status with what it waits for.
func sentence(s tenant.Status) string {
	text := string(s.Verdict.Status)
	if ref, ok := s.WaitsFor(); ok {
		text += ", waiting for " + ref.Short() + " " + string(s.Verdict.Reason)
	}
	return text
}

// tenants lists the tenants with numbers.
func (l *linear) tenants() {
	if l.look.Absent != nil {
		l.printf("%s: %v.\n", l.services.Place, l.look.Absent)
		return
	}
	l.printf("%s: %s, %d not ready.\n", l.services.Place, finding.Count(len(l.look.Statuses), "tenant"), notReady(l.look.Statuses))
	for i, s := range l.look.Statuses {
		l.printf("%d. %s: %s.\n", i+1, s.Name, sentence(s))
	}
}

// linearHelp describes the commands.
const linearHelp = `tenants: list the tenants.
A number or a name: select a tenant.
chain: list what the tenant depends on.
causes: explain why the tenant is not ready, with fixes.
explain KIND/NAME: explain an object of the chain.
events: list the tenant's events.
logs: show the tenant's last log lines.
reconcile, suspend, resume, validate: do this with the tenant, after a question.
help: show this help.
quit: end the program.
`

// command runs what the user has typed.
func (l *linear) command(ctx context.Context, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	if l.look.At.IsZero() && word != "q" && word != "quit" && word != "exit" && word != "help" {
		l.printf("Not connected yet. Type quit to end.\n")
		return nil
	}
	switch word {
	case "":
	case "q", "quit", "exit":
		return errQuit
	case "help", "?":
		l.printf("%s", escape.Composed(linearHelp))
	case "tenants":
		l.tenants()
	case "reconcile", "suspend", "resume", "validate":
		return l.act(ctx, word)
	case "chain", "causes", "explain", "events", "logs":
		return l.show(ctx, word, strings.TrimSpace(rest))
	default:
		l.choose(line)
	}
	return nil
}

// choose selects a tenant by its number or name.
func (l *linear) choose(line string) {
	if n, err := strconv.Atoi(line); err == nil && n >= 1 && n <= len(l.look.Statuses) {
		line = l.look.Statuses[n-1].Name
	}
	s, ok := named(l.look.Statuses, line)
	if !ok {
		l.printf("%s is neither a command nor a tenant. Type help for the commands.\n", line)
		return
	}
	l.selected = s.Name
	l.printf("%s is %s.\n", s.Name, sentence(s))
}

// show prints one view of the selected tenant.
func (l *linear) show(ctx context.Context, what, argument string) error {
	status, ok := named(l.look.Statuses, l.selected)
	if !ok {
		l.printf("Select a tenant first: type its number or name.\n")
		return nil
	}
	switch what {
	case "chain":
		return render.Chain(l.out, status, l.look.At, term.Style{})
	case "events":
		l.services.Run(ctx, []string{"events", l.selected}, l.out, term.Style{})
	case "logs":
		if l.services.Recorded {
			l.printf("A recording has no logs.\n")
			return nil
		}
		l.services.Run(ctx, []string{"logs", l.selected, "--tail=20"}, l.out, term.Style{})
	default:
		ref := object.Ref{}
		if argument != "" {
			if ref, ok = inChain(status, argument); !ok {
				l.printf("%s is not in the chain of %s. Type chain to list it.\n", argument, l.selected)
				return nil
			}
		}
		answer, err := l.services.Explain(ctx, l.selected, ref)
		if err != nil {
			l.printf("Explaining %s failed: %v.\n", l.selected, err)
			return nil
		}
		return render.Explain(l.out, answer, term.Style{})
	}
	return nil
}

// inChain finds KIND/NAME in a tenant's chain.
func inChain(s tenant.Status, argument string) (object.Ref, bool) {
	for _, link := range s.Chain {
		if link.Ref.Name != "" && strings.EqualFold(link.Ref.Short(), argument) {
			return link.Ref, true
		}
	}
	return object.Ref{}, false
}

// act runs a command with the selected tenant, after a question.
func (l *linear) act(ctx context.Context, command string) error {
	if l.services.Recorded {
		l.printf("This is a recording: nothing can be changed or connected to.\n")
		return nil
	}
	if _, ok := named(l.look.Statuses, l.selected); !ok {
		l.printf("Select a tenant first: type its number or name.\n")
		return nil
	}
	for _, a := range actions {
		if a.command == command {
			l.printf(a.does+"\n", l.selected)
		}
	}
	args := []string{command, l.selected}
	l.printf("Run '%s %s'? Type yes or no: ", l.services.Name, escape.ShellWords(args))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case line, ok := <-l.lines:
		if !ok {
			return errQuit
		}
		if !strings.EqualFold(line, "yes") && !strings.EqualFold(line, "y") {
			l.printf("Nothing was changed.\n")
			return nil
		}
	}
	code := l.services.Run(ctx, args, l.out, term.Style{})
	l.printf("The command %s.\n", outcomeOf(code))
	return nil
}

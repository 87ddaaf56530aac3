package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// colours matches the sequences that the screen may have.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

// TestAnyKeysAnySize presses random keys on terminals of random sizes, with hostile names and
// outputs. The screen must always have the size of the terminal, and no sequence except
// colours.
func TestAnyKeysAnySize(t *testing.T) {
	const hostile = "\x1b[2J\x1b]0;x\a\r\u202eevil\u200b\x9b31m"
	look := lookAt(t, example(t, "failing"))
	for i := range look.Statuses {
		s := &look.Statuses[i]
		s.Verdict.Message += hostile
		for j := range s.Chain {
			s.Chain[j].Message += hostile
		}
	}
	look.Statuses[0].Name += hostile
	keys := []string{"j", "k", "<tab>", "<shift+tab>", "<enter>", "<esc>", "/", "a", "f", ":", "x", "e", "l", "w", "s", "r", "c", "R", "y", "n", "N", "g", "G", "1", "2", "3", "4", "5", "?", "<down>", "<backspace>"}
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			services := servicesOf(example(t, "failing"))
			services.Place += hostile
			services.Run = func(_ context.Context, args []string, out io.Writer, _ term.Style) int {
				_, _ = io.WriteString(out, strings.Repeat("äöü漢字 ", len(args[1])*7%60)+"\t\x1b[31mred\x1b[0m\n")
				return len(args) - 1
			}
			d := drive(t, services, Options{Colour: seed%2 == 0}, 80, 24)
			d.send(look)
			for range 80 {
				switch random.IntN(8) {
				case 0:
					d.send(tea.WindowSizeMsg{Width: 1 + random.IntN(220), Height: 1 + random.IntN(70)})
				case 1:
					d.send(Look{Stale: look.At, Err: errors.New("gone " + hostile)})
				case 2:
					d.send(look)
				case 3:
					d.send(tea.PasteMsg{Content: hostile})
				default:
					d.press(keys[random.IntN(len(keys))])
				}
				d.screen()
				for _, r := range colours.ReplaceAllString(d.model.screen(), "") {
					if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x200b {
						t.Fatalf("the screen contains %q", r)
					}
				}
			}
		})
	}
}

// TestLateAnswersAreIgnored checks that the explanation of an object that is no longer selected
// does not replace the current one.
func TestLateAnswersAreIgnored(t *testing.T) {
	snap := example(t, "failing")
	services := servicesOf(snap)
	d := drive(t, services, Options{}, 80, 24)
	d.send(lookAt(t, snap))
	first := d.model.explain(true)
	second := d.model.explain(true)
	d.run(second)
	want := d.screen()
	answer := first().(explainedMsg)
	answer.answer, answer.err = diagnose.Explanation{}, errors.New("an old error")
	d.send(answer)
	d.press("2")
	if got := d.screen(); strings.Contains(got, "an old error") {
		t.Errorf("got\n%s\nbefore\n%s", got, want)
	}
}

// TestExplainOnlyWhenTheStateChanges counts the explanations.
func TestExplainOnlyWhenTheStateChanges(t *testing.T) {
	snap := example(t, "failing")
	services, count := servicesOf(snap), 0
	explain := services.Explain
	services.Explain = func(ctx context.Context, tenant string, ref object.Ref) (diagnose.Explanation, error) {
		count++
		return explain(ctx, tenant, ref)
	}
	d := drive(t, services, Options{}, 80, 24)
	expect := func(what string, want int) {
		t.Helper()
		if count != want {
			t.Errorf("%s: %d explanations, want %d", what, count, want)
		}
	}
	look := lookAt(t, snap)
	d.send(look)
	expect("the first state", 1)
	d.send(look)
	d.send(tickMsg{})
	expect("the same state", 1)
	changed := lookAt(t, snap)
	changed.Statuses[0].Chain[0].Reason = "changed"
	d.send(changed)
	expect("a change immediately afterwards", 1)
	d.now = d.now.Add(explainTime)
	d.send(tickMsg{})
	expect("a change, later", 2)
	d.press("r")
	expect("a request of the user", 3)
	d.send(Look{Err: errors.New("gone"), Stale: d.now})
	d.now = d.now.Add(time.Minute)
	d.send(tickMsg{})
	expect("a lost connection", 3)
	d.press("j")
	expect("another tenant", 3) // nothing can be read
	d.send(changed)
	expect("another tenant, connected", 4)
}

// TestRecordingIsReadOnly presses each key that writes.
func TestRecordingIsReadOnly(t *testing.T) {
	services := servicesOf(example(t, "failing"))
	services.Recorded = true
	services.Run = func(_ context.Context, args []string, _ io.Writer, _ term.Style) int {
		if args[0] != "events" {
			t.Errorf("%v was run", args)
		}
		return 0
	}
	d := drive(t, services, Options{}, 80, 24)
	d.send(lookAt(t, example(t, "failing")))
	for _, b := range bindings {
		if b.writes {
			d.model.press(b.keys[0])
			if d.model.question != nil || !strings.Contains(d.screen(), "nothing can be changed") {
				t.Errorf("%s: %s", b.keys[0], d.screen())
			}
		}
	}
}

// TestOnlyYesRunsACommand answers the question with each key.
func TestOnlyYesRunsACommand(t *testing.T) {
	for _, c := range []struct {
		answer string
		runs   bool
	}{{"y", true}, {"Y", true}, {"n", false}, {"<enter>", false}, {"<esc>", false}, {"q", false}, {"R", false}} {
		services, ran := servicesOf(example(t, "failing")), make(chan []string, 8)
		services.Run = func(_ context.Context, args []string, _ io.Writer, _ term.Style) int {
			ran <- args
			return 0
		}
		d := drive(t, services, Options{}, 80, 24)
		d.send(lookAt(t, example(t, "failing")))
		d.press("R" + c.answer)
		d.model.commands.Wait()
		if got := len(ran) > 0; got != c.runs {
			t.Errorf("%s: a command ran: %v", c.answer, got)
		}
	}
}

// TestFeedKeepsTheLastLines writes more than is kept, in pieces of any size.
func TestFeedKeepsTheLastLines(t *testing.T) {
	f := newFeed(func() {})
	var text strings.Builder
	for i := range 3 * maxLines {
		fmt.Fprintf(&text, "line %d\n", i)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for rest := text.String(); rest != ""; {
		n := min(len(rest), 1+random.IntN(100))
		_, _ = f.Write([]byte(rest[:n]))
		rest = rest[n:]
	}
	_, _ = f.Write([]byte(strings.Repeat("x", 3*maxLine)))
	kept := f.text()
	if len(kept.lines) != maxLines || kept.lines[0] != fmt.Sprintf("line %d", 2*maxLines) || kept.first != 2*maxLines || kept.ended {
		t.Errorf("%d lines from %q, which is number %d", len(kept.lines), kept.lines[0], kept.first)
	}
	f.end(3)
	after := f.text()
	if last := after.lines[maxLines-1]; len(last) != maxLine || !after.ended || after.code != 3 {
		t.Errorf("a last line of %d bytes, ended %v with %d", len(last), after.ended, after.code)
	}
}

// TestReadLinesStayInPlace checks that a pane does not move under the reader when the first lines
// of a long output are dropped, and that the search continues where it was.
func TestReadLinesStayInPlace(t *testing.T) {
	d := drive(t, servicesOf(example(t, "failing")), Options{}, 80, 24)
	d.send(lookAt(t, example(t, "failing")))
	d.press("l")
	p := &d.model.panes[logsPane]
	write := func(from, to int) {
		for i := from; i < to; i++ {
			_, _ = fmt.Fprintf(p.feed, "line %d\n", i)
		}
		d.model.Update(feedMsg{logsPane, p.feed}) // without the command that waits for more
	}
	p.feed.ended = false
	p.feed.lines = nil
	write(0, maxLines)
	d.screen()
	d.press("k") // no longer at the end
	before := p.lines[p.offset]
	write(maxLines, maxLines+100)
	if after := p.lines[p.offset]; after != before {
		t.Errorf("%q is now %q", before, after)
	}
	if !strings.Contains(d.screen(), "4 Logs (last 5000 lines)") {
		t.Error(d.screen())
	}
}

// TestExplainAgainAfterError checks that an error of an explanation does not stay when the
// connection has returned.
func TestExplainAgainAfterError(t *testing.T) {
	snap := example(t, "healthy")
	services := servicesOf(snap)
	explain, gone := services.Explain, true
	services.Explain = func(ctx context.Context, tenant string, ref object.Ref) (diagnose.Explanation, error) {
		if gone {
			return diagnose.Explanation{}, errors.New("connection refused")
		}
		return explain(ctx, tenant, ref)
	}
	d := drive(t, services, Options{}, 80, 24)
	d.send(lookAt(t, snap))
	d.press("2")
	if !strings.Contains(d.screen(), "connection refused") {
		t.Error(d.screen())
	}
	gone = false
	d.now = d.now.Add(explainTime)
	d.send(tickMsg{})
	if !strings.Contains(d.screen(), "bhs has been ready") {
		t.Error(d.screen())
	}
}

// TestQuitAsksWhileACommandRuns checks that a running command is not interrupted by mistake.
func TestQuitAsksWhileACommandRuns(t *testing.T) {
	services := servicesOf(example(t, "failing"))
	services.Run = func(ctx context.Context, args []string, _ io.Writer, _ term.Style) int {
		<-ctx.Done()
		return 130
	}
	d := drive(t, services, Options{}, 80, 24)
	d.model.look = lookAt(t, example(t, "failing"))
	d.model.selected = "bhs"
	var f *feed
	f, _ = d.model.run(outputPane, []string{"reconcile", "bhs"}, term.Style{})
	d.model.panes[outputPane].feed = f
	if cmd := d.model.press("q"); cmd != nil || d.model.question == nil {
		t.Fatal("no question")
	}
	if cmd := d.model.answer("y"); cmd == nil || cmd() != tea.Quit() {
		t.Error("yes does not quit")
	}
	f.cancel()
	d.model.commands.Wait()
}

package render

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

func explain(t *testing.T, e diagnose.Explanation, style term.Style) string {
	t.Helper()
	var out bytes.Buffer
	if err := Explain(&out, e, style); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const prose = "the registry at registry.example.com/with/a/very/long/path/that/no/terminal/of/forty/columns/can/hold did not answer within 30 s, and nobody knows why"

// TestExplanationFits tries every width. The words of a command are never
// broken, so that it can be copied.
func TestExplanationFits(t *testing.T) {
	e := samples.Explanation(prose, "bhs", "mhr")
	waiting := diagnose.Subject{Ref: e.Subjects[0].Ref, Tenant: "late", Deadline: samples.At.Add(time.Hour),
		Verdict: health.Verdict{Status: health.Progressing, Message: prose, Since: samples.At}}
	e.Subjects = append(e.Subjects, waiting)
	for width := 40; width <= 160; width++ {
		for line := range strings.Lines(explain(t, e, term.Style{Width: width})) {
			if got := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); got > width {
				t.Errorf("%d wide on a terminal of %d: %q", got, width, line)
			}
		}
	}
}

// TestWrappedCommandIsTheSame joins the lines as a shell does.
func TestWrappedCommandIsTheSame(t *testing.T) {
	const command = "kubectl logs prometheus-0 -n monitoring -c prometheus --previous"
	for width := 40; width <= 160; width++ {
		text := explain(t, samples.Explanation("short", "bhs"), term.Style{Width: width})
		joined := strings.NewReplacer("\\\n", "", "\n", ";").Replace(text)
		joined = strings.Join(strings.Fields(joined), " ")
		if !strings.Contains(joined, command) {
			t.Errorf("the command is not whole on a terminal of %d:\n%s", width, text)
		}
	}
}

func TestSentencesAreNotTruncated(t *testing.T) {
	for _, style := range []term.Style{{Wide: true, Width: 40}, {}} {
		text := explain(t, samples.Explanation(prose, "bhs"), style)
		if !strings.Contains(text, "It fails: "+prose+" (OW4106)\n") || !strings.Contains(text, "  Fix  Fix it: "+prose) {
			t.Errorf("%+v cuts a sentence:\n%s", style, text)
		}
	}
}

// hostile is a possible last message of a container.
const hostile = "\x1b]0;title\x07\x1b[2J\r\n## owned\n| a | <img src=x> | `rm -rf` [click](http://x) *b* _c_ ~~d~~ &lt; \\ \u202e"

func TestControlCharactersAreHarmless(t *testing.T) {
	var markdown bytes.Buffer
	if err := Markdown(&markdown, samples.Explanation(hostile, "bhs")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"tree": explain(t, samples.Explanation(hostile, "bhs"), term.Style{}), "wide": explain(t, samples.Explanation(hostile, "bhs"), term.Style{Wide: true}),
		"narrow": explain(t, samples.Explanation(hostile, "bhs"), term.Style{Width: 60}), "markdown": markdown.String(),
	} {
		if strings.ContainsAny(text, "\x1b\x07\r\u202e") {
			t.Errorf("%s: control characters come through: %q", name, text)
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "## owned") || strings.HasPrefix(line, "| a |") {
				t.Errorf("%s: a message makes a line of its own: %q", name, line)
			}
		}
	}
}

// TestSharedCausesArePrintedOnce has a cause that two tenants share.
func TestSharedCausesArePrintedOnce(t *testing.T) {
	e := samples.Explanation("kiali is down", "bhs", "mhr")
	text := explain(t, e, term.Style{})
	for _, want := range []string{"bhs has been failing", "mhr has been failing", "It fails: kiali is down (OW4106)", "layer observability; tenants bhs, mhr", "listing pods failed"} {
		if got := strings.Count(text, want); got != 1 {
			t.Errorf("%q is printed %d times:\n%s", want, got, text)
		}
	}
	var markdown bytes.Buffer
	if err := Markdown(&markdown, e); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### It fails: kiali is down\n", "- Could not be read: "} {
		if got := strings.Count(markdown.String(), want); got != 1 {
			t.Errorf("%q is printed %d times:\n%s", want, got, &markdown)
		}
	}
}

func TestColourChangesNothingElse(t *testing.T) {
	plain := explain(t, samples.Explanation(prose, "bhs"), term.Style{Width: 80})
	coloured := explain(t, samples.Explanation(prose, "bhs"), term.Style{Width: 80, Colour: true})
	if coloured == plain {
		t.Error("no colour")
	}
	for _, code := range []string{"\x1b[1m", "\x1b[0m", "\x1b[31m"} {
		coloured = strings.ReplaceAll(coloured, code, "")
	}
	if coloured != plain {
		t.Errorf("with colour:\n%s\nwithout:\n%s", coloured, plain)
	}
}

// TestInProgress checks that the output shows once what an object in progress waits for.
func TestInProgress(t *testing.T) {
	pod := object.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "a", Name: "viewer"}
	cause := diagnose.Cause{
		Finding: finding.Finding{Code: "OW5203", Ref: pod, Severity: finding.Warning, Message: "no node takes the pods of Pod a/viewer: 0/3 nodes are available"},
		Path:    []engine.Step{{Ref: pod, Status: health.Progressing}},
	}
	for _, c := range []struct {
		name, message string
		causes        []diagnose.Cause
		want          string
	}{
		{"without a message", "", []diagnose.Cause{cause}, "Pod a/viewer is in progress\n"},
		{"what its cause says too", cause.Message, []diagnose.Cause{cause}, "Pod a/viewer is in progress\n"},
		{"what its cause does not say", "it is being deleted", []diagnose.Cause{cause}, "Pod a/viewer is in progress: it is being deleted\n"},
		{"without a cause", "it is being deleted", nil, "Pod a/viewer is in progress: it is being deleted\n"},
		{"without anything", "", nil, "Pod a/viewer is in progress\n"},
	} {
		s := diagnose.Subject{Ref: pod, Object: true, Verdict: health.Verdict{Status: health.Progressing, Message: c.message}, Causes: c.causes}
		got := explain(t, diagnose.Explanation{At: samples.At, Subjects: []diagnose.Subject{s}}, term.Style{})
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\n%s\nwant it to begin with\n%s", c.name, got, c.want)
		}
	}
}

package render

import (
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

func TestOperation(t *testing.T) {
	layer := object.Ref{APIVersion: "kustomize.toolkit.fluxcd.io/v1", Kind: "Kustomization", Namespace: "flux-system", Name: "a"}
	revision := "main@sha1:" + strings.Repeat("0123456789", 4)
	for _, c := range []struct {
		about       string
		result      operate.Result
		style       term.Style
		Table, line string
	}{
		{about: "a revision is cut", result: operate.Result{Outcome: operate.Ready, Message: revision}, Table: "Ready   main@0123456", line: "Ready: main@0123456"},
		{about: "but not in the wide form", result: operate.Result{Outcome: operate.Ready, Message: revision}, style: term.Style{Wide: true}, Table: "Ready   " + revision, line: "Ready: main@0123456"},
		{about: "nothing to say", result: operate.Result{Outcome: operate.Triggered}, Table: "Triggered", line: "Triggered"},
		{about: "Flux's word, where the message has it not", result: operate.Result{Outcome: operate.Failing, Reason: "BuildFailed", Message: "no such file"},
			Table: "Failing   BuildFailed: no such file", line: "Failing: BuildFailed: no such file"},
		{about: "and where it has", result: operate.Result{Outcome: operate.Failing, Reason: "HealthCheckFailed", Message: "health check failed after 1m0.5s"},
			Table: "Failing   health check failed after 1m0s", line: "Failing: health check failed after 1m0s"},
		{about: "a message that would move the cursor", result: operate.Result{Outcome: operate.Failing, Message: "a\x1b[2J\nb"},
			Table: "Failing   a^[[2J b", line: "Failing: a^[[2J b"},
		{about: "in colour", result: operate.Result{Outcome: operate.Ready}, style: term.Style{Colour: true}, Table: "\x1b[32mReady\x1b[0m", line: "Ready"},
	} {
		t.Run(c.about, func(t *testing.T) {
			c.result.Ref, c.style.NoHeaders = layer, true
			var out strings.Builder
			if err := Operation(&out, []operate.Result{c.result}, c.style); err != nil {
				t.Fatal(err)
			}
			if want := "Kustomization flux-system/a   " + c.Table + "\n"; out.String() != want {
				t.Errorf("%q, want %q", &out, want)
			}
			if line := OperationLine(c.result); line != c.line {
				t.Errorf("%q, want %q", line, c.line)
			}
		})
	}
}

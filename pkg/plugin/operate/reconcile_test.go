package operate

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/operate"
	"github.com/digihunch/kubectl-orthweb/pkg/operate/execute"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// TestOutcome checks the exit code of a run, and what is printed at its end.
func TestOutcome(t *testing.T) {
	const ready, failing = `"status":"True"`, `"status":"False","reason":"BuildFailed"`
	unread := []string{"forbidden: cannot list x"}
	why := "\nWhy: kubectl orthweb explain bhs\n"
	for _, c := range []struct {
		about     string
		condition string
		unknown   []string
		err       error
		want      int
		message   string
		explained bool
	}{
		{about: "ready", condition: ready},
		{about: "failing", condition: failing, want: int(command.No), message: why},
		{about: "ready, as far as is known", condition: ready, unknown: unread, want: int(command.Unclear), message: "Not triggered, because it could not be read: forbidden: cannot list x.\n"},
		{about: "failing, as far as is known", condition: failing, unknown: unread, want: int(command.No), message: why},
		{about: "failing, and explained", condition: failing, want: int(command.No), explained: true},
		{about: "late, and explained", err: &execute.TimeoutError{Timeout: time.Minute}, want: int(command.Expired), explained: true, message: "error: not all triggered objects were Ready within 1m0s\n"},
		{about: "late", err: &execute.TimeoutError{Timeout: time.Minute}, want: int(command.Expired), message: "error: not all triggered objects were Ready within 1m0s" + why},
	} {
		run := operate.NewRun(operate.Plan{Steps: []operate.Step{{Tenants: []string{"bhs"}, Ref: object.Ref{
			APIVersion: "kustomize.toolkit.fluxcd.io/v1", Kind: "Kustomization", Namespace: "flux-system", Name: "a",
		}}}})
		run.Triggered(run.Due()[0].Ref)
		if c.condition != "" {
			observe(t, run, c.condition)
		}
		var stderr bytes.Buffer
		o := &reconcileOptions{options: options{call: &command.Call{
			Streams: genericiooptions.IOStreams{ErrOut: &stderr}, Name: command.UsualName,
		}}}
		if got := command.Code(o.outcome(run, operate.Plan{Unknown: c.unknown}, c.err, func([]string) bool { return c.explained }), command.UsualName, &stderr); got != c.want || stderr.String() != c.message {
			t.Errorf("%s: %d %q, want %d %q", c.about, got, &stderr, c.want, c.message)
		}
	}
}

// observe is the layer's state after Flux has handled the request.
func observe(t *testing.T, run *operate.Run, condition string) {
	t.Helper()
	text := fmt.Sprintf(`{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization",
		"metadata":{"namespace":"flux-system","name":"a","annotations":{%q:"t"}},
		"status":{"lastHandledReconcileAt":"t","conditions":[{"type":"Ready",%s}]}}`, operate.RequestAnnotation, condition)
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON([]byte(strings.TrimSpace(text))); err != nil {
		t.Fatal(err)
	}
	run.Observe(obj, time.Now())
}

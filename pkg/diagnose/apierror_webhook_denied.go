package diagnose

import (
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// deniedBy is a webhook that was called and refused the object.
func (r apiRefusal) deniedBy(name string) finding.Finding {
	f := r.plain(codeWebhookDenied, "Denied", "is denied by webhook "+name, "")
	r.denials(&f)
	f.Fixes = []finding.Fix{{Text: "Change " + f.Ref.String() + " as the webhook's message requires", File: r.file(), Command: "kubectl get " + escape.ShellWord(resourceOf(f.Ref)) + " " + escape.ShellWord(f.Ref.Name) + inNamespace(f.Ref) + " -o yaml"}}
	if r.x.snap.Lookup(f.Ref).Presence != snapshot.Present {
		f.Fixes[0].Command = ""
	}
	return f
}

// inNamespace is the flag of kubectl for where an object is.
func inNamespace(ref finding.Ref) string {
	if ref.Namespace == "" {
		return ""
	}
	return " -n " + escape.ShellWord(ref.Namespace)
}

// noDryRun is a webhook that declares side effects, so that the API server does
// not call it for the dry run with which Flux begins.
func (r apiRefusal) noDryRun(name string) finding.Finding {
	c := r.call()
	f := c.finding(codeWebhookDryRun, "NoDryRun", "it declares side effects, so the dry run with which Flux starts is rejected")
	if effects := field.Text(c.entry, "sideEffects"); effects != "" {
		f.Evidence = append(f.Evidence, evidence(c.config, "webhooks["+name+"].sideEffects", effects, time.Time{}))
	}
	f.Fixes = []finding.Fix{{Text: "Upgrade the software of the webhook to a version whose webhook has sideEffects: None or NoneOnDryRun",
		Command: c.inspect("").Command}}
	return f
}

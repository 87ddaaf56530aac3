package diagnose

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// notPruned reports an object that is no longer in the manifests and that the layer
// can't delete (fluxcd/pkg/ssa v0.76, manager_delete.go, DeleteAll).
func (k kustomization) notPruned(refusal fluxmsg.APIError) finding.Finding {
	f := k.ownFinding(codePruneFailed, string(k.exam.verdict.Reason))
	object := refusal.Object
	if object.Kind == "" || object.Name == "" {
		f.Message = strings.Replace(f.Message, "can't be applied", "can't delete what is no longer in its manifests", 1)
		f.Fixes = []finding.Fix{k.logs()}
		return f
	}
	ref := finding.Ref{Kind: object.Kind, Namespace: object.Namespace, Name: object.Name}
	why := strings.TrimRight(cmp.Or(refusal.Detail, firstLine(k.failed.message)), ";")
	f.Message = fmt.Sprintf("%s can't delete %s, which is no longer in its manifests: %s", finding.RefOf(k.obj), ref, why)
	f.Fixes = []finding.Fix{
		{Text: "Check what keeps the object: its finalizers and its owners", Command: "kubectl get " + strings.TrimPrefix(inspect(ref), "kubectl describe ") + " -o yaml"},
		{Text: "To keep it, put it back into the manifests, or annotate it with kustomize.toolkit.fluxcd.io/prune: disabled", File: k.path()},
	}
	return f
}

// deletionDenied reports an object whose deletion a webhook or policy denies: the
// object has to change, or to stay. Its message and the rules of the webhook show what
// is required.
func (k kustomization) deletionDenied(refusal fluxmsg.APIError) finding.Finding {
	r := apiRefusal{x: k.x, obj: finding.RefOf(k.obj), parsed: refusal, message: k.failed.message}
	f := k.ownFinding(codePruneFailed, string(k.exam.verdict.Reason))
	f.Ref = r.refused()
	why := strings.TrimRight(cmp.Or(refusal.Detail, firstLine(k.failed.message)), ";")
	inspection := finding.Fix{Text: "Check what protects the object, and which of its fields the message of the webhook refers to", Command: inspect(f.Ref)}
	by := "webhook " + refusal.Webhook.Name
	if refusal.Problem == fluxmsg.APIPolicy {
		policy := finding.Ref{APIVersion: policyKind.Group + "/v1", Kind: policyKind.Kind, Name: refusal.Policy.Name}
		by = policy.String()
		inspection = finding.Fix{Text: "Check what protects the object, and what " + by + " requires", Command: inspect(policy)}
		if obj := k.x.snap.Lookup(policy).Object; obj != nil {
			prove(&f, obj, "spec.matchConstraints", "spec.validations")
		}
	} else if c := r.call(); c.config != nil {
		prove(&f, c.config, "webhooks["+refusal.Webhook.Name+"].rules")
	}
	f.Message = fmt.Sprintf("%s can't delete %s, which is no longer in its manifests: %s denies it: %s", finding.RefOf(k.obj), f.Ref, by, why)
	if k.x.presence(part{ref: f.Ref}) == snapshot.Absent {
		f.Evidence = append(f.Evidence, absent(f.Ref))
		f.Ref = finding.RefOf(k.obj)
		f.Message += "; the object does not exist now"
		f.Fixes = []finding.Fix{k.retry("Reconcile it: there is nothing left to delete")}
		return f
	}
	f.Fixes = []finding.Fix{
		inspection,
		{Text: "To keep it, put it back into the manifests, or annotate it with kustomize.toolkit.fluxcd.io/prune: disabled", File: k.path()},
		{Text: "To delete it, change it so that its deletion is allowed; first save what it holds"},
	}
	return f
}

package kustomize

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/refusal"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// applied reports what the API server refused of the layer, and whether it refused
// nothing.
func applied(k flux.Kustomization, message string) bool {
	if _, checked := k.X.Message(message).HealthCheck(); checked {
		return true // what is refused in it is a problem of that object, not of the layer
	}
	rejected, ok := k.X.Message(message).APIError()
	if !ok && k.Result.Verdict.Reason != "ReconciliationFailed" && k.Result.Verdict.Reason != "PruneFailed" {
		return true
	}
	if rejected.Problem == apierror.ProblemConflict && rejected.Manager != "" {
		report(k, conflict(k, rejected))
		return false
	}
	denied := rejected.Problem == apierror.ProblemWebhook && rejected.Webhook.Failure == apierror.WebhookDenied || rejected.Problem == apierror.ProblemPolicy
	if denied && k.Result.Verdict.Reason == "PruneFailed" { // the deletion is denied, not the content of the object
		report(k, deletionDenied(k, rejected))
		return false
	}
	if ok {
		findings, blame := refusal.ExplainAPIError(k.X, object.RefOf(k.Obj), message, k.Failed.Proof.At)
		for i := range findings {
			if findings[i].Since.IsZero() {
				findings[i].Since = k.Result.Verdict.Since
			}
			for j, e := range findings[i].Evidence { // the layer has the message: quote its field
				if e.Field == "message" && e.Ref.Same(object.RefOf(k.Obj)) {
					findings[i].Evidence[j] = k.Failed.Proof
				}
			}
			findings[i].Fixes = append(findings[i].Fixes, k.Retry("Then reconcile it"))
		}
		k.Result.Findings = append(k.Result.Findings, findings...)
		k.Result.Blame = append(k.Result.Blame, blame...)
	}
	k.Result.Fallback = append(k.Result.Fallback, refused(k, rejected))
	return false
}

// refused reports a refusal, or an error of pruning, without a known deeper cause.
func refused(k flux.Kustomization, refusal apierror.Error) finding.Finding {
	if k.Result.Verdict.Reason == "PruneFailed" {
		return notPruned(k, refusal)
	}
	f := ownFinding(k, engine.CodeReconcileFailed, string(k.Result.Verdict.Reason))
	switch {
	case k.Failed.Message == "":
		f.Fixes = []finding.Fix{logs(k)}
	case isServerProblem(refusal, k.Failed.Message):
		f.Fixes = []finding.Fix{k.Retry("Reconcile it: the API server or its storage did not answer in time, which may have been temporary")}
	case refusal.Problem == apierror.ProblemKindTerminating:
		f.Fixes = []finding.Fix{
			{Text: fmt.Sprintf("Check whether the CustomResourceDefinition of %s is still being deleted, or exists again", refusal.Object.Kind), Command: "kubectl get customresourcedefinitions"},
			k.Retry("Once it exists again, reconcile the layer"),
		}
	case forceReplaced.MatchString(k.Failed.Message):
		object := forceReplaced.FindStringSubmatch(k.Failed.Message)[1]
		f.Message = fmt.Sprintf("%s can't apply %s, which does not exist: with spec.force, Flux reports any refused manifest as an immutable field", f.Ref, object)
		engine.Prove(&f, k.Obj, "spec.force")
		f.Fixes = []finding.Fix{local(k, "diff", "Let the API server validate the same manifests from a clone of the repository, to see what is wrong with "+object)}
	default:
		f.Fixes = []finding.Fix{local(k, "diff", "Let the API server validate the same manifests from a clone of the repository, to see which object it refuses")}
	}
	return f
}

// forceReplaced matches the message of versions before 2.2 about a refused object that they
// then tried to replace (fluxcd/flux2#3627).
var forceReplaced = regexp.MustCompile(`(\S+/\S+) immutable field detected, failed to delete object, error: .* not found`)

// isServerProblem reports whether the problem was that of the API server, not of the object.
func isServerProblem(refusal apierror.Error, message string) bool {
	return refusal.Problem == apierror.ProblemTimeout || refusal.Problem == apierror.ProblemUnreachable ||
		slices.ContainsFunc([]string{"etcdserver: ", "context deadline exceeded", "unable to return a response in the time allotted",
			"TLS handshake timeout", "connection refused", "too many requests", "Too Many Requests", "http2: "},
			func(words string) bool { return strings.Contains(message, words) })
}

// conflict reports a field that another manager owns. The user has to decide who sets
// it: the manifest of the layer, or the other manager.
func conflict(k flux.Kustomization, rejected apierror.Error) finding.Finding {
	r := refusal.Refusal{X: k.X, Obj: object.RefOf(k.Obj), Parsed: rejected, Message: k.Failed.Message}
	ref := r.Refused()
	fields := conflictFields(rejected.Detail)
	what := cmp.Or(strings.Join(fields, ", "), "a field")
	f := kustomizationFinding(k, engine.CodeFieldConflict, "Conflict", fmt.Sprintf("%s can't be applied by %s: field manager %q owns its %s",
		ref, object.RefOf(k.Obj), rejected.Manager, what))
	f.Ref = ref
	f.Evidence = []finding.Evidence{k.Failed.Proof}
	look := finding.Fix{Text: "Check which manager owns which field", Command: escape.Command("kubectl get %s %s -o yaml --show-managed-fields", strings.ToLower(ref.Kind), ref.Name)}
	if ref.Namespace != "" {
		look.Command = escape.Command("kubectl get %s %s -n %s -o yaml --show-managed-fields", strings.ToLower(ref.Kind), ref.Name, ref.Namespace)
	}
	if scaler := scaledBy(k, ref); scaler != nil && slices.Contains(fields, ".spec.replicas") {
		f.Message += fmt.Sprintf("; %s sets the number of replicas", object.RefOf(scaler))
		f.Evidence = append(f.Evidence, engine.Evidence(scaler, "spec.scaleTargetRef.name", ref.Name, time.Time{}))
		f.Fixes = []finding.Fix{{Text: "Remove spec.replicas from the manifest: the autoscaler sets it", File: path(k)}, look}
		return f
	}
	f.Fixes = []finding.Fix{
		look,
		{Text: fmt.Sprintf("If %s should set %s, remove it from the manifest, or annotate the object with kustomize.toolkit.fluxcd.io/ssa: Merge (fields that are not in the manifest stay) or IfNotPresent (Flux only creates the object)", rejected.Manager, what), File: path(k)},
		{Text: fmt.Sprintf("If the manifest should set it, stop %s from setting it", rejected.Manager)},
	}
	return f
}

// conflictFields are the fields that an apply conflict lists (k8s.io/apimachinery v0.36,
// pkg/util/managedfields: ".spec.replicas", or one per line with "- ").
func conflictFields(text string) []string {
	var fields []string
	for _, word := range strings.Fields(text) {
		if strings.HasPrefix(word, ".") && len(word) > 1 {
			fields = append(fields, strings.TrimRight(word, ",;:"))
		}
	}
	return fields
}

// scaledBy is the autoscaler of a workload, nil if there is none.
func scaledBy(k flux.Kustomization, ref object.Ref) *unstructured.Unstructured {
	for _, obj := range k.X.Snap.List(object.AutoscalerKind, ref.Namespace).Objects {
		if target := object.Map(obj.Object, "spec", "scaleTargetRef"); object.Text(target, "kind") == ref.Kind && object.Text(target, "name") == ref.Name {
			return obj
		}
	}
	return nil
}

// notPruned reports an object that is no longer in the manifests and that the layer
// can't delete (fluxcd/pkg/ssa v0.76, manager_delete.go, DeleteAll).
func notPruned(k flux.Kustomization, refusal apierror.Error) finding.Finding {
	f := ownFinding(k, engine.CodePruneFailed, string(k.Result.Verdict.Reason))
	obj := refusal.Object
	if obj.Kind == "" || obj.Name == "" {
		f.Message = strings.Replace(f.Message, "can't be applied", "can't delete what is no longer in its manifests", 1)
		f.Fixes = []finding.Fix{logs(k)}
		return f
	}
	ref := object.Ref{Kind: obj.Kind, Namespace: obj.Namespace, Name: obj.Name}
	why := strings.TrimRight(cmp.Or(refusal.Detail, health.FirstLine(k.Failed.Message)), ";")
	f.Message = fmt.Sprintf("%s can't delete %s, which is no longer in its manifests: %s", object.RefOf(k.Obj), ref, why)
	f.Fixes = []finding.Fix{
		{Text: "Check what prevents the deletion: the object's finalizers and owner references", Command: "kubectl get " + strings.TrimPrefix(flux.DescribeCommand(ref), "kubectl describe ") + " -o yaml"},
		{Text: "To keep it, put it back into the manifests, or annotate it with kustomize.toolkit.fluxcd.io/prune: disabled", File: path(k)},
	}
	return f
}

// deletionDenied reports an object whose deletion a webhook or policy denies: the
// object has to change, or to stay. Its message and the rules of the webhook show what
// is required.
func deletionDenied(k flux.Kustomization, rejected apierror.Error) finding.Finding {
	r := refusal.Refusal{X: k.X, Obj: object.RefOf(k.Obj), Parsed: rejected, Message: k.Failed.Message}
	f := ownFinding(k, engine.CodePruneFailed, string(k.Result.Verdict.Reason))
	f.Ref = r.Refused()
	why := strings.TrimRight(cmp.Or(rejected.Detail, health.FirstLine(k.Failed.Message)), ";")
	inspection := finding.Fix{Text: "Check what protects the object, and which of its fields the message of the webhook refers to", Command: flux.DescribeCommand(f.Ref)}
	by := "webhook " + rejected.Webhook.Name
	if rejected.Problem == apierror.ProblemPolicy {
		policy := object.Ref{APIVersion: object.PolicyKind.Group + "/v1", Kind: object.PolicyKind.Kind, Name: rejected.Policy.Name}
		by = policy.String()
		inspection = finding.Fix{Text: "Check what protects the object, and what " + by + " requires", Command: flux.DescribeCommand(policy)}
		if obj := k.X.Snap.Lookup(policy).Object; obj != nil {
			engine.Prove(&f, obj, "spec.matchConstraints", "spec.validations")
		}
	} else if c := r.Call(); c.Config != nil {
		engine.Prove(&f, c.Config, "webhooks["+rejected.Webhook.Name+"].rules")
	}
	f.Message = fmt.Sprintf("%s can't delete %s, which is no longer in its manifests: %s denies it: %s", object.RefOf(k.Obj), f.Ref, by, why)
	if k.X.Presence(engine.ConfigSource{Ref: f.Ref}) == snapshot.Absent {
		f.Evidence = append(f.Evidence, engine.Absent(f.Ref))
		f.Ref = object.RefOf(k.Obj)
		f.Message += "; the object does not exist now"
		f.Fixes = []finding.Fix{k.Retry("Reconcile it: there is nothing left to delete")}
		return f
	}
	f.Fixes = []finding.Fix{
		inspection,
		{Text: "To keep it, put it back into the manifests, or annotate it with kustomize.toolkit.fluxcd.io/prune: disabled", File: path(k)},
		{Text: "To delete it, change it so that its deletion is allowed; first save what it holds"},
	}
	return f
}

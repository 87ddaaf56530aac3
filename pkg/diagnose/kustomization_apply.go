package diagnose

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
)

// applied reports what the API server refused of the layer, and whether it refused
// nothing.
func (k kustomization) applied(message string) bool {
	if _, checked := k.x.message(message).HealthCheck(); checked {
		return true // what is refused in it is an object's own trouble, not the layer's
	}
	refusal, ok := k.x.message(message).APIError()
	if !ok && k.exam.verdict.Reason != "ReconciliationFailed" && k.exam.verdict.Reason != "PruneFailed" {
		return true
	}
	if refusal.Problem == fluxmsg.APIConflict && refusal.Manager != "" {
		k.report(k.conflict(refusal))
		return false
	}
	denied := refusal.Problem == fluxmsg.APIWebhook && refusal.Webhook.Failure == fluxmsg.WebhookDenied || refusal.Problem == fluxmsg.APIPolicy
	if denied && k.exam.verdict.Reason == "PruneFailed" { // it is the deletion that is denied, not what the object is
		k.report(k.deletionDenied(refusal))
		return false
	}
	if ok {
		findings, blame := k.x.explainAPIError(finding.RefOf(k.obj), message, k.failed.proof.At)
		for i := range findings {
			if findings[i].Since.IsZero() {
				findings[i].Since = k.exam.verdict.Since
			}
			for j, e := range findings[i].Evidence { // the message is the layer's: quote where it stands
				if e.Field == "message" && e.Ref.Same(finding.RefOf(k.obj)) {
					findings[i].Evidence[j] = k.failed.proof
				}
			}
			findings[i].Fixes = append(findings[i].Fixes, k.retry("Then reconcile it"))
		}
		k.exam.findings = append(k.exam.findings, findings...)
		k.exam.blame = append(k.exam.blame, blame...)
	}
	k.exam.fallback = append(k.exam.fallback, k.refused(refusal))
	return false
}

// refused reports a refusal, or an error of pruning, without a known deeper cause.
func (k kustomization) refused(refusal fluxmsg.APIError) finding.Finding {
	if k.exam.verdict.Reason == "PruneFailed" {
		return k.notPruned(refusal)
	}
	f := k.ownFinding(codeReconcileFailed, string(k.exam.verdict.Reason))
	switch {
	case k.failed.message == "":
		f.Fixes = []finding.Fix{k.logs()}
	case isServerProblem(refusal, k.failed.message):
		f.Fixes = []finding.Fix{k.retry("Reconcile it: the API server or its storage did not answer in time, which may have been temporary")}
	case refusal.Problem == fluxmsg.APIKindTerminating:
		f.Fixes = []finding.Fix{
			{Text: fmt.Sprintf("Check whether the CustomResourceDefinition of %s is still being deleted, or exists again", refusal.Object.Kind), Command: "kubectl get customresourcedefinitions"},
			k.retry("Once it exists again, reconcile the layer"),
		}
	case forceReplaced.MatchString(k.failed.message):
		object := forceReplaced.FindStringSubmatch(k.failed.message)[1]
		f.Message = fmt.Sprintf("%s can't apply %s, which does not exist: with spec.force, Flux reports any refused manifest as an immutable field", f.Ref, object)
		prove(&f, k.obj, "spec.force")
		f.Fixes = []finding.Fix{k.local("diff", "Let the API server validate the same manifests from a clone of the repository, to see what is wrong with "+object)}
	default:
		f.Fixes = []finding.Fix{k.local("diff", "Let the API server validate the same manifests from a clone of the repository, to see which object it refuses")}
	}
	return f
}

// forceReplaced matches the message of versions before 2.2 about a refused object that they
// then tried to replace (fluxcd/flux2#3627).
var forceReplaced = regexp.MustCompile(`(\S+/\S+) immutable field detected, failed to delete object, error: .* not found`)

// isServerProblem reports whether the problem was that of the API server, not of the object.
func isServerProblem(refusal fluxmsg.APIError, message string) bool {
	return refusal.Problem == fluxmsg.APITimeout || refusal.Problem == fluxmsg.APIUnreachable ||
		slices.ContainsFunc([]string{"etcdserver: ", "context deadline exceeded", "unable to return a response in the time allotted",
			"TLS handshake timeout", "connection refused", "too many requests", "Too Many Requests", "http2: "},
			func(words string) bool { return strings.Contains(message, words) })
}

// conflict reports a field that another manager owns. The user has to decide who sets
// it: the manifest of the layer, or the other manager.
func (k kustomization) conflict(refusal fluxmsg.APIError) finding.Finding {
	r := apiRefusal{x: k.x, obj: finding.RefOf(k.obj), parsed: refusal, message: k.failed.message}
	ref := r.refused()
	fields := conflictFields(refusal.Detail)
	what := cmp.Or(strings.Join(fields, ", "), "a field")
	f := k.finding(codeFieldConflict, "Conflict", fmt.Sprintf("%s can't be applied by %s: field manager %q owns its %s",
		ref, finding.RefOf(k.obj), refusal.Manager, what))
	f.Ref = ref
	f.Evidence = []finding.Evidence{k.failed.proof}
	look := finding.Fix{Text: "Check which manager owns which field", Command: escape.Command("kubectl get %s %s -o yaml --show-managed-fields", strings.ToLower(ref.Kind), ref.Name)}
	if ref.Namespace != "" {
		look.Command = escape.Command("kubectl get %s %s -n %s -o yaml --show-managed-fields", strings.ToLower(ref.Kind), ref.Name, ref.Namespace)
	}
	if scaler := k.scaledBy(ref); scaler != nil && slices.Contains(fields, ".spec.replicas") {
		f.Message += fmt.Sprintf("; %s sets the number of replicas", finding.RefOf(scaler))
		f.Evidence = append(f.Evidence, evidence(scaler, "spec.scaleTargetRef.name", ref.Name, time.Time{}))
		f.Fixes = []finding.Fix{{Text: "Remove spec.replicas from the manifest: the autoscaler sets it", File: k.path()}, look}
		return f
	}
	f.Fixes = []finding.Fix{
		look,
		{Text: fmt.Sprintf("If %s should set %s, remove it from the manifest, or annotate the object with kustomize.toolkit.fluxcd.io/ssa: Merge (fields that are not in the manifest stay) or IfNotPresent (Flux only creates the object)", refusal.Manager, what), File: k.path()},
		{Text: fmt.Sprintf("If the manifest should set it, stop %s from setting it", refusal.Manager)},
	}
	return f
}

// conflictFields are the fields that an apply conflict lists (k8s.io/apimachinery
// v0.36, pkg/util/managedfields: ".spec.replicas", or one a line with "- ").
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
func (k kustomization) scaledBy(ref finding.Ref) *unstructured.Unstructured {
	for _, obj := range k.x.snap.List(autoscalerKind, ref.Namespace).Objects {
		if target := field.Map(obj.Object, "spec", "scaleTargetRef"); field.Text(target, "kind") == ref.Kind && field.Text(target, "name") == ref.Name {
			return obj
		}
	}
	return nil
}

package kustomize

import (
	"fmt"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message/healthcheck"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// checked are the objects whose health the layer waits for: those in spec.healthChecks,
// or all applied objects if spec.wait is set; those in its message; and the releases
// and certificates among the applied objects, which create the others.
func checked(k flux.Kustomization, message string) []object.Ref {
	var refs []object.Ref
	wait := object.Bool(k.Obj.Object, "spec", "wait")
	for _, check := range object.List(k.Obj.Object, "spec", "healthChecks") {
		if wait { // then Flux ignores them (kustomize-controller api v1)
			break
		}
		refs = engine.AddRef(refs, object.Ref{
			APIVersion: object.Text(check, "apiVersion"), Kind: object.Text(check, "kind"),
			Namespace: object.Text(check, "namespace"), Name: object.Text(check, "name"),
		})
	}
	named, _ := k.X.Message(message).HealthCheck()
	for _, ref := range health.Inventory(k.Obj) {
		source := ref.GroupKind() == object.HelmReleaseKind || ref.GroupKind() == object.CertificateKind || ref.GroupKind() == object.IssuerKind
		if wait || source || mentions(named, ref) {
			refs = engine.AddRef(refs, ref)
		}
	}
	return refs
}

// mentions reports whether the message of a health check names the object. It has no
// API group, so only the applied objects can show which one is meant.
func mentions(check healthcheck.Failure, ref object.Ref) bool {
	return slices.ContainsFunc(check.Items, func(item healthcheck.Item) bool { return isOf(item, ref) })
}

// isOf reports whether an item is the object. Before kustomize-controller 0.15, it had
// the resource instead of the kind.
func isOf(item healthcheck.Item, ref object.Ref) bool {
	kind := item.Kind == ref.Kind
	if item.Kind == "" {
		kind = object.PluralOf(ref.Kind) == item.Resource && ref.GroupKind().Group == item.Group
	}
	return kind && item.Namespace == ref.Namespace && item.Name == ref.Name
}

// checks examines the checked objects live, and blames those that are not ready. The
// message of the layer is evidence; if it names an object that is ready now, it is out
// of date.
func checks(k flux.Kustomization, message string) {
	failed := k.Result.Verdict.Status == health.Failing
	var missing []object.Ref
	for _, ref := range checked(k, message) {
		switch answer := k.X.Snap.Lookup(ref); answer.Presence {
		case snapshot.Present:
			if k.X.Examine(ref, failed).Verdict.Status != health.Ready || len(k.X.Examine(ref, failed).Findings) > 0 {
				k.Result.Blame = append(k.Result.Blame, ref)
			}
		case snapshot.Absent:
			missing = append(missing, ref)
		default:
			if answer.Failure.Reason != snapshot.NotServed {
				k.Result.Unknown = append(k.Result.Unknown, *answer.Failure)
			}
		}
	}
	for _, ref := range missing {
		missingCheck(k, ref, failed)
	}
	if !failed || len(k.Result.Fallback) > 0 {
		return
	}
	f := kustomizationFinding(k, engine.CodeHealthCheckFailed, failedAt(k, "HealthCheckFailed"), fmt.Sprintf("%s failed: %s", object.RefOf(k.Obj), health.FirstLine(message)))
	f.Evidence = []finding.Evidence{k.Failed.Proof}
	f.Fixes = []finding.Fix{k.Retry("Reconcile it, and run explain again while its health checks run"), logs(k)}
	switch {
	case message == "":
		f.Message = fmt.Sprintf("the last reconciliation of %s failed, and neither its conditions nor its events show why", object.RefOf(k.Obj))
	case recovered(k, message):
		f.Message = fmt.Sprintf("%s failed, but everything that it waited for is ready now: its next reconciliation should succeed", object.RefOf(k.Obj))
		f.Severity = finding.Warning
		f.Fixes = []finding.Fix{k.Retry("Reconcile it now instead of waiting for the next retry")}
	}
	k.Result.Fallback = append(k.Result.Fallback, f)
}

// recovered reports whether everything that a failed health check names is known to be
// ready now.
func recovered(k flux.Kustomization, message string) bool {
	parsed, _ := k.X.Message(message).HealthCheck()
	refs := checked(k, message)
	for _, item := range parsed.Items {
		if !slices.ContainsFunc(refs, func(ref object.Ref) bool {
			return isOf(item, ref) && k.X.Registry.ByKind[ref.GroupKind()] != nil && k.X.Examine(ref, true).Verdict.Status == health.Ready
		}) {
			return false
		}
	}
	return len(parsed.Items) > 0 && !parsed.Truncated
}

// missingCheck judges a checked object that does not exist: it is in another namespace, or
// what should create it has not.
func missingCheck(k flux.Kustomization, ref object.Ref, failed bool) {
	otherRef, ok := misplaced(k, ref)
	if ok && (failed || slices.ContainsFunc(health.Inventory(k.Obj), otherRef.Same)) { // before that, it may still be created
		f := kustomizationFinding(k, engine.CodeCheckElsewhere, "HealthCheckFailed", fmt.Sprintf(
			"%s checks %s, which does not exist; there is one in namespace %s", object.RefOf(k.Obj), ref, otherRef.Namespace))
		f.Evidence = append(checkProof(k, ref), finding.Evidence{Ref: otherRef, Field: "metadata.namespace", Value: otherRef.Namespace})
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In spec.healthChecks, write namespace: %s for %s", otherRef.Namespace, ref.Short()), File: k.X.DefinedIn(k.Obj)}}
		k.Result.Findings = append(k.Result.Findings, f)
		return
	}
	if !failed {
		return
	}
	f := kustomizationFinding(k, engine.CodeCheckMissing, "HealthCheckFailed", fmt.Sprintf("%s checks %s, which does not exist", object.RefOf(k.Obj), ref))
	f.Evidence = checkProof(k, ref)
	f.Fixes = []finding.Fix{{Text: "Correct the entry in spec.healthChecks, or add what creates the object", File: k.X.DefinedIn(k.Obj)}}
	if near, ok := k.X.Nearest(ref); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		f.Fixes[0].Text = fmt.Sprintf("In spec.healthChecks, write %s instead of %s, or add what creates %s", near.Name, ref.Name, ref.Short())
	}
	k.Result.Fallback = append([]finding.Finding{f}, k.Result.Fallback...)
}

// checkProof is the entry of the layer for a checked object, and that the object does
// not exist.
func checkProof(k flux.Kustomization, ref object.Ref) []finding.Evidence {
	gone := finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"}
	for i, check := range object.List(k.Obj.Object, "spec", "healthChecks") {
		if object.Text(check, "kind") == ref.Kind && object.Text(check, "name") == ref.Name && object.Text(check, "namespace") == ref.Namespace {
			proof := []finding.Evidence{engine.Evidence(k.Obj, fmt.Sprintf("spec.healthChecks[%d].name", i), ref.Name, time.Time{})}
			if ref.Namespace != "" {
				proof = append(proof, engine.Evidence(k.Obj, fmt.Sprintf("spec.healthChecks[%d].namespace", i), ref.Namespace, time.Time{}))
			}
			return append(proof, gone)
		}
	}
	if k.Failed.Proof.Field != "" {
		return []finding.Evidence{k.Failed.Proof, gone}
	}
	return []finding.Evidence{gone}
}

// misplaced finds a checked object in another namespace, preferably one that the layer
// applied; never an object of another tenant.
func misplaced(k flux.Kustomization, ref object.Ref) (object.Ref, bool) {
	for _, applied := range health.Inventory(k.Obj) {
		if applied.GroupKind() == ref.GroupKind() && applied.Name == ref.Name && k.X.Snap.Lookup(applied).Presence == snapshot.Present {
			return applied, true
		}
	}
	self := object.RefOf(k.Obj)
	for _, t := range k.X.Tenants {
		for _, layer := range t.Layers {
			if layer.Ref.Same(self) && !layer.Shared {
				return k.X.InOtherNamespaceOf(t.Name, ref)
			}
		}
	}
	return k.X.InOtherNamespace(ref)
}

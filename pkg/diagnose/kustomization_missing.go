package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// missing judges a checked object that does not exist: it is in another namespace, or
// what should create it has not.
func (k kustomization) missing(ref finding.Ref, failed bool) {
	elsewhere, ok := k.misplaced(ref)
	if ok && (failed || slices.ContainsFunc(health.Inventory(k.obj), elsewhere.Same)) { // before, it may yet come
		f := k.finding(codeCheckElsewhere, "HealthCheckFailed", fmt.Sprintf(
			"%s checks %s, which does not exist; there is one in namespace %s", finding.RefOf(k.obj), ref, elsewhere.Namespace))
		f.Evidence = append(k.checkProof(ref), finding.Evidence{Ref: elsewhere, Field: "metadata.namespace", Value: elsewhere.Namespace})
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In spec.healthChecks, write namespace: %s for %s", elsewhere.Namespace, ref.Short()), File: k.x.definedIn(k.obj)}}
		k.exam.findings = append(k.exam.findings, f)
		return
	}
	if !failed {
		return
	}
	f := k.finding(codeCheckMissing, "HealthCheckFailed", fmt.Sprintf("%s checks %s, which does not exist", finding.RefOf(k.obj), ref))
	f.Evidence = k.checkProof(ref)
	f.Fixes = []finding.Fix{{Text: "Correct the entry in spec.healthChecks, or add what creates the object", File: k.x.definedIn(k.obj)}}
	if near, ok := k.x.nearest(ref); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
		f.Fixes[0].Text = fmt.Sprintf("In spec.healthChecks, write %s instead of %s, or add what creates %s", near.Name, ref.Name, ref.Short())
	}
	k.exam.fallback = append([]finding.Finding{f}, k.exam.fallback...)
}

// checkProof is the entry of the layer for a checked object, and that the object does
// not exist.
func (k kustomization) checkProof(ref finding.Ref) []finding.Evidence {
	gone := finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"}
	for i, check := range field.List(k.obj.Object, "spec", "healthChecks") {
		if field.Text(check, "kind") == ref.Kind && field.Text(check, "name") == ref.Name && field.Text(check, "namespace") == ref.Namespace {
			proof := []finding.Evidence{evidence(k.obj, fmt.Sprintf("spec.healthChecks[%d].name", i), ref.Name, time.Time{})}
			if ref.Namespace != "" {
				proof = append(proof, evidence(k.obj, fmt.Sprintf("spec.healthChecks[%d].namespace", i), ref.Namespace, time.Time{}))
			}
			return append(proof, gone)
		}
	}
	if k.failed.proof.Field != "" {
		return []finding.Evidence{k.failed.proof, gone}
	}
	return []finding.Evidence{gone}
}

// misplaced finds a checked object in another namespace, preferably one that the layer
// applied; never an object of another tenant.
func (k kustomization) misplaced(ref finding.Ref) (finding.Ref, bool) {
	for _, applied := range health.Inventory(k.obj) {
		if applied.GroupKind() == ref.GroupKind() && applied.Name == ref.Name && k.x.snap.Lookup(applied).Presence == snapshot.Present {
			return applied, true
		}
	}
	self := finding.RefOf(k.obj)
	for _, t := range k.x.tenants {
		for _, layer := range t.Layers {
			if layer.Ref.Same(self) && !layer.Shared {
				return k.x.inOtherNamespaceOf(t.Name, ref)
			}
		}
	}
	return k.x.inOtherNamespace(ref)
}

package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// missing judges a checked object that is not there: it stands elsewhere, or
// whoever should have made it has not.
func (k kustomization) missing(ref finding.Ref, failed bool) {
	elsewhere, ok := k.misplaced(ref)
	if ok && (failed || slices.ContainsFunc(health.Inventory(k.obj), elsewhere.Same)) { // before, it may yet come
		f := k.finding(codeCheckElsewhere, "HealthCheckFailed", fmt.Sprintf(
			"%s checks %s, which does not exist; there is one in namespace %s", finding.RefOf(k.obj), ref, elsewhere.Namespace))
		f.Evidence = []finding.Evidence{
			evidence(k.obj, "spec.healthChecks", ref.String(), time.Time{}),
			{Ref: elsewhere, Field: "metadata.namespace", Value: elsewhere.Namespace},
		}
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("In spec.healthChecks write namespace: %s for %s", elsewhere.Namespace, ref.Short()), File: k.x.definedIn(k.obj)}}
		k.exam.findings = append(k.exam.findings, f)
		return
	}
	if !failed {
		return
	}
	f := k.finding(codeCheckMissing, "HealthCheckFailed", fmt.Sprintf("%s checks %s, which does not exist", finding.RefOf(k.obj), ref))
	f.Evidence = []finding.Evidence{evidence(k.obj, "spec.healthChecks", ref.String(), time.Time{})}
	f.Fixes = []finding.Fix{{Text: "Correct the entry in spec.healthChecks, or add what should make the object", File: k.x.definedIn(k.obj)}}
	if near, ok := k.x.nearest(ref); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", near.Name)
	}
	k.exam.fallback = append([]finding.Finding{f}, k.exam.fallback...)
}

// misplaced finds a checked object in another namespace: the one that the layer
// applied itself before others; never another tenant's.
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
				return k.x.elsewhereFor(t.Name, ref)
			}
		}
	}
	return k.x.elsewhere(ref)
}

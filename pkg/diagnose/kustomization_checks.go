package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// checks looks at what the layer checks, live, and blames what is not ready.
// What its message says is evidence; where it names something that is fine by
// now, it is old.
func (k kustomization) checks(message string) {
	failed := k.exam.verdict.Status == health.Failing
	var missing []finding.Ref
	for _, ref := range k.checked(message) {
		switch answer := k.x.snap.Lookup(ref); answer.Presence {
		case snapshot.Present:
			if k.x.examine(ref, failed).verdict.Status != health.Ready || len(k.x.examine(ref, failed).findings) > 0 {
				k.exam.blame = append(k.exam.blame, ref)
			}
		case snapshot.Absent:
			missing = append(missing, ref)
		default:
			if answer.Why.Why != snapshot.NotServed {
				k.exam.unknown = append(k.exam.unknown, *answer.Why)
			}
		}
	}
	for _, ref := range missing {
		k.missing(ref, failed)
	}
	if !failed || len(k.exam.fallback) > 0 {
		return
	}
	f := k.finding(codeHealthCheckFailed, k.failedAt("HealthCheckFailed"), fmt.Sprintf("%s failed: %s", finding.RefOf(k.obj), firstLine(message)))
	if k.recovered(message) {
		f.Message = fmt.Sprintf("%s failed, and all that it waited for is ready by now: its next try should pass", finding.RefOf(k.obj))
		f.Severity = finding.Warning
	}
	f.Evidence = []finding.Evidence{evidence(k.obj, k.ready.field(), message, k.ready.since)}
	f.Fixes = []finding.Fix{k.retry("Have Flux try again")}
	k.exam.fallback = append(k.exam.fallback, f)
}

// recovered tells whether all that a failed health check names is known to be
// ready by now.
func (k kustomization) recovered(message string) bool {
	said, _ := fluxmsg.ParseHealthCheck(message)
	refs := k.checked(message)
	for _, item := range said.Items {
		if !slices.ContainsFunc(refs, func(ref finding.Ref) bool {
			return isOf(item, ref) && explainers[ref.GroupKind()] != nil && k.x.examine(ref, true).verdict.Status == health.Ready
		}) {
			return false
		}
	}
	return len(said.Items) > 0 && !said.Truncated
}

// checked are the objects whose health the layer waits for: those in
// spec.healthChecks, or instead all it applied when spec.wait is set; those that its
// message names; and the releases and certificates among what it applied, from
// which the others come.
func (k kustomization) checked(message string) []finding.Ref {
	var refs []finding.Ref
	wait := field.Bool(k.obj.Object, "spec", "wait")
	for _, check := range field.List(k.obj.Object, "spec", "healthChecks") {
		if wait { // then Flux ignores them (kustomize-controller api v1)
			break
		}
		refs = addRef(refs, finding.Ref{
			APIVersion: field.Text(check, "apiVersion"), Kind: field.Text(check, "kind"),
			Namespace: field.Text(check, "namespace"), Name: field.Text(check, "name"),
		})
	}
	named, _ := fluxmsg.ParseHealthCheck(message)
	for _, ref := range k.inventory() {
		source := ref.GroupKind() == health.HelmReleaseKind || ref.GroupKind() == health.CertificateKind || ref.GroupKind() == health.IssuerKind
		if wait || source || mentions(named, ref) {
			refs = addRef(refs, ref)
		}
	}
	return refs
}

// mentions tells whether a health check's message names the object. It gives no
// API group, so that only what the layer applied can say which is meant.
func mentions(check fluxmsg.HealthCheck, ref finding.Ref) bool {
	return slices.ContainsFunc(check.Items, func(item fluxmsg.Item) bool { return isOf(item, ref) })
}

// isOf tells whether an item means the object. Before kustomize-controller 0.15
// it gave the resource instead of the kind.
func isOf(item fluxmsg.Item, ref finding.Ref) bool {
	kind := item.Kind == ref.Kind
	if item.Kind == "" {
		plural, _ := meta.UnsafeGuessKindToResource(ref.GroupKind().WithVersion("v1"))
		kind = plural.Resource == item.Resource && ref.GroupKind().Group == item.Group
	}
	return kind && item.Namespace == ref.Namespace && item.Name == ref.Name
}

// inventory is what the layer has applied ("<namespace>_<name>_<group>_<kind>"
// and a version, fluxcd/cli-utils object.ObjMetadata).
func (k kustomization) inventory() []finding.Ref {
	var refs []finding.Ref
	for _, entry := range field.List(k.obj.Object, "status", "inventory", "entries") {
		parts := strings.Split(field.Text(entry, "id"), "_")
		if len(parts) < 4 {
			continue
		}
		last := len(parts) - 1
		ref := finding.Ref{Kind: parts[last], Namespace: parts[0], Name: strings.ReplaceAll(strings.Join(parts[1:last-1], "_"), "__", ":")}
		ref.APIVersion = field.Text(entry, "v")
		if group := parts[last-1]; group != "" {
			ref.APIVersion = group + "/" + ref.APIVersion
		}
		refs = append(refs, ref)
	}
	return refs
}

// missing judges a checked object that is not there: it stands elsewhere, or
// whoever should have made it has not.
func (k kustomization) missing(ref finding.Ref, failed bool) {
	elsewhere, ok := k.misplaced(ref)
	if ok && (failed || slices.ContainsFunc(k.inventory(), elsewhere.Same)) { // before, it may yet come
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
	for _, applied := range k.inventory() {
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

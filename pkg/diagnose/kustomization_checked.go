package diagnose

import (
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

// checked are the objects whose health the layer waits for: those in spec.healthChecks,
// or all applied objects if spec.wait is set; those in its message; and the releases
// and certificates among the applied objects, which create the others.
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
	named, _ := k.x.message(message).HealthCheck()
	for _, ref := range health.Inventory(k.obj) {
		source := ref.GroupKind() == health.HelmReleaseKind || ref.GroupKind() == health.CertificateKind || ref.GroupKind() == health.IssuerKind
		if wait || source || mentions(named, ref) {
			refs = addRef(refs, ref)
		}
	}
	return refs
}

// mentions reports whether the message of a health check names the object. It has no
// API group, so only the applied objects can show which one is meant.
func mentions(check fluxmsg.HealthCheck, ref finding.Ref) bool {
	return slices.ContainsFunc(check.Items, func(item fluxmsg.Item) bool { return isOf(item, ref) })
}

// isOf reports whether an item is the object. Before kustomize-controller 0.15, it had
// the resource instead of the kind.
func isOf(item fluxmsg.Item, ref finding.Ref) bool {
	kind := item.Kind == ref.Kind
	if item.Kind == "" {
		kind = finding.PluralOf(ref.Kind) == item.Resource && ref.GroupKind().Group == item.Group
	}
	return kind && item.Namespace == ref.Namespace && item.Name == ref.Name
}

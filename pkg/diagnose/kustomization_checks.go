package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

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
	if !failed {
		return
	}
	f := k.finding(codeHealthCheckFailed, k.exam.verdict.Reason, fmt.Sprintf("%s failed: %s", finding.RefOf(k.obj), firstLine(message)))
	f.Evidence = []finding.Evidence{evidence(k.obj, k.ready.field(), message, k.ready.since)}
	f.Fixes = []finding.Fix{k.retry("Have Flux try again")}
	k.exam.fallback = append(k.exam.fallback, f)
}

// checked are the objects whose health the layer waits for: those in
// spec.healthChecks, or all it applied when spec.wait is set; those that its
// message names; and the releases and certificates among what it applied, from
// which the others come.
func (k kustomization) checked(message string) []finding.Ref {
	var refs []finding.Ref
	for _, check := range field.List(k.obj.Object, "spec", "healthChecks") {
		refs = addRef(refs, finding.Ref{
			APIVersion: field.Text(check, "apiVersion"), Kind: field.Text(check, "kind"),
			Namespace: field.Text(check, "namespace"), Name: field.Text(check, "name"),
		})
	}
	wait := field.Bool(k.obj.Object, "spec", "wait")
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
	return slices.ContainsFunc(check.Items, func(i fluxmsg.Item) bool {
		return i.Kind == ref.Kind && i.Namespace == ref.Namespace && i.Name == ref.Name
	})
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
	if elsewhere, ok := k.x.elsewhere(ref); ok {
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

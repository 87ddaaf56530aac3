package diagnose

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// issuerNamed is the issuer that a Certificate, CertificateRequest, Order or
// Challenge names, and
// false for an external one, of whose kind nothing is known here.
func issuerNamed(obj *unstructured.Unstructured) (finding.Ref, bool) {
	named := field.Map(obj.Object, "spec", "issuerRef")
	group, name := field.Text(named, "group"), field.Text(named, "name")
	if group != "" && group != health.IssuerKind.Group || name == "" {
		return finding.Ref{}, false
	}
	ref := finding.Ref{APIVersion: health.IssuerKind.Group + "/v1", Kind: health.ClusterIssuerKind.Kind, Name: name}
	if field.Text(named, "kind") != ref.Kind {
		ref.Kind, ref.Namespace = health.IssuerKind.Kind, obj.GetNamespace()
	}
	return ref, true
}

// blameIssuer looks at the issuer of a Certificate or CertificateRequest that is
// not ready: it may be missing, broken, or sign with what is broken.
func (e *exam) blameIssuer(x *examiner, obj *unstructured.Unstructured) {
	issuer, ok := issuerNamed(obj)
	if !ok {
		return
	}
	switch answer := x.snap.Lookup(issuer); answer.Presence {
	case snapshot.Unknown:
		e.unknown = append(e.unknown, *answer.Why)
	case snapshot.Absent:
		e.findings = append(e.findings, x.missingIssuer(obj, issuer))
	default:
		if x.health.Of(issuer).Status != health.Ready || len(x.brokenCAs(answer.Object)) > 0 {
			e.blame = append(e.blame, issuer)
		}
	}
}

func (x *examiner) missingIssuer(obj *unstructured.Unstructured, issuer finding.Ref) finding.Finding {
	ref := finding.RefOf(obj)
	f := finding.Finding{
		Code: codeIssuerMissing, Ref: issuer, Reason: "IssuerNotFound", Severity: finding.Critical,
		Since:   x.health.Of(ref).Since,
		Message: fmt.Sprintf("%s references %s, which does not exist", ref, issuer),
		Evidence: []finding.Evidence{
			evidence(obj, "spec.issuerRef.name", issuer.Name, time.Time{}),
			{Ref: issuer, Field: "object", Value: "does not exist"},
		},
	}
	fix := finding.Fix{Text: "Set spec.issuerRef to an issuer that exists, or create the missing one",
		Command: x.applyNow(obj), File: x.file(obj, "spec.issuerRef")}
	if meant, ok := x.issuerMeant(issuer); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", meant)
		fix.Text = fmt.Sprintf("In spec.issuerRef, write kind: %s, name: %s", meant.Kind, meant.Name)
	}
	f.Fixes = []finding.Fix{fix}
	return f
}

// issuerMeant is what the issuer that is missing may have been meant to be: one
// of the same name but of the other kind, or one with a name much like it.
func (x *examiner) issuerMeant(issuer finding.Ref) (finding.Ref, bool) {
	other := finding.Ref{APIVersion: issuer.APIVersion, Kind: health.ClusterIssuerKind.Kind, Name: issuer.Name}
	if issuer.Kind == other.Kind {
		other.Kind = health.IssuerKind.Kind
		for _, obj := range x.snap.List(health.IssuerKind, "").Objects {
			if obj.GetName() == issuer.Name {
				return finding.RefOf(obj), true
			}
		}
	} else if x.snap.Lookup(other).Presence == snapshot.Present {
		return other, true
	}
	return x.nearest(issuer)
}

// certManager gives the Deployment of one of cert-manager's components if it is
// there and not ready.
func (x *examiner) certManager(component string) []finding.Ref {
	var found []finding.Ref
	for _, obj := range x.certManagers(component) {
		if ref := finding.RefOf(obj); x.health.Of(ref).Status != health.Ready {
			found = append(found, ref)
		}
	}
	return found
}

// certManagers are the Deployments of a component, by the labels that
// cert-manager's chart sets (v1.21, templates/_helpers.tpl).
func (x *examiner) certManagers(component string) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, obj := range x.labelled("app.kubernetes.io/component", component) {
		if ofCertManager(podLabels(obj)) && obj.GetKind() == health.DeploymentKind.Kind {
			found = append(found, obj)
		}
	}
	return found
}

package pki

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// IssuerNamed is the issuer that a Certificate, CertificateRequest, Order or Challenge
// references, and false for an external issuer, whose kind is not known.
func IssuerNamed(obj *unstructured.Unstructured) (object.Ref, bool) {
	named := object.Map(obj.Object, "spec", "issuerRef")
	group, name := object.Text(named, "group"), object.Text(named, "name")
	if group != "" && group != object.IssuerKind.Group || name == "" {
		return object.Ref{}, false
	}
	ref := object.Ref{APIVersion: object.IssuerKind.Group + "/v1", Kind: object.ClusterIssuerKind.Kind, Name: name}
	if object.Text(named, "kind") != ref.Kind {
		ref.Kind, ref.Namespace = object.IssuerKind.Kind, obj.GetNamespace()
	}
	return ref, true
}

// blameIssuer checks the issuer of a Certificate or CertificateRequest that is not ready:
// it may be missing, not ready, or sign with a CA that is not ready.
func blameIssuer(e *engine.Result, x *engine.Context, obj *unstructured.Unstructured) {
	issuer, ok := IssuerNamed(obj)
	if !ok {
		return
	}
	switch answer := x.Snap.Lookup(issuer); answer.Presence {
	case snapshot.Unknown:
		e.Unknown = append(e.Unknown, *answer.Failure)
	case snapshot.Absent:
		e.Findings = append(e.Findings, missingIssuer(x, obj, issuer))
	default:
		if x.Health.Of(issuer).Status != health.Ready || len(brokenCAs(x, answer.Object)) > 0 {
			e.Blame = append(e.Blame, issuer)
		}
	}
}

func missingIssuer(x *engine.Context, obj *unstructured.Unstructured, issuer object.Ref) finding.Finding {
	ref := object.RefOf(obj)
	f := finding.Finding{
		Code: engine.CodeIssuerMissing, Ref: issuer, Reason: "IssuerNotFound", Severity: finding.Critical,
		Since:   x.Health.Of(ref).Since,
		Message: fmt.Sprintf("%s references %s, which does not exist", ref, issuer),
		Evidence: []finding.Evidence{
			engine.Evidence(obj, "spec.issuerRef.name", issuer.Name, time.Time{}),
			{Ref: issuer, Field: "object", Value: "does not exist"},
		},
	}
	fix := finding.Fix{Text: "Set spec.issuerRef to an issuer that exists, or create the missing one",
		Command: flux.ApplyCommand(x, obj), File: flux.File(x, obj, "spec.issuerRef")}
	if meant, ok := issuerMeant(x, issuer); ok {
		f.Message += fmt.Sprintf("; did you mean %s?", meant)
		fix.Text = fmt.Sprintf("In spec.issuerRef, write kind: %s, name: %s", meant.Kind, meant.Name)
	}
	f.Fixes = []finding.Fix{fix}
	return f
}

// issuerMeant is the issuer that was probably meant by a missing one: one of the same
// name but of the other kind, or one with a similar name.
func issuerMeant(x *engine.Context, issuer object.Ref) (object.Ref, bool) {
	other := object.Ref{APIVersion: issuer.APIVersion, Kind: object.ClusterIssuerKind.Kind, Name: issuer.Name}
	if issuer.Kind == other.Kind {
		other.Kind = object.IssuerKind.Kind
		for _, obj := range x.Snap.List(object.IssuerKind, "").Objects {
			if obj.GetName() == issuer.Name {
				return object.RefOf(obj), true
			}
		}
	} else if x.Snap.Lookup(other).Presence == snapshot.Present {
		return other, true
	}
	return x.Nearest(issuer)
}

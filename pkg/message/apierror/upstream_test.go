package apierror

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// TestUpstream parses messages of the library that this module is built with, to detect a newer
// version with other messages.
func TestUpstream(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	deployments := schema.GroupResource{Group: "apps", Resource: "deployments"}
	deployment := schema.GroupKind{Group: "apps", Kind: "Deployment"}
	invalid := field.ErrorList{
		field.Required(field.NewPath("spec", "template"), ""),
		field.Invalid(field.NewPath("spec", "selector"), map[string]string{"a": "b: c, d"}, "field is immutable"),
	}
	for _, each := range []struct {
		err     error
		problem Problem
		object  match.Object
	}{
		{apierrors.NewAlreadyExists(deployments, "x"), ProblemExists, match.Object{Group: "apps", Resource: "deployments", Name: "x"}},
		{apierrors.NewForbidden(pods, "x", errors.New("exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1")), ProblemQuota, match.Object{Resource: "pods", Name: "x"}},
		{apierrors.NewForbidden(pods, "x", errors.New("no")), ProblemForbidden, match.Object{Resource: "pods", Name: "x"}},
		{apierrors.NewConflict(deployments, "x", errors.New("the object has been modified")), ProblemConflict, match.Object{Group: "apps", Resource: "deployments", Name: "x"}},
		{apierrors.NewInvalid(deployment, "x", invalid), ProblemImmutable, match.Object{Group: "apps", Kind: "Deployment", Name: "x"}},
		{apierrors.NewInvalid(deployment, "x", invalid[:1]), ProblemInvalid, match.Object{Group: "apps", Kind: "Deployment", Name: "x"}},
		{apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "x"), ProblemNamespaceNotFound, match.Object{}},
		{&meta.NoKindMatchError{GroupKind: deployment, SearchedVersions: []string{"v1"}}, ProblemNoMatch, match.Object{}},
		{&meta.NoKindMatchError{GroupKind: deployment, SearchedVersions: []string{"v1", "v2"}}, ProblemNoMatch, match.Object{}},
		{&meta.NoKindMatchError{GroupKind: deployment}, ProblemNoMatch, match.Object{}},
	} {
		got, ok := Parse(each.err.Error())
		if !ok || got.Problem != each.problem || got.Object != each.object {
			t.Errorf("%q\nread: %v %+v", each.err, ok, got)
		}
		if each.problem == ProblemNoMatch && got.Unserved.Group != "apps" {
			t.Errorf("%q: %+v", each.err, got.Unserved)
		}
		if each.problem == ProblemImmutable && got.Field != "spec.selector" {
			t.Errorf("%q: field %s", each.err, got.Field)
		}
	}
}

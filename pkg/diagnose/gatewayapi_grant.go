package diagnose

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var referenceGrantKind = schema.GroupKind{Group: "gateway.networking.k8s.io", Kind: "ReferenceGrant"}

// grantMissing is the finding on a reference from one namespace to an object of
// another which no ReferenceGrant beside that object allows (gateway-api v1.6,
// apis/v1/referencegrant_types.go); nil where it is allowed, or not known.
func (x *examiner) grantMissing(from *unstructured.Unstructured, to finding.Ref, path string) (*finding.Finding, *snapshot.Failure) {
	grants := x.snap.List(referenceGrantKind, to.Namespace)
	for _, grant := range grants.Objects {
		if grantAllows(grant, from, to) {
			return nil, nil
		}
	}
	if unread := x.unreadable(referenceGrantKind, to.Namespace); len(unread) > 0 {
		return nil, &unread[0]
	}
	ref := finding.RefOf(from)
	f := finding.Finding{
		Code: codeGrantMissing, Ref: ref, Reason: "RefNotPermitted", Severity: finding.Critical,
		Message: fmt.Sprintf("%s cannot reference %s: no ReferenceGrant in namespace %s allows it", ref, to, to.Namespace),
	}
	prove(&f, from, path+".name", path+".namespace", "metadata.namespace")
	for _, grant := range grants.Objects {
		prove(&f, grant, "spec.from", "spec.to")
	}
	f.Fixes = []finding.Fix{{
		Text: fmt.Sprintf("Create a ReferenceGrant in namespace %s: from kind %s of namespace %s, to kind %s named %s",
			to.Namespace, ref.Kind, ref.Namespace, to.Kind, to.Name),
		Command: escape.Command("kubectl get referencegrants -n %s -o yaml", to.Namespace),
	}}
	return &f, nil
}

// grantAllows tells whether a ReferenceGrant allows a reference.
func grantAllows(grant, from *unstructured.Unstructured, to finding.Ref) bool {
	ref := finding.RefOf(from).GroupKind()
	allowed := false
	for _, f := range field.List(grant.Object, "spec", "from") {
		allowed = allowed || field.Text(f, "group") == ref.Group && field.Text(f, "kind") == ref.Kind && field.Text(f, "namespace") == from.GetNamespace()
	}
	if !allowed {
		return false
	}
	for _, t := range field.List(grant.Object, "spec", "to") {
		name := field.Text(t, "name")
		if field.Text(t, "group") == to.GroupKind().Group && field.Text(t, "kind") == to.Kind && (name == "" || name == to.Name) {
			return true
		}
	}
	return false
}

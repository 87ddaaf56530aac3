package pods

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// KeysOf names the keys of a Secret; the values are not in a snapshot.
func KeysOf(secret *unstructured.Unstructured) string {
	keys := slices.Sorted(maps.Keys(object.Map(secret.Object, "data")))
	if len(keys) == 0 {
		return "no keys"
	}
	return strings.Join(keys, ", ")
}

// CertificatesFor are the Certificates of the namespace that write a Secret.
func CertificatesFor(x *engine.Context, namespace, secret string) []*unstructured.Unstructured {
	if namespace == "" || secret == "" {
		return nil
	}
	var found []*unstructured.Unstructured
	for _, certificate := range x.Snap.List(object.CertificateKind, namespace).Objects {
		if object.Text(certificate.Object, "spec", "secretName") == secret {
			found = append(found, certificate)
		}
	}
	return found
}

// KeyNamespace is the namespace of an issuer's Secrets: the Issuer's, or cert-manager's
// for a ClusterIssuer unless its chart is configured otherwise (v1.21,
// clusterResourceNamespace); "" if it is not known.
func KeyNamespace(x *engine.Context, issuer *unstructured.Unstructured) string {
	if issuer.GetKind() != object.ClusterIssuerKind.Kind {
		return issuer.GetNamespace()
	}
	for _, obj := range flux.CertManagers(x, "controller") {
		return obj.GetNamespace()
	}
	return ""
}

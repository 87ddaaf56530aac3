package diagnose

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
)

var secretKind = schema.GroupKind{Kind: "Secret"}

// keysOf names the keys of a Secret; the values are not in a snapshot.
func keysOf(secret *unstructured.Unstructured) string {
	keys := slices.Sorted(maps.Keys(field.Map(secret.Object, "data")))
	if len(keys) == 0 {
		return "no keys"
	}
	return "keys " + strings.Join(keys, ", ")
}

// makers are the Certificates of the namespace that keep a Secret.
func (x *examiner) makers(namespace, secret string) []*unstructured.Unstructured {
	if namespace == "" || secret == "" {
		return nil
	}
	var found []*unstructured.Unstructured
	for _, certificate := range x.snap.List(health.CertificateKind, namespace).Objects {
		if field.Text(certificate.Object, "spec", "secretName") == secret {
			found = append(found, certificate)
		}
	}
	return found
}

// keyNamespace is where an issuer's Secrets are: beside an Issuer; for a
// ClusterIssuer where cert-manager itself is, unless its chart was told
// otherwise (v1.21, clusterResourceNamespace), "" when that can't be seen.
func (x *examiner) keyNamespace(issuer *unstructured.Unstructured) string {
	if issuer.GetKind() != health.ClusterIssuerKind.Kind {
		return issuer.GetNamespace()
	}
	for _, obj := range x.certManagers("controller") {
		return obj.GetNamespace()
	}
	return ""
}

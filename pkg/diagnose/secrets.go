package diagnose

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var secretKind = schema.GroupKind{Kind: "Secret"}

// tlsSecret looks for a Secret that holds a certificate. Secrets are listed
// without Helm's records, and such a list proves no absence to Lookup; that of
// a certificate it does.
func (x *examiner) tlsSecret(namespace, name string) snapshot.Answer {
	answer := x.snap.Lookup(coreRef(secretKind.Kind, namespace, name))
	if answer.Presence == snapshot.Unknown && len(x.unreadable(secretKind, namespace)) == 0 {
		return snapshot.Answer{Presence: snapshot.Absent}
	}
	return answer
}

// keysOf names what is in a Secret; the contents are not in a snapshot.
func keysOf(secret *unstructured.Unstructured) string {
	keys := slices.Sorted(maps.Keys(field.Map(secret.Object, "data")))
	if len(keys) == 0 {
		return "empty"
	}
	return strings.Join(keys, ", ")
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
// ClusterIssuer in the namespace that cert-manager's controller is told to use,
// "" when that can't be seen.
func (x *examiner) keyNamespace(issuer *unstructured.Unstructured) string {
	if issuer.GetKind() != health.ClusterIssuerKind.Kind {
		return issuer.GetNamespace()
	}
	for _, obj := range x.labelled("app.kubernetes.io/component", "controller") {
		for _, container := range field.List(obj.Object, "spec", "template", "spec", "containers") {
			for _, arg := range field.Texts(container, "args") {
				namespace, ok := strings.CutPrefix(arg, "--cluster-resource-namespace=")
				if ok && strings.HasPrefix(namespace, "$(") { // $(POD_NAMESPACE), as the chart has it
					return obj.GetNamespace()
				}
				if ok {
					return namespace
				}
			}
		}
	}
	return ""
}

// commandNames are the kinds that kubectl knows by a name that another group
// has as well.
var commandNames = map[string]string{
	"Gateway": "gateways.networking.istio.io", "Service": "service", "Issuer": "issuer", "ClusterIssuer": "clusterissuer",
	"Certificate": "certificate", "CertificateRequest": "certificaterequest", "VirtualService": "virtualservice",
}

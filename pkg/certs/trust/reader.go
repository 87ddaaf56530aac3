package trust

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

var (
	secretKind  = schema.GroupKind{Kind: "Secret"}
	requestKind = schema.GroupKind{Group: object.CertificateKind.Group, Kind: "CertificateRequest"}
)

func secretRef(namespace, name string) object.Ref {
	return object.Ref{APIVersion: "v1", Kind: secretKind.Kind, Namespace: namespace, Name: name}
}

// reader reads the certificates of a snapshot.
type reader struct {
	snap     *snapshot.Snapshot
	assessor *health.Assessor
}

func newReader(snap *snapshot.Snapshot) *reader {
	return &reader{snap: snap, assessor: health.New(snap)}
}

// certificatesFor are the Certificates whose Secret it is.
func (r *reader) certificatesFor(secret object.Ref) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, certificate := range r.snap.List(object.CertificateKind, secret.Namespace).Objects {
		if object.Text(certificate.Object, "spec", "secretName") == secret.Name {
			found = append(found, certificate)
		}
	}
	return found
}

// issuers are those of the tenant's namespaces, used or not, and those that its certificates
// name; and why some of them could not be read.
func (r *reader) issuers(t tenant.Tenant, s tenant.Status) (issuers []object.Ref, unread []snapshot.Failure) {
	add := func(ref object.Ref) {
		if !slices.ContainsFunc(issuers, ref.Same) {
			issuers = append(issuers, ref)
		}
	}
	for _, namespace := range t.Namespaces {
		listing := r.snap.List(object.IssuerKind, namespace)
		for _, issuer := range listing.Objects {
			add(object.RefOf(issuer))
		}
		unread = append(unread, withoutNotServed(listing.Unknown)...)
	}
	for _, link := range s.Chain {
		if link.Section != tenant.Certificates || link.Ref.Name == "" || link.Ref.Kind == object.CertificateKind.Kind {
			continue
		}
		add(link.Ref)
		if answer := r.snap.Lookup(link.Ref); answer.Presence == snapshot.Unknown && !slices.Contains(unread, *answer.Failure) {
			unread = append(unread, *answer.Failure)
		}
	}
	return issuers, unread
}

// withoutNotServed omits kinds that the cluster does not serve: they have no objects, so
// nothing is unknown.
func withoutNotServed(failures []snapshot.Failure) []snapshot.Failure {
	return slices.DeleteFunc(slices.Clone(failures), func(f snapshot.Failure) bool { return f.Reason == snapshot.NotServed })
}

// signsWith is the Secret whose key an issuer signs with. An external or self-signing
// issuer has none (cert-manager v1.21, CAIssuer.secretName).
func (r *reader) signsWith(issuer object.Ref) (object.Ref, bool) {
	if issuer.Kind != object.IssuerKind.Kind && issuer.Kind != object.ClusterIssuerKind.Kind {
		return object.Ref{}, false
	}
	obj := r.snap.Lookup(issuer).Object
	if obj == nil {
		return object.Ref{}, false
	}
	name, namespace := object.Text(obj.Object, "spec", "ca", "secretName"), issuer.Namespace
	if issuer.Kind == object.ClusterIssuerKind.Kind {
		namespace = r.clusterNamespace()
	}
	return secretRef(namespace, name), name != ""
}

// certManagerNamespace is the namespace of cert-manager according to its documentation, and
// by default that of the Secrets of ClusterIssuers (v1.21, --cluster-resource-namespace).
const certManagerNamespace = "cert-manager"

// clusterNamespace is the namespace of a ClusterIssuer's Secret: cert-manager's own, by the
// labels of its chart if it could be read.
func (r *reader) clusterNamespace() string {
	for _, deployment := range r.snap.List(object.DeploymentKind, "").Objects {
		labels := deployment.GetLabels()
		if labels["app.kubernetes.io/name"] == "cert-manager" && labels["app.kubernetes.io/component"] == "controller" {
			return deployment.GetNamespace()
		}
	}
	return certManagerNamespace
}

// folder is where an object is defined in the GitOps tree, by the layer that applies it; ""
// if that is not known.
func (r *reader) folder(obj *unstructured.Unstructured) string {
	layer := r.snap.Lookup(health.AppliedBy(obj)).Object
	if layer == nil {
		return ""
	}
	return strings.TrimPrefix(object.Text(layer.Object, "spec", "path"), "./")
}

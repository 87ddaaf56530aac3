package fakeapi

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Kind is a kind of object that the server serves.
type Kind struct {
	schema.GroupVersionKind
	// Resource is the plural in the path.
	Resource   string
	Namespaced bool
}

// clusterKinds are the kinds of a cluster with Flux, cert-manager and Istio. A star marks
// cluster-scoped kinds.
var clusterKinds = map[string]string{
	"v1":       "*Namespace *Node *PersistentVolume ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod ResourceQuota Secret Service ServiceAccount",
	"apps/v1":  "DaemonSet Deployment ReplicaSet StatefulSet",
	"batch/v1": "CronJob Job", "autoscaling/v2": "HorizontalPodAutoscaler", "policy/v1": "PodDisruptionBudget",
	"storage.k8s.io/v1": "*StorageClass", "networking.k8s.io/v1": "NetworkPolicy", "discovery.k8s.io/v1": "EndpointSlice",
	"coordination.k8s.io/v1": "Lease", "apiregistration.k8s.io/v1": "*APIService", "apiextensions.k8s.io/v1": "*CustomResourceDefinition",
	"admissionregistration.k8s.io/v1": "*ValidatingWebhookConfiguration *MutatingWebhookConfiguration",
	"kustomize.toolkit.fluxcd.io/v1":  "Kustomization", "helm.toolkit.fluxcd.io/v2": "HelmRelease",
	"source.toolkit.fluxcd.io/v1": "Bucket ExternalArtifact GitRepository HelmChart HelmRepository OCIRepository",
	"cert-manager.io/v1":          "*ClusterIssuer Certificate CertificateRequest Issuer", "acme.cert-manager.io/v1": "Challenge Order",
	"networking.istio.io/v1": "DestinationRule Gateway VirtualService", "security.istio.io/v1": "AuthorizationPolicy PeerAuthentication",
}

func newKinds() []Kind {
	var kinds []Kind
	for version, names := range clusterKinds {
		for _, name := range strings.Fields(names) {
			kind, clusterWide := strings.CutPrefix(name, "*")
			kinds = append(kinds, kindOf(schema.FromAPIVersionAndKind(version, kind), !clusterWide))
		}
	}
	return kinds
}

func kindOf(gvk schema.GroupVersionKind, namespaced bool) Kind {
	return Kind{GroupVersionKind: gvk, Resource: object.PluralOf(gvk.Kind), Namespaced: namespaced}
}

// Serve adds kinds, or further versions of kinds. The preferred version of a group is the one
// that was added first.
func (s *Server) Serve(kinds ...Kind) {
	s.set(func() { s.kinds = append(s.kinds, kinds...) })
}

// Unserve removes the kinds of a group, as if the group were not installed.
func (s *Server) Unserve(group string) {
	s.set(func() { s.kinds = slices.DeleteFunc(s.kinds, func(k Kind) bool { return k.Group == group }) })
}

type objectKey struct {
	schema.GroupKind
	namespace, name string
}

func keyOf(obj *unstructured.Unstructured) objectKey {
	return objectKey{obj.GroupVersionKind().GroupKind(), obj.GetNamespace(), obj.GetName()}
}

// Put adds objects, or replaces those of the same names, and serves their kinds.
func (s *Server) Put(objects ...*unstructured.Unstructured) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, obj := range objects {
		gvk := obj.GroupVersionKind()
		if !slices.ContainsFunc(s.kinds, func(k Kind) bool { return k.GroupVersionKind == gvk }) {
			s.kinds = append(s.kinds, kindOf(gvk, obj.GetNamespace() != ""))
		}
		s.record(keyOf(obj), obj.DeepCopy())
	}
}

// Delete removes objects.
func (s *Server) Delete(objects ...*unstructured.Unstructured) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, obj := range objects {
		s.record(keyOf(obj), nil)
	}
}

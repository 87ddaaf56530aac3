package lifecycle

import "strings"

// Key is a well-known label or annotation that is deprecated, or has no effect.
type Key struct {
	// Name is the key; one that ends in "/" is the beginning of keys that end in the name of
	// a container.
	Name string
	// Deprecated is the version of Kubernetes since which it is deprecated: "1.14".
	Deprecated string
	// Ineffective is the version since which it has no effect, empty if it still has one.
	Ineffective string
	// Replacement is the label, annotation or field to use instead, empty if there is none.
	Replacement string
	// Note is a sentence about it.
	Note string
}

// nodeLabels are deprecated labels of nodes: those for which the API server prints a warning
// (kubernetes v1.36.3, pkg/api/node/util.go). kubelets (pkg/kubelet/kubelet_node_status.go)
// and cloud controllers (cloud-provider v0.36.4, node_controller.go) of 1.36 still set
// those for operating system, architecture, instance type, zone and region; other programs
// that create nodes need not, and then no node matches.
var nodeLabels = []Key{
	{Name: "beta.kubernetes.io/os", Deprecated: "1.14", Replacement: "kubernetes.io/os", Note: notOnAllNodes},
	{Name: "beta.kubernetes.io/arch", Deprecated: "1.14", Replacement: "kubernetes.io/arch", Note: notOnAllNodes},
	{Name: "beta.kubernetes.io/instance-type", Deprecated: "1.17", Replacement: "node.kubernetes.io/instance-type", Note: notOnAllNodes},
	{Name: "failure-domain.beta.kubernetes.io/zone", Deprecated: "1.17", Replacement: "topology.kubernetes.io/zone", Note: notOnAllNodes},
	{Name: "failure-domain.beta.kubernetes.io/region", Deprecated: "1.17", Replacement: "topology.kubernetes.io/region", Note: notOnAllNodes},
	{Name: "node-role.kubernetes.io/master", Deprecated: "1.20", Ineffective: "1.24", Replacement: "node-role.kubernetes.io/control-plane", Note: "kubeadm no longer sets it"},
}

const notOnAllNodes = "kubelets and cloud controllers of Kubernetes 1.36 still set it, but not all nodes have it"

// annotations are deprecated annotations of other objects (k8s.io/api v0.36.4,
// core/v1/annotation_key_constants.go; kubernetes v1.36.3, pkg/api/pod/warnings.go and
// pkg/api/persistentvolume/util.go).
var annotations = []Key{
	{Name: "kubernetes.io/ingress.class", Deprecated: "1.18", Replacement: "spec.ingressClassName", Note: "controllers still honour it; an Ingress may not have both when it is created"},
	{Name: "seccomp.security.alpha.kubernetes.io/pod", Deprecated: "1.19", Ineffective: "1.27", Replacement: "securityContext.seccompProfile"},
	{Name: "container.seccomp.security.alpha.kubernetes.io/", Deprecated: "1.19", Ineffective: "1.27", Replacement: "securityContext.seccompProfile"},
	{Name: "container.apparmor.security.beta.kubernetes.io/", Deprecated: "1.30", Replacement: "securityContext.appArmorProfile"},
	{Name: "scheduler.alpha.kubernetes.io/critical-pod", Deprecated: "1.13", Ineffective: "1.16", Replacement: "spec.priorityClassName"},
	{Name: "volume.beta.kubernetes.io/storage-class", Deprecated: "1.8", Replacement: "spec.storageClassName"},
	{Name: "volume.beta.kubernetes.io/mount-options", Deprecated: "1.31", Replacement: "spec.mountOptions"},
	{Name: "service.kubernetes.io/topology-aware-hints", Deprecated: "1.27", Replacement: "service.kubernetes.io/topology-mode"},
}

// NodeLabel returns a deprecated label of nodes, as selectors and topology keys of pods use
// it.
func NodeLabel(key string) (Key, bool) { return find(nodeLabels, key) }

// Annotation returns a deprecated annotation.
func Annotation(key string) (Key, bool) { return find(annotations, key) }

func find(keys []Key, key string) (Key, bool) {
	for _, k := range keys {
		if k.Name == key || strings.HasSuffix(k.Name, "/") && strings.HasPrefix(key, k.Name) {
			return k, true
		}
	}
	return Key{}, false
}

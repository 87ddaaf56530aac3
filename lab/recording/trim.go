package recording

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Trimmed describes, for a header, what Trim removed.
const Trimmed = `Trimmed: no objects of kube-system and its like, of kinds that say nothing of
states (ServiceAccounts, APIServices), no ReplicaSets scaled to 0, Leases but
Flux's, ConfigMaps, Services, Secrets and their like but the tenants', no Events
but Warnings and those of what isn't well, since the fault; in each object none
of what the API server filled in and no state depends on; of what is
well little more than says so.`

// Trim removes objects and fields that can't affect an explanation. It also removes Events
// before since, unless that is zero. tenant reports whether a namespace is a tenant's.
func (s *Snapshot) Trim(tenant func(namespace string) bool, since time.Time) {
	notReady := s.notReady()
	for name, list := range s.Files {
		s.Files[name] = slices.DeleteFunc(list, func(o Object) bool {
			return !matters(o, tenant) || o.GetKind() == "Event" && !telling(o, notReady, since)
		})
		for _, o := range s.Files[name] {
			strip(o)
			if !notReady[keyOf(o)] {
				lean(o)
			}
		}
	}
}

// matters decides by kind and namespace.
func matters(o Object, tenant func(string) bool) bool {
	namespace := o.GetNamespace()
	if strings.HasPrefix(namespace, "kube-") || o.GetKind() == "Namespace" && strings.HasPrefix(o.GetName(), "kube-") {
		return false
	}
	switch o.GetKind() {
	case "ServiceAccount", "APIService":
		return false
	case "ReplicaSet":
		replicas, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
		return replicas > 0
	case "ConfigMap", "HorizontalPodAutoscaler":
		return tenant(namespace) && o.GetName() != "kube-root-ca.crt"
	case "EndpointSlice":
		// The Services of the database's members are not needed.
		service := o.GetLabels()["kubernetes.io/service-name"]
		return tenant(namespace) && !strings.HasSuffix(service, "-headless") && !strings.HasSuffix(service, "-postgresql") || namespace == "cert-manager"
	case "Service", "Secret":
		return tenant(namespace) || namespace == "cert-manager" || namespace == "istio-system"
	case "Lease":
		return namespace == "flux-system"
	}
	return true
}

type key struct{ kind, namespace, name string }

func keyOf(o Object) key { return key{o.GetKind(), o.GetNamespace(), o.GetName()} }

// notReady are the objects with a condition that is not ready.
func (s *Snapshot) notReady() map[key]bool {
	out := map[key]bool{}
	for _, list := range s.Files {
		for _, o := range list {
			if len(complaints(o)) > 0 {
				out[keyOf(o)] = true
			}
		}
	}
	return out
}

func telling(event Object, notReady map[key]bool, since time.Time) bool {
	field := func(path ...string) string { s, _, _ := unstructured.NestedString(event.Object, path...); return s }
	last := field("lastTimestamp")
	if last == "" {
		last = field("eventTime")
	}
	if at, err := time.Parse(time.RFC3339, last); err == nil && at.Before(since) {
		return false
	}
	if field("type") == "Warning" {
		// Without metrics an autoscaler reports an error every 15 seconds.
		return field("involvedObject", "kind") != "HorizontalPodAutoscaler"
	}
	return notReady[key{field("involvedObject", "kind"), field("involvedObject", "namespace"), field("involvedObject", "name")}]
}

// These are fields that the API server sets and no state depends on: of every object, and of
// the spec and containers of every Pod and Pod template.
var (
	objectFields = [][]string{
		{"metadata", "resourceVersion"}, {"metadata", "generateName"}, {"metadata", "selfLink"},
		{"metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"},
		{"spec", "internalTrafficPolicy"}, {"spec", "ipFamilies"}, {"spec", "ipFamilyPolicy"}, {"spec", "sessionAffinity"},
		{"spec", "clusterIPs"}, {"status", "images"}, {"status", "nodeInfo"}, {"status", "daemonEndpoints"}, {"status", "qosClass"},
		{"metadata", "annotations", "node.alpha.kubernetes.io/ttl"}, {"metadata", "annotations", "deprecated.daemonset.template.generation"},
		{"status", "hostIPs"}, {"status", "podIPs"}, {"involvedObject", "resourceVersion"},
		// Requests and issued certificates are long, and conditions contain their result;
		// digests of charts and values have no meaning for a test.
		{"spec", "request"}, {"status", "certificate"}, {"status", "ca"}, {"status", "lastAttemptedConfigDigest"},
		{"status", "artifact", "digest"}, {"status", "artifact", "path"}, {"status", "artifact", "metadata"}, {"status", "url"},
		{"metadata", "labels", "helm.sh/chart"}, {"metadata", "labels", "app.kubernetes.io/version"},
		{"spec", "revisionHistoryLimit"}, {"spec", "metrics"}, {"status", "currentMetrics"}, {"status", "terminatingReplicas"},
		{"metadata", "annotations", "reconcile.fluxcd.io/requestedAt"}, {"metadata", "annotations", "deployment.kubernetes.io/revision"},
		{"metadata", "annotations", "inject.istio.io/templates"}, {"metadata", "labels", "app.kubernetes.io/managed-by"},
		{"status", "lastHandledReconcileAt"}, {"status", "lastAttemptedReleaseActionDuration"}, {"status", "storageNamespace"},
		{"data", "ca.crt"}, {"spec", "force"},
		{"metadata", "annotations", "endpoints.kubernetes.io/last-change-trigger-time"},
		{"metadata", "labels", "endpointslice.kubernetes.io/managed-by"},
		{"spec", "groups"}, {"spec", "uid"}, {"spec", "username"}, {"spec", "extra"},
	}
	podFields = []string{
		"tolerations", "dnsPolicy", "schedulerName", "priority", "preemptionPolicy", "enableServiceLinks", "securityContext",
		"serviceAccount", "restartPolicy", "automountServiceAccountToken", "terminationGracePeriodSeconds",
	}
	containerFields = []string{
		"terminationMessagePath", "terminationMessagePolicy", "securityContext", "imagePullPolicy", "volumeMounts", "ports",
	}
)

func strip(o Object) {
	for _, path := range objectFields {
		unstructured.RemoveNestedField(o.Object, path...)
	}
	if owners, _, _ := unstructured.NestedSlice(o.Object, "metadata", "ownerReferences"); owners != nil {
		for _, owner := range owners {
			delete(owner.(map[string]any), "blockOwnerDeletion")
		}
		_ = unstructured.SetNestedSlice(o.Object, owners, "metadata", "ownerReferences")
	}
	status, _ := o.Object["status"].(map[string]any)
	for _, h := range items(status["history"]) {
		remove(h, "configDigest", "digest", "apiVersion")
	}
	if list := items(status["conditions"]); o.GetKind() == "Deployment" {
		for _, c := range list {
			delete(c, "lastUpdateTime")
		}
	}
	if o.GetDeletionTimestamp() == nil {
		unstructured.RemoveNestedField(o.Object, "metadata", "finalizers")
	}
	prune(o.Object)
	spec := []string{"spec"}
	if o.GetKind() != "Pod" {
		spec = []string{"spec", "template", "spec"}
	}
	pod, ok, _ := unstructured.NestedMap(o.Object, spec...)
	if !ok {
		return
	}
	for _, name := range podFields {
		delete(pod, name)
	}
	// This projected volume is that of the service account's token.
	volumes, _ := pod["volumes"].([]any)
	volumes = slices.DeleteFunc(volumes, func(v any) bool { return v.(map[string]any)["projected"] != nil })
	if pod["volumes"] = volumes; len(volumes) == 0 {
		delete(pod, "volumes")
	}
	for _, containers := range []string{"containers", "initContainers"} {
		list, _ := pod[containers].([]any)
		for _, c := range list {
			for _, name := range containerFields {
				delete(c.(map[string]any), name)
			}
		}
	}
	_ = unstructured.SetNestedMap(o.Object, pod, spec...)
}

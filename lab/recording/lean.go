package recording

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// lean keeps only the status and the references of a healthy object; the spec of an owned Pod
// or ReplicaSet is in its owner.
func lean(o Object) {
	status, _ := o.Object["status"].(map[string]any)
	spec, _ := o.Object["spec"].(map[string]any)
	if shorten, ok := leanKinds[o.GetKind()]; ok {
		shorten(o, spec, status)
	}
}

var leanKinds = map[string]func(o Object, spec, status map[string]any){
	"ReplicaSet":  func(_ Object, spec, _ map[string]any) { delete(spec, "template") },
	"Pod":         leanPod,
	"Deployment":  leanWorkload,
	"StatefulSet": leanWorkload,
	"HelmRelease": func(_ Object, spec, status map[string]any) {
		delete(spec, "values")
		onlyReady(status)
	},
	"HelmChart":      leanSource,
	"HelmRepository": leanSource,
	"Kustomization": func(o Object, _, status map[string]any) {
		if o.GetName() == "flux-system" {
			// These are Flux's own definitions and roles.
			delete(status, "inventory")
		}
	},
	"ControllerRevision": func(o Object, _, _ map[string]any) { delete(o.Object, "data") },
	"CustomResourceDefinition": func(_ Object, spec, status map[string]any) {
		for _, version := range items(spec["versions"]) {
			only(version, "name", "served", "storage", "deprecated", "deprecationWarning") // the schema is most of a snapshot
		}
		delete(status, "acceptedNames")
	},
	"Node": func(_ Object, _, status map[string]any) { onlyReady(status) },
	"PersistentVolume": func(_ Object, spec, status map[string]any) {
		only(spec, "claimRef", "storageClassName", "capacity")
		claim, _ := spec["claimRef"].(map[string]any)
		only(claim, "namespace", "name")
		only(status, "phase")
	},
	"PersistentVolumeClaim": func(_ Object, spec, status map[string]any) {
		only(spec, "storageClassName", "volumeName", "resources")
		only(status, "phase")
	},
	"EndpointSlice": func(o Object, _, _ map[string]any) {
		delete(o.Object, "ports")
		for _, e := range items(o.Object["endpoints"]) {
			delete(e, "nodeName")
		}
	},
	"Secret": func(o Object, _, _ map[string]any) {
		for _, name := range []string{"alt-names", "common-name", "ip-sans", "uri-sans", "issuer-group", "issuer-kind", "subject-organizations"} {
			unstructured.RemoveNestedField(o.Object, "metadata", "annotations", "cert-manager.io/"+name)
		}
	},
}

func leanPod(_ Object, spec, status map[string]any) {
	only(spec, "nodeName", "containers")
	for _, c := range items(spec["containers"]) {
		only(c, "name", "image", "resources")
	}
	only(status, "phase", "conditions", "containerStatuses")
	for _, c := range items(status["containerStatuses"]) {
		delete(c, "image")
	}
	onlyReady(status)
}

func leanWorkload(o Object, spec, status map[string]any) {
	remove(spec, "strategy", "progressDeadlineSeconds", "updateStrategy")
	template, _, _ := unstructured.NestedMap(o.Object, "spec", "template", "spec")
	only(template, "containers", "nodeSelector")
	for _, c := range items(template["containers"]) {
		remove(c, "args", "command", "readinessProbe", "livenessProbe")
	}
	_ = unstructured.SetNestedMap(o.Object, template, "spec", "template", "spec")
	for _, c := range items(status["conditions"]) {
		delete(c, "message")
	}
}

func leanSource(_ Object, _, status map[string]any) {
	remove(status, "artifact", "observedSourceArtifactRevision")
	onlyReady(status)
}

func onlyReady(status map[string]any) {
	list, _ := status["conditions"].([]any)
	status["conditions"] = slices.DeleteFunc(list, func(c any) bool { return c.(map[string]any)["type"] != "Ready" })
}

func only(m map[string]any, names ...string) {
	for name := range m {
		if !slices.Contains(names, name) {
			delete(m, name)
		}
	}
}

func remove(m map[string]any, names ...string) {
	for _, name := range names {
		delete(m, name)
	}
}

// prune removes empty values: nulls, and the empty state before a container's first one.
func prune(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if m, isMap := value.(map[string]any); value == nil || value == "" && name == "imageID" || isMap && len(m) == 0 && name == "lastState" {
				delete(v, name)
				continue
			}
			prune(value)
		}
	case []any:
		for _, item := range v {
			prune(item)
		}
	}
}

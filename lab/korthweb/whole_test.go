package korthweb

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
)

var strictDecoder = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

// checkStrict fails on a field that Kubernetes' own types don't have. Kinds of
// other API groups are left to their CRDs.
func checkStrict(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	if !scheme.Scheme.Recognizes(object.GroupVersionKind()) {
		return
	}
	data, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := strictDecoder.Decode(data, nil, nil); err != nil {
		t.Errorf("%s: %v", ref(object), err)
	}
}

// TestReferencesResolve checks that the lab has no faults except the injected ones: a Service
// without pods or a pod that names a missing Secret would be one.
func TestReferencesResolve(t *testing.T) {
	p := testPlatform(t)
	var all []*unstructured.Unstructured
	for _, objects := range p.applied {
		all = append(all, objects...)
	}
	for _, objects := range p.released {
		all = append(all, objects...)
	}
	names := refs(all)
	pods := podTemplates(all)
	if len(pods) < 20 {
		t.Fatalf("only %d pod templates found", len(pods))
	}
	for _, pod := range pods {
		for _, needed := range podNeeds(pod) {
			if !slices.Contains(names, needed) {
				t.Errorf("%s needs %s, which nobody makes", ref(pod), needed)
			}
		}
	}
	for _, object := range all {
		switch object.GetKind() {
		case "Service":
			checkSelects(t, object, pods)
		case "StatefulSet":
			service, _, _ := unstructured.NestedString(object.Object, "spec", "serviceName")
			if !slices.Contains(names, "v1 Service "+object.GetNamespace()+"/"+service) {
				t.Errorf("%s: no headless Service %s", ref(object), service)
			}
		}
	}
}

// podTemplates returns each workload's pod template with the workload's name and namespace.
func podTemplates(all []*unstructured.Unstructured) []*unstructured.Unstructured {
	var pods []*unstructured.Unstructured
	for _, object := range all {
		template, ok, _ := unstructured.NestedMap(object.Object, "spec", "template")
		if !ok {
			continue
		}
		pod := &unstructured.Unstructured{Object: template}
		pod.SetAPIVersion(object.GetAPIVersion())
		pod.SetKind(object.GetKind())
		pod.SetNamespace(object.GetNamespace())
		pod.SetName(object.GetName())
		pods = append(pods, pod)
	}
	return pods
}

// podNeeds lists the Secrets, ConfigMaps and ServiceAccounts that a template names.
func podNeeds(pod *unstructured.Unstructured) []string {
	var needs []string
	add := func(kind string, name any) {
		needs = append(needs, "v1 "+kind+" "+pod.GetNamespace()+"/"+name.(string))
	}
	if account, ok, _ := unstructured.NestedString(pod.Object, "spec", "serviceAccountName"); ok {
		add("ServiceAccount", account)
	}
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, inner := range value {
				fields, _ := inner.(map[string]any)
				switch key {
				case "secretKeyRef":
					add("Secret", fields["name"])
				case "configMapKeyRef", "configMap":
					add("ConfigMap", fields["name"])
				}
				walk(inner)
			}
		case []any:
			for _, inner := range value {
				walk(inner)
			}
		}
	}
	walk(pod.Object["spec"])
	return needs
}

func checkSelects(t *testing.T, service *unstructured.Unstructured, pods []*unstructured.Unstructured) {
	t.Helper()
	selector, _, _ := unstructured.NestedStringMap(service.Object, "spec", "selector")
	var selected []string
	for _, pod := range pods {
		matches := len(selector) > 0 && pod.GetNamespace() == service.GetNamespace()
		for key, value := range selector {
			matches = matches && pod.GetLabels()[key] == value
		}
		if matches {
			selected = append(selected, ref(pod))
		}
	}
	if len(selected) != 1 {
		t.Errorf("%s selects %d workloads: %s", ref(service), len(selected), strings.Join(selected, ", "))
	}
}

package korthweb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestGraph checks that paths, order and health checks are those of upstream.
func TestGraph(t *testing.T) {
	found := layers(t, testTree(t, testValues))
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		layer := found[name]
		path, _, _ := unstructured.NestedString(layer.Object, "spec", "path")
		lines = append(lines, fmt.Sprintf("%s %s after %v", name, path, dependsOn(layer)))
		for _, check := range healthChecks(layer) {
			lines = append(lines, "  "+ref(check))
		}
		if prune, _, _ := unstructured.NestedBool(layer.Object, "spec", "prune"); !prune {
			t.Errorf("%s doesn't prune", name)
		}
		if timeout, ok, _ := unstructured.NestedString(layer.Object, "spec", "timeout"); ok {
			t.Errorf("%s has spec.timeout %s, upstream has none", name, timeout)
		}
	}
	golden(t, "graph.txt", lines)
}

func dependsOn(layer unstructured.Unstructured) []string {
	list, _, _ := unstructured.NestedSlice(layer.Object, "spec", "dependsOn")
	var names []string
	for _, item := range list {
		names = append(names, item.(map[string]any)["name"].(string))
	}
	return names
}

// healthChecks gives each check the shape of the object it names.
func healthChecks(layer unstructured.Unstructured) []*unstructured.Unstructured {
	list, _, _ := unstructured.NestedSlice(layer.Object, "spec", "healthChecks")
	var checks []*unstructured.Unstructured
	for _, item := range list {
		check := &unstructured.Unstructured{}
		fields := item.(map[string]any)
		check.SetAPIVersion(fields["apiVersion"].(string))
		check.SetKind(fields["kind"].(string))
		check.SetNamespace(fields["namespace"].(string))
		check.SetName(fields["name"].(string))
		checks = append(checks, check)
	}
	return checks
}

func TestLayersBuild(t *testing.T) {
	files := testTree(t, testValues)
	for name, layer := range layers(t, files) {
		objects := buildLayer(t, files, layer)
		golden(t, "layers/"+name+".txt", refs(objects))
		for _, object := range objects {
			checkStrict(t, object)
			checkTenantLabels(t, name, object)
		}
	}
}

func checkTenantLabels(t *testing.T, layer string, object *unstructured.Unstructured) {
	t.Helper()
	tenant, kind, _ := strings.Cut(layer, "-")
	if kind != "dependency" && kind != "application" {
		return
	}
	labels := object.GetLabels()
	if labels["org"] != tenant || labels["workload"] != "orthweb" {
		t.Errorf("%s: %s is labelled %v", layer, ref(object), labels)
	}
	if object.GetKind() == "Namespace" && labels["istio-injection"] != "enabled" {
		t.Errorf("%s: %s without istio-injection", layer, ref(object))
	}
}

// TestTenantOverlay checks what the overlays change in the base.
func TestTenantOverlay(t *testing.T) {
	files := testTree(t, testValues)
	found := layers(t, files)
	for _, tenant := range Tenants() {
		var lines []string
		for _, layer := range []string{tenant + "-dependency", tenant + "-application"} {
			for _, object := range buildLayer(t, files, found[layer]) {
				lines = append(lines, overlaid(object)...)
			}
		}
		slices.Sort(lines)
		golden(t, "overlay-"+tenant+".txt", lines)
	}
}

// overlaid lists the fields of an object that differ between tenants, or that contain the
// platform's known defects.
func overlaid(object *unstructured.Unstructured) []string {
	var lines []string
	for _, path := range []string{
		"spec/dnsNames", "spec/hosts", "spec/servers", "spec/rules", "spec/replicas",
		"spec/minReplicas", "spec/maxReplicas", "spec/template/spec/containers", "data/db.addr",
	} {
		value, ok, _ := unstructured.NestedFieldNoCopy(object.Object, strings.Split(path, "/")...)
		if ok {
			lines = append(lines, fmt.Sprintf("%s %s %s: %v", object.GetKind(), object.GetName(), path, value))
		}
	}
	return lines
}

func TestHealthTimeout(t *testing.T) {
	v := testValues
	v.HealthTimeout = 90 * time.Second
	for name, layer := range layers(t, testTree(t, v)) {
		timeout, _, _ := unstructured.NestedString(layer.Object, "spec", "timeout")
		retry, _, _ := unstructured.NestedString(layer.Object, "spec", "retryInterval")
		want, wantRetry := "1m30s", "15s"
		if name == "flux-system" {
			want, wantRetry = "", ""
		}
		if timeout != want || retry != wantRetry {
			t.Errorf("%s: timeout %q, retryInterval %q; want %q, %q", name, timeout, retry, want, wantRetry)
		}
	}
}

func TestTreeNeedsURLs(t *testing.T) {
	if _, err := Tree(Values{GitURL: "http://git.test"}, testModuleDir); err == nil {
		t.Error("a tree without a Helm URL was rendered")
	}
}

// TestNoTemplateLeft checks that no placeholder of a source remains: it would reach the cluster
// as text.
func TestNoTemplateLeft(t *testing.T) {
	for name, content := range testTree(t, testValues) {
		if strings.HasSuffix(name, "gotk-components.yaml") {
			continue // descriptions in Flux's CRDs may contain braces
		}
		for _, bad := range []string{"{{", tenantDir, templateExt} {
			if strings.Contains(name+string(content), bad) {
				t.Errorf("%s still has %q", name, bad)
			}
		}
	}
}

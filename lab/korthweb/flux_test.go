package korthweb

import (
	"os"
	"slices"
	"testing"

	"golang.org/x/mod/modfile"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestFluxComponents(t *testing.T) {
	data, err := FluxComponents(testModuleDir)
	if err != nil {
		t.Fatal(err)
	}
	objects := decode(t, data)
	golden(t, "flux.txt", refs(objects))
	for _, object := range objects {
		checkStrict(t, object)
		labels := object.GetLabels()
		if labels["app.kubernetes.io/part-of"] != "flux" || labels["app.kubernetes.io/version"] != FluxVersion {
			t.Errorf("%s is labelled %v", ref(object), labels)
		}
		if object.GetName() == "cluster-reconciler-flux-system" {
			checkReconcilers(t, object)
		}
	}
	// Objects are applied in order: the namespace must precede the objects in it.
	if ref(objects[0]) != "v1 Namespace flux-system" {
		t.Errorf("the first object is %s", ref(objects[0]))
	}
}

func checkReconcilers(t *testing.T, binding *unstructured.Unstructured) {
	t.Helper()
	subjects, _, _ := unstructured.NestedSlice(binding.Object, "subjects")
	var names []string
	for _, subject := range subjects {
		names = append(names, subject.(map[string]any)["name"].(string))
	}
	if want := []string{"kustomize-controller", "helm-controller"}; !slices.Equal(names, want) {
		t.Errorf("cluster-admin for %v, want %v", names, want)
	}
}

// TestVersionsAreThePinnedOnes checks that manifests have the versions that go.mod pins.
func TestVersionsAreThePinnedOnes(t *testing.T) {
	data, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	pinned := map[string]string{}
	for _, require := range mod.Require {
		pinned[require.Mod.Path] = require.Mod.Version
	}
	for _, c := range fluxControllers {
		if pinned[c.module()] != c.Version {
			t.Errorf("%s is %s, go.mod pins %s", c.Name, c.Version, pinned[c.module()])
		}
	}
	certManager, err := loadChart("jetstack/cert-manager", testModuleDir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := certManager.Metadata.Version, pinned["github.com/cert-manager/cert-manager"]; got != want {
		t.Errorf("chart cert-manager is %s, go.mod pins %s", got, want)
	}
}

func TestModuleWithoutCRDs(t *testing.T) {
	empty := t.TempDir()
	if _, err := FluxComponents(func(string) (string, error) { return empty, nil }); err == nil {
		t.Error("components without CRDs were rendered")
	}
}

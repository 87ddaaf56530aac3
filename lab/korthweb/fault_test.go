package korthweb

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const orthancDigest = "13914140549da7bb10869a75f7a7fd4ecfdc92e146da2af4917d6b85170e1525"

func TestImageDigestFault(t *testing.T) {
	whole := testTree(t, testValues)
	broken, err := Break(whole, "image-digest")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range broken {
		if differs := !bytes.Equal(content, whole[name]); differs != (name == "gitops/application/bhs/kustomization.yaml") {
			t.Errorf("%s: differs from the whole tree: %v", name, differs)
		}
	}
	good := "osimis/orthanc@sha256:" + orthancDigest
	for _, c := range []struct {
		files       map[string][]byte
		layer, want string
	}{
		{whole, "bhs-application", good},
		{whole, "mhr-application", good},
		{broken, "bhs-application", "osimis/orthanc@" + orthancDigest},
		{broken, "mhr-application", good},
	} {
		if got := orthancImage(t, c.files, c.layer); got != c.want {
			t.Errorf("%s: image %s, want %s", c.layer, got, c.want)
		}
	}
}

func orthancImage(t *testing.T, files map[string][]byte, layer string) string {
	t.Helper()
	for _, object := range buildLayer(t, files, layers(t, files)[layer]) {
		if object.GetKind() != "Deployment" {
			continue
		}
		containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
		return containers[0].(map[string]any)["image"].(string)
	}
	t.Fatalf("%s has no Deployment", layer)
	return ""
}

func TestFaultThatChangesNothing(t *testing.T) {
	files := testTree(t, testValues)
	for _, f := range Faults() {
		broken, err := Break(files, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Break(broken, f.Name); err == nil {
			t.Errorf("%s: broke a broken tree", f.Name)
		}
		if _, err := Break(nil, f.Name); err == nil {
			t.Errorf("%s: broke an empty tree", f.Name)
		}
		if f.Summary == "" {
			t.Errorf("%s has no summary", f.Name)
		}
	}
}

func TestUnknownFault(t *testing.T) {
	_, err := Break(testTree(t, testValues), "nonsense")
	if err == nil || !strings.Contains(err.Error(), "image-digest") {
		t.Errorf("the error lists no known fault: %v", err)
	}
}

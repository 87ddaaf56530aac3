// Package stages has the Stages by which kwok simulates the kubelets of a lab: the fast ones of
// its module, and the lab's own one for an image name that a kubelet can't parse.
package stages

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// module contains kwok's Stages, in kustomize/ of its sources at v0.8.0.
const module = "sigs.k8s.io/kwok"

// upstream are the files that a lab uses, below kustomize/.
var upstream = []string{
	"crd/bases/kwok.x-k8s.io_stages.yaml",
	"crd/bases/kwok.x-k8s.io_portforwards.yaml",
	"crd/bases/kwok.x-k8s.io_logs.yaml",
	"crd/bases/kwok.x-k8s.io_clusterlogs.yaml",
	"rbac/service_account.yaml",
	"rbac/role.yaml",
	"rbac/role_binding.yaml",
	"rbac/flow_schema.yaml",
	"stage/volume/rbac/role.yaml",
	"stage/volume/rbac/role_binding.yaml",
	"stage/volume/fast/storage-class.yaml",
	"stage/volume/fast/pv-bind.yaml",
	"stage/volume/fast/pv-delete.yaml",
	"stage/volume/fast/pvc-provision.yaml",
	"stage/volume/fast/pvc-delete.yaml",
	"stage/node/fast/node-initialize.yaml",
	"stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
	"stage/pod/fast/pod-ready.yaml",
	"stage/pod/fast/pod-complete.yaml",
	"stage/pod/fast/pod-delete.yaml",
}

//go:embed invalid-image-name.yaml
var invalidImageName string

// eventSubject is what the two events of invalid-image-name.yaml have in
// common.
//
//go:embed event.yaml
var eventSubject string

// Objects returns the objects that kwok needs in the cluster: the CRDs of Stages, port-forward
// and logs, the Stages, the roles of kwok's service account and the default StorageClass.
func Objects(moduleDir func(string) (string, error)) ([]*unstructured.Unstructured, error) {
	dir, err := moduleDir(module)
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	for _, name := range upstream {
		data, err := os.ReadFile(filepath.Join(dir, "kustomize", filepath.FromSlash(name)))
		if err != nil {
			return nil, fmt.Errorf("reading kwok's own manifests: %w", err)
		}
		obj, err := parse(data)
		if err != nil {
			return nil, fmt.Errorf("reading kwok's own %s: %w", name, err)
		}
		if obj.GetKind() == "Stage" && obj.GetName() == "pod-ready" {
			if err := exceptBadImages(obj); err != nil {
				return nil, err
			}
		}
		out = append(out, obj)
	}
	own, err := InvalidImageName()
	return append(out, own), err
}

// InvalidImageName is the lab's Stage for Pods with an image name that can't be parsed: they
// stay Pending, with the kubelet's message about it.
func InvalidImageName() (*unstructured.Unstructured, error) {
	// The event's lines replace its mark, with the same indentation.
	subject := strings.ReplaceAll(strings.TrimSpace(eventSubject), "\n", "\n"+strings.Repeat(" ", 8))
	text := strings.ReplaceAll(invalidImageName, "EVENT_SUBJECT", subject)
	text = strings.ReplaceAll(text, "BAD_IMAGE_TEMPLATE", badImageTemplate(".image"))
	obj, err := parse([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("reading the Stage invalid-image-name: %w", err)
	}
	return obj, requireBadImage(obj, "In")
}

// exceptBadImages excludes those Pods from kwok's pod-ready. A weight is not enough: once
// the lab's Stage has set the Pod's address it no longer matches, and pod-ready would
// take the Pod next.
func exceptBadImages(podReady *unstructured.Unstructured) error {
	// Pods of which another Stage has set the status are excluded as well.
	if err := require(podReady, map[string]any{"key": ".status.startTime", "operator": "DoesNotExist"}); err != nil {
		return err
	}
	return requireBadImage(podReady, "NotIn")
}

func requireBadImage(stage *unstructured.Unstructured, operator string) error {
	return require(stage, map[string]any{"key": badImage(), "operator": operator, "values": []any{"true"}})
}

func require(stage *unstructured.Unstructured, requirement map[string]any) error {
	path := []string{"spec", "selector", "matchExpressions"}
	list, _, err := unstructured.NestedSlice(stage.Object, path...)
	if err != nil {
		return fmt.Errorf("reading the selector of Stage %s: %w", stage.GetName(), err)
	}
	list = append(list, requirement)
	return unstructured.SetNestedSlice(stage.Object, list, path...)
}

func parse(data []byte) (*unstructured.Unstructured, error) {
	obj := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(bytes.TrimSpace(data), &obj.Object); err != nil {
		return nil, err
	}
	return obj, nil
}

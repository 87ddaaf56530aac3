package korthweb

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// crdSource is the location of CustomResourceDefinitions in a pinned module.
type crdSource struct {
	module string
	glob   string   // inside the module
	groups []string // API groups to keep; all when empty
}

// read returns the definitions in the order of their files.
func (s crdSource) read(moduleDir ModuleDir) ([]*unstructured.Unstructured, error) {
	dir, err := moduleDir(s.module)
	if err != nil {
		return nil, fmt.Errorf("find module %s: %w", s.module, err)
	}
	paths, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(s.glob)))
	if err != nil {
		return nil, err
	}
	var crds []*unstructured.Unstructured
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		objects, err := decodeAll(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, object := range objects {
			if s.wants(object) {
				crds = append(crds, object)
			}
		}
	}
	if len(crds) == 0 {
		// A newer version of the module may have moved them: this error is clearer than "no
		// matches for kind" during the installation.
		return nil, fmt.Errorf("module %s has no CustomResourceDefinition in %s", s.module, s.glob)
	}
	return crds, nil
}

func (s crdSource) wants(object *unstructured.Unstructured) bool {
	if object.GetKind() != "CustomResourceDefinition" {
		return false
	}
	group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
	for _, g := range s.groups {
		if g == group {
			return true
		}
	}
	return len(s.groups) == 0
}

// decodeAll reads every object of a multi-document YAML.
func decodeAll(data []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if err == io.EOF {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// encodeAll is the inverse of decodeAll.
func encodeAll(objects []*unstructured.Unstructured) ([]byte, error) {
	var out strings.Builder
	for _, object := range objects {
		data, err := yaml.Marshal(object.Object)
		if err != nil {
			return nil, err
		}
		out.WriteString("---\n")
		out.Write(data)
	}
	return []byte(out.String()), nil
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// customKinds reads CustomResourceDefinitions.
func customKinds(dirOf func(module) (string, error)) (*bundle, error) {
	b := &bundle{schemas: map[string]any{}}
	for i, s := range []struct {
		module
		glob string
	}{
		{certManager, "deploy/crds/*.yaml"},
		{istio, "kubernetes/customresourcedefinitions.gen.yaml"},
		{gatewayAPI, "config/crd/standard/*.yaml"},
	} {
		b.header.Sources = append(b.header.Sources, source{s.name, s.version})
		dir, err := dirOf(s.module)
		if err != nil {
			return nil, err
		}
		paths, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(s.glob)))
		if err != nil {
			return nil, err
		}
		before := len(b.header.Kinds)
		for _, path := range paths {
			if err := b.addFile(path, i); err != nil {
				return nil, fmt.Errorf("read %s: %w", path, err)
			}
		}
		if len(b.header.Kinds) == before {
			return nil, fmt.Errorf("module %s has no CustomResourceDefinition in %s", s.path, s.glob)
		}
	}
	return b, nil
}

// addFile adds the definitions of a file of YAML documents.
func (b *bundle) addFile(path string, from int) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	documents := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		object := unstructured.Unstructured{}
		if err := documents.Decode(&object.Object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		if err := b.addDefinition(object.Object, from); err != nil {
			return err
		}
	}
}

// addDefinition adds every served version of a definition.
func (b *bundle) addDefinition(crd map[string]any, from int) error {
	group, _, _ := unstructured.NestedString(crd, "spec", "group")
	name, _, _ := unstructured.NestedString(crd, "spec", "names", "kind")
	versions, _, err := unstructured.NestedSlice(crd, "spec", "versions")
	if err != nil {
		return err
	}
	for _, v := range versions {
		version, ok := v.(map[string]any)
		if !ok || version["served"] != true {
			continue
		}
		schema, found, err := unstructured.NestedMap(version, "schema", "openAPIV3Schema")
		if err != nil || !found {
			return fmt.Errorf("%s %s has no schema", name, version["name"])
		}
		_, status, _ := unstructured.NestedMap(version, "subresources", "status")
		apiVersion := fmt.Sprintf("%s/%s", group, version["name"])
		if properties, ok := schema["properties"].(map[string]any); ok && status {
			properties["status"] = anything()
		}
		b.schemas[apiVersion+"/"+name] = strip(schema)
		b.header.Kinds = append(b.header.Kinds, kind{apiVersion, name, apiVersion + "/" + name, from, status})
	}
	return nil
}

// anything is a schema that accepts every value.
func anything() map[string]any {
	return map[string]any{"x-kubernetes-preserve-unknown-fields": true}
}

// dropped are the keys of a schema that validation does not use. Rules in CEL are not
// evaluated.
var dropped = map[string]bool{
	"description": true, "title": true, "example": true, "externalDocs": true, "x-kubernetes-validations": true,
	"x-kubernetes-patch-strategy": true, "x-kubernetes-patch-merge-key": true, "x-kubernetes-unions": true,
	"x-kubernetes-map-type": true, "x-kubernetes-group-version-kind": true, "x-kubernetes-selectable-fields": true,
}

// strip removes what validation does not use.
func strip(schema map[string]any) map[string]any {
	for key, value := range schema {
		if dropped[key] {
			delete(schema, key)
			continue
		}
		switch key {
		case "properties":
			for _, p := range value.(map[string]any) {
				strip(p.(map[string]any))
			}
		case "allOf", "anyOf", "oneOf":
			for _, s := range value.([]any) {
				strip(s.(map[string]any))
			}
		case "items", "not", "additionalProperties":
			if s, ok := value.(map[string]any); ok {
				strip(s)
			}
		}
	}
	return schema
}

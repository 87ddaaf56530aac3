package schema

import (
	"errors"
	"fmt"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// AddCRD adds the served versions of the kind that a CustomResourceDefinition
// (apiextensions.k8s.io/v1) defines, and replaces those that the set has. It returns an
// error, and adds nothing, if the definition has a schema that can't be used: a pattern that
// Go can't compile, a $ref, or more than the limits allow. Objects of a version without a
// schema are not known.
func (s *Set) AddCRD(crd *unstructured.Unstructured) error {
	var definition apiextensions.CustomResourceDefinition
	kind := crd.GroupVersionKind()
	if kind.Kind != "CustomResourceDefinition" || kind.GroupVersion() != apiextensions.SchemeGroupVersion {
		return fmt.Errorf("add the schema of %s: apiVersion is %q and kind %q, not %s and CustomResourceDefinition", crd.GetName(), crd.GetAPIVersion(), crd.GetKind(), apiextensions.SchemeGroupVersion)
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(crd.Object, &definition); err != nil {
		return fmt.Errorf("add the schema of CustomResourceDefinition %s: %w", crd.GetName(), err)
	}
	versions, err := compileVersions(&definition.Spec)
	if err != nil {
		return fmt.Errorf("add the schema of CustomResourceDefinition %s: %w", crd.GetName(), err)
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.added[schema.GroupKind{Group: definition.Spec.Group, Kind: definition.Spec.Names.Kind}] = versions
	return nil
}

// compileVersions compiles the schemas of the served versions.
func compileVersions(spec *apiextensions.CustomResourceDefinitionSpec) (map[string]*node, error) {
	if spec.Group == "" || spec.Names.Kind == "" {
		return nil, errors.New("spec.group or spec.names.kind is empty")
	}
	versions := map[string]*node{}
	c := compiler{nodes: maxNodes, instructions: maxInstructions}
	for _, v := range spec.Versions {
		if !v.Served || v.Schema == nil || v.Schema.OpenAPIV3Schema == nil {
			continue
		}
		n, err := c.compile(v.Schema.OpenAPIV3Schema, 0)
		if err != nil {
			return nil, fmt.Errorf("version %s: %w", v.Name, err)
		}
		versions[v.Name] = rootOf(n, v.Subresources != nil && v.Subresources.Status != nil)
	}
	return versions, nil
}

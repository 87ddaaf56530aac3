package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// optional are required fields whose absence the API server accepts, because the zero value
// of their Go type is valid. OpenAPI marks all fields as required that are always written. The
// list was compared with the validation of Kubernetes 1.36.3 (pkg/registry) for workloads,
// services, storage and RBAC, on 1,528 manifests without one of the other fields.
// It accepts one of them: a volume without a claim's name that a claim's template replaces.
var optional = map[string][]string{
	"io.k8s.api.apiserverinternal.v1alpha1.StorageVersion":       {"metadata"},
	"io.k8s.api.apps.v1.ControllerRevision":                      {"revision"},
	"io.k8s.api.core.v1.Event":                                   {"metadata", "involvedObject"},
	"io.k8s.api.core.v1.HTTPHeader":                              {"value"},
	"io.k8s.api.core.v1.ISCSIPersistentVolumeSource":             {"lun"},
	"io.k8s.api.core.v1.ISCSIVolumeSource":                       {"lun"},
	"io.k8s.api.core.v1.LimitRangeSpec":                          {"limits"},
	"io.k8s.api.core.v1.PersistentVolumeClaimTemplate":           {"spec"},
	"io.k8s.api.core.v1.PreferredSchedulingTerm":                 {"preference"},
	"io.k8s.api.core.v1.SleepAction":                             {"seconds"},
	"io.k8s.api.core.v1.Sysctl":                                  {"value"},
	"io.k8s.api.events.v1.Event":                                 {"eventTime"},
	"io.k8s.api.storage.v1.CSIDriver":                            {"spec"},
	"io.k8s.api.storage.v1.CSINode":                              {"spec"},
	"io.k8s.api.storage.v1.CSINodeSpec":                          {"drivers"},
	"io.k8s.api.storage.v1.TokenRequest":                         {"audience"},
	"io.k8s.api.authorization.v1.SelfSubjectRulesReview":         {"spec"},
	"io.k8s.api.authentication.v1.TokenReviewSpec":               {"token"},
	apiextensions + "CustomResourceDefinitionVersion":            {"served", "storage"},
	"io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern": {"type"},
}

// notChecked are API groups whose fields change with every version: no field of them is
// required.
var notChecked = []string{"io.k8s.api.resource.", "io.k8s.api.scheduling.v1alpha2.", "io.k8s.api.apiserverinternal.", "io.k8s.api.certificates.v1beta1."}

const (
	apiextensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
	refPrefix     = "#/components/schemas/"
)

// special are definitions that OpenAPI does not describe as the API server decodes them.
var special = map[string]map[string]any{
	"io.k8s.apimachinery.pkg.api.resource.Quantity":            {"type": "string", "format": "quantity"},
	"io.k8s.apimachinery.pkg.util.intstr.IntOrString":          {"x-kubernetes-int-or-string": true},
	"io.k8s.apimachinery.pkg.runtime.RawExtension":             anything(),
	"io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1":            anything(),
	apiextensions + "JSON":                                     anything(),
	apiextensions + "JSONSchemaPropsOrArray":                   anything(),
	apiextensions + "JSONSchemaPropsOrBool":                    anything(),
	apiextensions + "JSONSchemaPropsOrStringArray":             anything(),
	apiextensions + "CustomResourceSubresourceStatus":          anything(),
	"io.k8s.api.apiserverinternal.v1alpha1.StorageVersionSpec": anything(),
}

// builtInKinds reads Kubernetes' OpenAPI documents (api/openapi-spec/v3), and the values that
// are allowed in the generated Go code, because the documents do not have them.
func builtInKinds(dirOf func(module) (string, error)) (*bundle, error) {
	dir, err := dirOf(kubernetes)
	if err != nil {
		return nil, err
	}
	definitions, err := readDefinitions(filepath.Join(dir, "api", "openapi-spec", "v3"))
	if err != nil {
		return nil, err
	}
	enums, err := readEnums(filepath.Join(dir, "pkg", "generated", "openapi", "zz_generated.openapi.go"))
	if err != nil {
		return nil, err
	}
	b := &bundle{header: header{Sources: []source{{kubernetes.name, kubernetes.version}}}, schemas: map[string]any{}}
	for _, name := range slices.Sorted(maps.Keys(definitions)) {
		b.addKind(definitions[name], name)
	}
	for _, k := range b.header.Kinds {
		b.add(definitions, enums, k.Schema)
	}
	return b, nil
}

func readDefinitions(dir string) (map[string]map[string]any, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	definitions := map[string]map[string]any{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var document struct {
			Components struct{ Schemas map[string]map[string]any }
		}
		if err := json.Unmarshal(data, &document); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		maps.Copy(definitions, document.Components.Schemas)
	}
	if len(definitions) == 0 {
		return nil, fmt.Errorf("%s has no definitions", dir)
	}
	return definitions, nil
}

// addKind adds the kind of a definition, if it is one of objects.
func (b *bundle) addKind(definition map[string]any, name string) {
	kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
	properties, _ := definition["properties"].(map[string]any)
	if len(kinds) != 1 || strings.HasSuffix(name, "List") || strings.Contains(name, ".meta.v1.") {
		return
	}
	gvk := kinds[0].(map[string]any)
	apiVersion := fmt.Sprint(gvk["version"])
	if gvk["group"] != "" {
		apiVersion = fmt.Sprintf("%s/%s", gvk["group"], gvk["version"])
	}
	if _, ok := properties["status"]; ok {
		properties["status"] = anything()
	}
	b.header.Kinds = append(b.header.Kinds, kind{apiVersion, fmt.Sprint(gvk["kind"]), name, 0, true})
}

// add adds a definition and what it refers to, once.
func (b *bundle) add(definitions map[string]map[string]any, enums map[string]map[string][]string, name string) {
	if b.schemas[name] != nil {
		return
	}
	if s, ok := special[name]; ok {
		b.schemas[name] = s
		return
	}
	d := strip(definitions[name])
	b.schemas[name] = d
	required, _ := d["required"].([]any)
	required = slices.DeleteFunc(required, func(field any) bool {
		return slices.Contains(optional[name], field.(string)) || slices.ContainsFunc(notChecked, func(p string) bool { return strings.HasPrefix(name, p) })
	})
	d["required"] = required
	if len(required) == 0 {
		delete(d, "required")
	}
	properties, _ := d["properties"].(map[string]any)
	for field, p := range properties {
		property := p.(map[string]any)
		if values := enums[functionOf(name)][field]; values != nil {
			typed := property
			if items, ok := property["items"].(map[string]any); ok {
				typed = items
			}
			typed["enum"] = values
		}
		properties[field] = b.resolve(definitions, enums, property)
	}
}

// resolve replaces an allOf that wraps a single reference, drops defaults that are zero, and
// adds the definitions that a schema refers to.
func (b *bundle) resolve(definitions map[string]map[string]any, enums map[string]map[string][]string, s map[string]any) map[string]any {
	if wrapped, ok := s["allOf"].([]any); ok && len(wrapped) == 1 {
		delete(s, "allOf")
		maps.Copy(s, wrapped[0].(map[string]any))
	}
	switch d := s["default"].(type) {
	case string:
		if d == "" {
			delete(s, "default")
		}
	case bool, float64, map[string]any, nil:
		delete(s, "default")
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if below, ok := s[key].(map[string]any); ok {
			s[key] = b.resolve(definitions, enums, below)
		}
	}
	if ref, ok := s["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, refPrefix)
		s["$ref"] = name
		b.add(definitions, enums, name)
	}
	return s
}

// functionOf is the end of the name of the generated function of a definition:
// "api_core_v1_Container".
func functionOf(definition string) string {
	name := strings.TrimPrefix(definition, "io.k8s.")
	if _, after, ok := strings.Cut(name, ".pkg."); ok {
		name = after
	}
	return strings.ReplaceAll(name, ".", "_")
}

// readEnums returns the values that a field may have, by the end of the name of the generated
// function, and the field.
func readEnums(path string) (map[string]map[string][]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	enums := map[string]map[string][]string{}
	for _, d := range file.Decls {
		function, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name := strings.TrimPrefix(strings.TrimPrefix(function.Name.Name, "schema_"), "k8sio_")
		name = strings.TrimPrefix(name, "pkg_")
		if fields := enumsOf(function); len(fields) > 0 {
			enums[name] = fields
		}
	}
	if len(enums) == 0 {
		return nil, fmt.Errorf("%s has no enumerations", path)
	}
	return enums, nil
}

// enumsOf finds `Enum: []interface{}{...}` below `"field": {...}`.
func enumsOf(function *ast.FuncDecl) map[string][]string {
	fields := map[string][]string{}
	ast.Inspect(function, func(n ast.Node) bool {
		entry, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		key, ok := entry.Key.(*ast.BasicLit)
		if !ok || key.Kind != token.STRING {
			return true
		}
		field, _ := strconv.Unquote(key.Value)
		ast.Inspect(entry.Value, func(n ast.Node) bool {
			inner, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			if id, ok := inner.Key.(*ast.Ident); ok && id.Name == "Enum" {
				fields[field] = literals(inner.Value)
			}
			return true
		})
		return false
	})
	return fields
}

// literals are the strings of a composite literal.
func literals(list ast.Expr) []string {
	var values []string
	composite, _ := list.(*ast.CompositeLit)
	if composite == nil {
		return nil
	}
	for _, e := range composite.Elts {
		if literal, ok := e.(*ast.BasicLit); ok {
			if value, err := strconv.Unquote(literal.Value); err == nil {
				values = append(values, value)
			}
		}
	}
	return values
}

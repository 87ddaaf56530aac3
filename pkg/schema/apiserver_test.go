package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
)

// apiServer validates custom resources with the packages that API servers use.
type apiServer struct {
	structural *structural.Structural
	validator  *validate.SchemaValidator
}

func newAPIServer(t *testing.T, props *apiextensionsv1.JSONSchemaProps) *apiServer {
	t.Helper()
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(props, &internal, nil); err != nil {
		t.Fatal(err)
	}
	s, err := structural.NewStructural(&internal)
	if err != nil {
		t.Fatal(err)
	}
	openAPI := s.ToKubeOpenAPI()
	prepare(openAPI)
	return &apiServer{s, validate.NewSchemaValidator(openAPI, nil, "", strfmt.Default)}
}

// prepare does what API servers do in code before they validate: the types of int-or-string,
// and formats that they do not enforce.
func prepare(s *spec.Schema) {
	if is, _ := s.Extensions.GetBool("x-kubernetes-int-or-string"); is {
		s.Type = spec.StringOrArray{"integer", "string"}
	}
	if s.Type.Contains("string") && !enforced[strings.ReplaceAll(s.Format, "-", "")] || s.Type.Contains("object") || s.Type.Contains("array") {
		s.Format = ""
	}
	for name, p := range s.Properties {
		prepare(&p)
		s.Properties[name] = p
	}
	if s.Items != nil {
		prepare(s.Items.Schema)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		prepare(s.AdditionalProperties.Schema)
	}
}

// problems returns the fields that the API server prunes, whether values are valid, and
// whether lists have duplicates.
func (a *apiServer) problems(obj map[string]any) (unknown []string, valid, unique bool) {
	defaults(a.structural, obj)
	unique = len(listtype.ValidateListSetsAndMaps(nil, a.structural, obj)) == 0
	valid = a.validator.Validate(obj).IsValid()
	unknown = pruning.PruneWithOptions(obj, a.structural, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	return unknown, valid, unique
}

// defaults sets the defaults of fields as API servers do.
func defaults(s *structural.Structural, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, p := range s.Properties {
			if value, ok := v[name]; p.Default.Object != nil && (!ok || value == nil && !p.Nullable) {
				v[name] = runtime.DeepCopyJSONValue(p.Default.Object)
			}
			defaults(&p, v[name])
		}
		if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
			for _, below := range v {
				defaults(s.AdditionalProperties.Structural, below)
			}
		}
	case []any:
		for _, entry := range v {
			if s.Items != nil {
				defaults(s.Items, entry)
			}
		}
	}
}

// TestAPIServer compares the answers with those of the packages that API servers use, for
// random objects of all embedded custom kinds.
func TestAPIServer(t *testing.T) {
	rounds := 300
	if testing.Short() {
		rounds = 30
	}
	counts := map[string]int{}
	for _, kind := range slices.SortedFunc(maps.Keys(custom().kinds), func(a, b gvk) int { return strings.Compare(a.String(), b.String()) }) {
		var props apiextensionsv1.JSONSchemaProps
		if err := json.Unmarshal(custom().encoded[custom().kinds[kind].Schema], &props); err != nil {
			t.Fatal(err)
		}
		server := newAPIServer(t, &props)
		random := rand.New(rand.NewPCG(1, uint64(len(kind.String()))))
		for range rounds {
			obj := map[string]any{"apiVersion": kind.GroupVersion().String(), "kind": kind.Kind, "metadata": map[string]any{"name": "a"}}
			g := generator{random: random, mistakes: random.IntN(4)}
			for name, p := range props.Properties {
				if name != "apiVersion" && name != "kind" && name != "metadata" && name != "status" {
					obj[name] = g.value(&p, 0)
				}
			}
			compare(t, server, obj, counts)
			if t.Failed() {
				return
			}
		}
	}
	t.Log(counts)
	for _, class := range []string{"valid", "invalid", "unknown", "duplicate"} {
		if counts[class] < 20 {
			t.Errorf("%d objects are %s: the generator is too narrow", counts[class], class)
		}
	}
}

func compare(t *testing.T, server *apiServer, obj map[string]any, counts map[string]int) {
	t.Helper()
	problems, known := NewSet().Validate(obj)
	if !known {
		t.Fatalf("%s is not known", obj["kind"])
	}
	var unknown []string
	valid, unique := true, true
	for _, p := range problems {
		if p.Message == "must be of type string, not array" {
			return // kube-openapi accepts lists as strings with a format
		}
		switch p.Rule {
		case UnknownField:
			unknown = append(unknown, p.Path)
		case DuplicateEntry:
			unique = false
		case WrongType, MissingField, InvalidValue:
			valid = false
		}
	}
	text, _ := json.Marshal(obj)
	wantUnknown, wantValid, wantUnique := server.problems(runtime.DeepCopyJSON(obj))
	if len(problems) < maxProblems && valid != wantValid {
		t.Errorf("%s\nvalid is %v, for the API server %v: %v\n%v", text, valid, wantValid, problems, server.validator.Validate(obj).Errors)
	}
	if !wantValid {
		counts["invalid"]++
		return
	}
	counts["valid"]++
	slices.Sort(unknown)
	if !slices.Equal(unknown, wantUnknown) {
		t.Errorf("%s\nunknown fields are %q, for the API server %q", text, unknown, wantUnknown)
	}
	if unique != wantUnique {
		t.Errorf("%s\nunique is %v, for the API server %v: %v", text, unique, wantUnique, problems)
	}
	if len(unknown) > 0 {
		counts["unknown"]++
	}
	if !unique {
		counts["duplicate"]++
	}
}

// generator makes values of a schema, with some mistakes.
type generator struct {
	random   *rand.Rand
	mistakes int
}

var texts = []string{"", "a", "http", "a.example.com", "*", "1h", "10s", "5", "50%", "/x", "HTTP", "TCP", "Exact", "2026-01-31T12:00:00Z", "aGVsbG8=", "10.0.0.1", "%", "a b", "https://example.com", "example.com/a"}

func (g *generator) mistake(one int) bool {
	if g.mistakes > 0 && g.random.IntN(one) == 0 {
		g.mistakes--
		return true
	}
	return false
}

func (g *generator) value(p *apiextensionsv1.JSONSchemaProps, depth int) any {
	if g.mistake(40) {
		return []any{nil, "text", int64(3), 1.5, true, []any{}, map[string]any{}, []any{map[string]any{}}}[g.random.IntN(8)]
	}
	if len(p.Enum) > 0 && !g.mistake(20) {
		var v any
		_ = json.Unmarshal(p.Enum[g.random.IntN(len(p.Enum))].Raw, &v)
		return v
	}
	switch {
	case p.XIntOrString:
		return []any{int64(80), "http", "50%"}[g.random.IntN(3)]
	case p.Type == "object":
		return g.object(p, depth)
	case p.Type == "array":
		list := []any{}
		for range g.random.IntN(3) {
			list = append(list, g.value(p.Items.Schema, depth+1))
		}
		if len(list) > 0 && g.random.IntN(3) == 0 {
			list = append(list, runtime.DeepCopyJSONValue(list[0]))
		}
		return list
	case p.Type == "boolean":
		return g.random.IntN(2) == 0
	case p.Type == "integer":
		return []int64{0, 1, 80, 443, 65536, -1, 1 << 33, 200, 503}[g.random.IntN(9)]
	case p.Type == "number":
		return []any{int64(1), 0.5, -1.5}[g.random.IntN(3)]
	}
	return texts[g.random.IntN(len(texts))]
}

func (g *generator) object(p *apiextensionsv1.JSONSchemaProps, depth int) map[string]any {
	fields := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
		below := p.Properties[name]
		required := slices.Contains(p.Required, name)
		if required && !g.mistake(30) || g.random.IntN(3+depth*2) == 0 {
			fields[name] = g.value(&below, depth+1)
		}
	}
	if p.AdditionalProperties != nil && p.AdditionalProperties.Schema != nil {
		for i := range g.random.IntN(3) {
			fields[fmt.Sprint("key", i)] = g.value(p.AdditionalProperties.Schema, depth+1)
		}
	}
	if g.mistake(20) {
		fields["unknown"] = []any{"text", map[string]any{"a": "b"}, []any{"a"}}[g.random.IntN(3)]
	}
	return fields
}

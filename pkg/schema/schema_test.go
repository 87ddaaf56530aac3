package schema

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

type gvk = schema.GroupVersionKind

func parse(t testing.TB, text string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}

// texts are problems as texts, in alphabetical order.
func textsOf(problems []Problem) []string {
	list := make([]string, 0, len(problems))
	for _, p := range problems {
		list = append(list, p.String())
	}
	slices.Sort(list)
	return list
}

func TestValidate(t *testing.T) {
	data, err := os.ReadFile("testdata/objects.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name    string
		Object  map[string]any
		Want    []string
		Unknown bool
	}
	parse(t, string(data), &cases)
	set := NewSet()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			problems, known := set.Validate(c.Object)
			if known == c.Unknown {
				t.Errorf("known is %v", known)
			}
			slices.Sort(c.Want)
			if got := textsOf(problems); !slices.Equal(got, c.Want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(c.Want, "\n"))
			}
			for _, p := range problems {
				if _, ok := object.Read(c.Object, p.Path); !ok && p.Rule != MissingField {
					t.Errorf("the object has no field %s", p.Path)
				}
			}
			if again, _ := set.Validate(c.Object); !slices.Equal(again, problems) {
				t.Errorf("the second answer is %v", again)
			}
		})
	}
}

const shipCRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ships.example.com}
spec:
  group: example.com
  names: {kind: Ship, plural: ships}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          metadata: {type: object, properties: {name: {type: string, maxLength: 5}}}
          spec:
            type: object
            required: [size, port, crew]
            properties:
              size: {type: integer, minimum: 1, maximum: 10, exclusiveMaximum: true, multipleOf: 2}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}], pattern: "^[a-z]*$"}
              crew: {type: array, default: [], minItems: 1, maxItems: 2, items: {type: string, minLength: 2}}
              cargo: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {weight: {type: number}}}
              boat: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object}}}
              flags: {type: object, minProperties: 1, maxProperties: 2, additionalProperties: {type: boolean, nullable: true}}
              colour: {type: string, nullable: true, default: red, enum: [red, green]}
              decks: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name, level], items: {type: object, required: [name], properties: {name: {type: string}, level: {type: integer, default: 1}}}}
              address: {type: string, format: ipv4}
              strange: {type: string, format: strange}
              either: {type: object, properties: {a: {type: string}, b: {type: string}}, anyOf: [{required: [a]}, {required: [b]}]}
              all: {type: integer, allOf: [{minimum: 2}, {maximum: 3}], not: {enum: [3]}}
          status: {type: object, properties: {phase: {type: string}}}
  - name: v2
    served: true
    storage: false
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
    subresources: {status: {}}
  - name: v0
    served: false
    storage: false
    schema: {openAPIV3Schema: {type: object}}
`

func TestAddCRD(t *testing.T) {
	set := NewSet()
	crd := unstructured.Unstructured{}
	parse(t, shipCRD, &crd.Object)
	if err := set.AddCRD(&crd); err != nil {
		t.Fatal(err)
	}
	ship := schema.GroupKind{Group: "example.com", Kind: "Ship"}
	if got := set.Versions(ship); !slices.Equal(got, []string{"v1", "v2"}) {
		t.Errorf("versions are %q", got)
	}
	if got := set.Origin(ship.WithVersion("v1")); got != "its CustomResourceDefinition" {
		t.Errorf("the origin is %q", got)
	}
	const valid = "size: 2, port: a, crew: [ab]"
	for spec, want := range map[string][]string{
		valid:                                         nil,
		"size: 2, port: 80":                           nil, // crew has a default, which is not validated
		"size: 3, port: 1":                            {"spec.size: must be a multiple of 2"},
		"size: 10, port: 1":                           {"spec.size: must be less than 10"},
		"size: 0, port: 1":                            {"spec.size: must be at least 1"},
		"size: 2.5, port: 1.5":                        {"spec.port: must be of type integer or string, not number", "spec.size: must be of type integer, not number"},
		"size: 2, port: A":                            {"spec.port: must match the pattern ^[a-z]*$"},
		"size: 2, port: a, crew: []":                  {"spec.crew: must have at least 1 entry"},
		"size: 2, port: a, crew: [a, bc, de]":         {"spec.crew: must have at most 2 entries", "spec.crew[0]: must have at least 2 characters"},
		valid + ", cargo: {weight: x, other: {a: b}}": {"spec.cargo.weight: must be of type number, not string"},
		valid + ", boat: {apiVersion: v1, kind: Boat, metadata: {nam: x}, spec: {a: b}, x: y}": {"spec.boat.metadata.nam: is an unknown field; a similar field is name", "spec.boat.spec.a: is an unknown field", "spec.boat.x: is an unknown field"},
		valid + ", flags: {}":                                   {"spec.flags: must have at least 1 field"},
		valid + ", flags: {a: null, b: 1}":                      {"spec.flags.b: must be of type boolean, not integer"},
		valid + ", colour: null":                                nil,
		valid + ", colour: blue":                                {"spec.colour: must be one of: red, green"},
		valid + ", decks: [{name: a}, {name: a, level: 2}]":     nil,
		valid + ", decks: [{name: a, level: 1}, {name: a}, {}]": {"spec.decks[1]: has the same name and level as entry 0", "spec.decks[2].name: is required"},
		valid + ", address: 10.0.0.256, strange: x":             {"spec.address: must be in the format ipv4"},
		valid + ", either: {}":                                  {"spec.either: requires one of the fields a, b"},
		valid + ", either: {a: x, b: z}":                        nil,
		valid + ", all: 1":                                      {"spec.all: must be at least 2"},
		valid + ", all: 3":                                      {"spec.all: must not be one of: 3"},
		valid + ", crew: null":                                  nil,
		valid + ", size: null":                                  {"spec.size: must be of type integer, not null"},
	} {
		obj := map[string]any{}
		spec = strings.Replace(strings.Replace(spec, "crew: [ab], crew", "crew", 1), valid+", size", "port: a, crew: [ab], size", 1)
		parse(t, "{apiVersion: example.com/v1, kind: Ship, metadata: {name: a}, spec: {"+spec+"}}", &obj)
		problems, known := set.Validate(obj)
		if got := textsOf(problems); !known || !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q, %v\nwant %q", spec, got, known, want)
		}
	}
	for text, want := range map[string][]string{
		"{apiVersion: example.com/v1, kind: Ship, metadata: {name: longer}, spec: {" + valid + "}, status: {phase: 1}}": {"metadata.name: must have at most 5 characters", "status.phase: must be of type string, not integer"},
		"{apiVersion: example.com/v1, kind: Ship, metadata: {name: a}}":                                                 {"spec: is required"},
		"{apiVersion: example.com/v2, kind: Ship, metadata: {name: longer}, x: {y: z}, status: 1}":                      nil,
	} {
		obj := map[string]any{}
		parse(t, text, &obj)
		problems, known := set.Validate(obj)
		if got := textsOf(problems); !known || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", text, got, known, want)
		}
	}
	for _, version := range []string{"v0", "v3"} {
		if _, known := set.Validate(map[string]any{"apiVersion": "example.com/" + version, "kind": "Ship"}); known {
			t.Errorf("version %s is known", version)
		}
	}
}

// TestAddCRDReplaces: the definition of a tree counts, not the embedded one.
func TestAddCRDReplaces(t *testing.T) {
	set := NewSet()
	crd := unstructured.Unstructured{}
	parse(t, "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: {group: cert-manager.io, names: {kind: Issuer}, versions: [{name: v2, served: true, schema: {openAPIV3Schema: {type: object}}}]}}", &crd.Object)
	if err := set.AddCRD(&crd); err != nil {
		t.Fatal(err)
	}
	if _, known := set.Validate(map[string]any{"apiVersion": "cert-manager.io/v1", "kind": "Issuer"}); known {
		t.Error("cert-manager.io/v1 is known")
	}
	if _, known := NewSet().Validate(map[string]any{"apiVersion": "cert-manager.io/v1", "kind": "Issuer"}); !known {
		t.Error("another set does not know cert-manager.io/v1")
	}
}

func TestAddCRDErrors(t *testing.T) {
	deep := strings.Repeat("{type: object, properties: {a: ", 300) + "{type: string}" + strings.Repeat("}}", 300)
	wide := strings.Repeat("{type: string}, ", maxNodes+1)
	for name, test := range map[string]struct{ schema, want string }{
		"a pattern that Go does not know": {`{type: object, properties: {a: {type: string, pattern: "(?!x)"}}}`, "pattern"},
		"a repeated pattern":              {`{type: object, properties: {a: {type: string, pattern: "(x{1000}){1000}"}}}`, "pattern"},
		"large patterns":                  {"{type: object, allOf: [" + strings.Repeat(`{pattern: "x{1000}y{1000}"}, `, 60) + "]}", "too large"},
		"a reference":                     {`{type: object, properties: {a: {$ref: "#"}}}`, "$ref"},
		"nested":                          {deep, "levels deep"},
		"wide":                            {"{type: object, allOf: [" + wide + "]}", "more than 50000"},
		"a wrong type":                    {`{type: 1}`, "example"},
	} {
		crd := unstructured.Unstructured{}
		parse(t, "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: as.example.com}, spec: {group: example.com, names: {kind: A}, versions: [{name: v1, served: true, schema: {openAPIV3Schema: "+test.schema+"}}]}}", &crd.Object)
		set := NewSet()
		err := set.AddCRD(&crd)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "add the schema of CustomResourceDefinition as.example.com: ") {
			t.Errorf("%s: %.300v", name, err)
		}
		if _, known := set.Validate(map[string]any{"apiVersion": "example.com/v1", "kind": "A"}); known {
			t.Errorf("%s: the kind is known", name)
		}
	}
	for _, text := range []string{"{apiVersion: apiextensions.k8s.io/v1beta1, kind: CustomResourceDefinition}", "{apiVersion: v1, kind: Pod}", "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition}"} {
		crd := unstructured.Unstructured{}
		parse(t, text, &crd.Object)
		if err := NewSet().AddCRD(&crd); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// TestBudget: an object that takes too long is not known, instead of valid.
func TestBudget(t *testing.T) {
	crd := unstructured.Unstructured{}
	parse(t, "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: {group: example.com, names: {kind: A}, versions: [{name: v1, served: true, schema: {openAPIV3Schema: {type: object, properties: {a: {type: array, items: {type: integer, anyOf: ["+strings.Repeat("{minimum: 1}, ", 5000)+"{maximum: 0}]}}}}}}]}}", &crd.Object)
	set := NewSet()
	if err := set.AddCRD(&crd); err != nil {
		t.Fatal(err)
	}
	list := make([]any, 10_000)
	for i := range list {
		list[i] = int64(0)
	}
	if problems, known := set.Validate(map[string]any{"apiVersion": "example.com/v1", "kind": "A", "a": list}); known {
		t.Errorf("it is known, with %d problems", len(problems))
	}
	nested := any(map[string]any{})
	for range 100_000 {
		nested = map[string]any{"items": nested}
	}
	obj := map[string]any{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": map[string]any{"versions": []any{map[string]any{"schema": map[string]any{"openAPIV3Schema": map[string]any{"not": nested}}}}}}
	set.Validate(obj)
	for range 100_000 {
		nested = map[string]any{"not": nested}
	}
	obj["spec"] = map[string]any{"versions": []any{map[string]any{"schema": map[string]any{"openAPIV3Schema": nested}}}}
	if _, known := set.Validate(obj); known {
		t.Error("a schema that is nested 100,000 times is known")
	}
}

func TestProblemLimit(t *testing.T) {
	fields := map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}
	for _, a := range "abcdefghijklmnopqrstuvwxyz" {
		for _, b := range "abcdefghijklmnopqrstuvwxyz" {
			fields[string(a)+string(b)] = 1
		}
	}
	first, known := NewSet().Validate(fields)
	if len(first) != maxProblems || !known {
		t.Errorf("%d problems, %v", len(first), known)
	}
	if again, _ := NewSet().Validate(fields); !slices.Equal(again, first) {
		t.Error("the second answer is another one")
	}
}

func TestKnown(t *testing.T) {
	names := map[string]int{}
	set := NewSet()
	for _, source := range Known() {
		names[source.Name+" "+source.Version] = len(source.Kinds)
		for _, kind := range source.Kinds {
			if set.lookup(kind) == nil {
				t.Errorf("%s is not known", kind)
			}
			if got := set.Origin(kind); got != source.Name+" "+source.Version {
				t.Errorf("the origin of %s is %s", kind, got)
			}
			if !slices.Contains(set.Versions(kind.GroupKind()), kind.Version) {
				t.Errorf("%s has no version %s", kind.GroupKind(), kind.Version)
			}
		}
	}
	for name, want := range map[string]int{"Kubernetes v1.36.3": 98, "cert-manager v1.21.2": 6, "Istio v1.31.4": 33, "Gateway API (standard channel) v1.6.0": 14} {
		if names[name] != want {
			t.Errorf("%s has %d kinds, want %d", name, names[name], want)
		}
	}
	if len(names) != 4 {
		t.Errorf("sources are %v", names)
	}
	if set.Origin(gvk{Kind: "Tenant"}) != "" || set.Versions(schema.GroupKind{Kind: "Tenant"}) != nil {
		t.Error("a kind that does not exist is known")
	}
}

func TestConcurrent(t *testing.T) {
	set := NewSet()
	crd := unstructured.Unstructured{}
	parse(t, shipCRD, &crd.Object)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for _, source := range Known() {
				for _, kind := range source.Kinds {
					set.Validate(map[string]any{"apiVersion": kind.GroupVersion().String(), "kind": kind.Kind, "metadata": map[string]any{"name": "a"}})
				}
			}
			if err := set.AddCRD(&crd); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

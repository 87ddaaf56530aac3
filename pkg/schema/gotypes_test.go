package schema

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"
)

// fixtures are objects of all kinds of k8s.io/api with all fields set, which its round trip
// tests use.
func fixtures(t *testing.T) map[string]map[string]any {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "testdata", "HEAD", "*.json"))
	if err != nil || len(paths) < 100 {
		t.Fatalf("%d objects, %v", len(paths), err)
	}
	objects := map[string]map[string]any{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var obj map[string]any
		if err := kjson.UnmarshalCaseSensitivePreserveInts(data, &obj); err != nil {
			t.Fatal(err)
		}
		objects[filepath.Base(path)] = obj
	}
	return objects
}

// TestEveryField: all fields of all kinds of k8s.io/api are known, and have the right type.
// Their values are not valid.
func TestEveryField(t *testing.T) {
	set := NewSet()
	known := 0
	for name, obj := range fixtures(t) {
		problems, ok := set.Validate(obj)
		if ok {
			known++
		}
		for _, p := range problems {
			if p.Rule != InvalidValue {
				t.Errorf("%s: %s", name, p)
			}
		}
	}
	if known < 85 {
		t.Errorf("%d kinds are known", known)
	}
}

// TestGoTypes compares the answers for Kubernetes' own kinds with the decoder of API servers,
// for random mistakes in types and names of fields.
func TestGoTypes(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme, rbacv1.AddToScheme, storagev1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	rounds := 60
	if testing.Short() {
		rounds = 5
	}
	set := NewSet()
	random := rand.New(rand.NewPCG(1, 2))
	counts := map[bool]int{}
	all := fixtures(t)
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		obj := all[name]
		delete(obj, "status")
		typed, err := scheme.New(kindOf(obj))
		if _, known := set.Validate(obj); err != nil || !known {
			continue
		}
		for range rounds {
			mutated := runtime.DeepCopyJSON(obj)
			what := mutate(random, mutated)
			problems, _ := set.Validate(mutated)
			if len(problems) == maxProblems || strings.Contains(what, ".status") {
				continue // the status of a claim's template is not validated
			}
			if slices.ContainsFunc(problems, func(p Problem) bool { return p.Message == "must be of type string, not array" }) {
				continue // Go decodes lists of numbers into bytes
			}
			problems = slices.DeleteFunc(problems, func(p Problem) bool {
				return p.Rule == MissingField || p.Rule == DuplicateEntry || strings.HasPrefix(p.Message, "must be one of")
			})
			rejected := len(problems) > 0
			data, err := json.Marshal(mutated)
			if err != nil {
				t.Fatal(err)
			}
			strict, err := kjson.UnmarshalStrict(data, typed.DeepCopyObject())
			counts[rejected]++
			if want := err != nil || len(strict) > 0; rejected != want {
				t.Errorf("%s, %s: rejected is %v, by the API server %v: %v\n%v %v", name, what, rejected, want, problems, err, strict)
			}
		}
	}
	t.Log(counts)
	if counts[true] < 100 || counts[false] < 100 {
		t.Errorf("%v: the mutations are too narrow", counts)
	}
}

func kindOf(obj map[string]any) gvk {
	apiVersion, _ := obj["apiVersion"].(string)
	kind, _ := obj["kind"].(string)
	group, version, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group, version = "", apiVersion
	}
	return gvk{Group: group, Version: version, Kind: kind}
}

// mutate changes one field below the top, and tells what it did.
func mutate(random *rand.Rand, obj map[string]any) string {
	fields := obj
	path := ""
	for {
		names := make([]string, 0, len(fields))
		for name := range fields {
			if path != "" || name != "apiVersion" && name != "kind" && name != "metadata" {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return "nothing"
		}
		slices.Sort(names)
		name := names[random.IntN(len(names))]
		path += "." + name
		below, isMap := fields[name].(map[string]any)
		if list, ok := fields[name].([]any); ok && len(list) > 0 {
			below, isMap = list[0].(map[string]any)
		}
		if isMap && random.IntN(5) > 0 {
			fields = below
			continue
		}
		switch random.IntN(4) {
		case 0:
			fields[name+"X"] = fields[name]
			return path + "X added"
		case 1:
			delete(fields, name)
			return path + " deleted"
		}
		value := []any{nil, "text", "5", int64(3), 1.5, true, []any{}, map[string]any{}, []any{"a"}, map[string]any{"a": "b"}, int64(1) << 40, "1Gi", []any{nil}}[random.IntN(13)]
		fields[name] = value
		text, _ := json.Marshal(value)
		return path + " = " + string(text)
	}
}

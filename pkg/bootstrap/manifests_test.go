package bootstrap

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/flux2/v2/pkg/manifestgen/kustomization"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/flux/release"
)

// TestGenerate compares the generated objects of each release with its bundle: all objects of
// the components are there, with the same spec except for what the options change.
func TestGenerate(t *testing.T) {
	for _, version := range release.Versions() {
		t.Run(version, func(t *testing.T) {
			o := example(t)
			o.Flux = version
			o.ComponentsExtra = []string{"image-reflector-controller", "image-automation-controller", "source-watcher"}
			got := objectsOf(t, generate(t, o).Components)
			bundled, err := release.Objects(version)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]*unstructured.Unstructured{}
			for _, object := range bundled {
				want[identity(object, o.Namespace)] = object
			}
			names := slices.Sorted(maps.Keys(want))
			names = append(names, "Namespace flux-system")
			if found := slices.Sorted(maps.Keys(got)); !slices.Equal(found, slices.Sorted(slices.Values(names))) {
				t.Errorf("the objects are\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(names, "\n"))
			}
			for name, object := range got {
				checkObject(t, version, name, object, want[name])
			}
		})
	}
}

// identity names an object, with the suffix that flux2 adds to RBAC and quotas.
func identity(object *unstructured.Unstructured, namespace string) string {
	name := object.GetName()
	switch object.GetKind() {
	case "ClusterRole", "ClusterRoleBinding":
		name += "-" + namespace
	case "ResourceQuota":
		name += "-" + namespace
	}
	return object.GetKind() + " " + name
}

func checkObject(t *testing.T, version, name string, got, bundled *unstructured.Unstructured) {
	t.Helper()
	labels := got.GetLabels()
	if labels["app.kubernetes.io/version"] != version || labels["app.kubernetes.io/instance"] != "flux-system" || labels["app.kubernetes.io/part-of"] != "flux" {
		t.Errorf("%s has the labels %v", name, labels)
	}
	if bundled == nil {
		return
	}
	if got.GetKind() != "Deployment" {
		a, b := fmt.Sprint(got.Object["spec"]), fmt.Sprint(bundled.Object["spec"])
		if a != b {
			t.Errorf("%s differs from the bundle:\n%s\n%s", name, a, b)
		}
		return
	}
	a, b := container(got), container(bundled)
	if want := "ghcr.io/" + fmt.Sprint(b["image"]); a["image"] != want {
		t.Errorf("%s has the image %v, want %s", name, a["image"], want)
	}
	for _, field := range []string{"env", "ports", "resources", "securityContext", "livenessProbe", "volumeMounts"} {
		if fmt.Sprint(a[field]) != fmt.Sprint(b[field]) {
			t.Errorf("%s: %s is %v, want %v", name, field, a[field], b[field])
		}
	}
	args := fmt.Sprint(a["args"])
	for _, want := range []string{"--watch-all-namespaces=true", "--log-level=info"} {
		if strings.Count(args, want) != 1 {
			t.Errorf("%s has the arguments %s, without %s", name, args, want)
		}
	}
	if events := strings.Count(args, "--events-addr=http://notification-controller.$(RUNTIME_NAMESPACE).svc.cluster.local./"); (events == 1) == (got.GetName() == "notification-controller") {
		t.Errorf("%s has the arguments %s", name, args)
	}
	if stores := got.GetName() == "source-controller" || got.GetName() == "source-watcher"; stores != strings.Contains(args, "--storage-adv-addr="+got.GetName()+".$(RUNTIME_NAMESPACE).svc.cluster.local.") {
		t.Errorf("%s has the arguments %s", name, args)
	}
}

func container(deployment *unstructured.Unstructured) map[string]any {
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	return containers[0].(map[string]any)
}

func TestGenerateWithOptions(t *testing.T) {
	o := example(t)
	o.Namespace, o.NetworkPolicy, o.Secret, o.Interval = "gitops", false, "deploy-key", 5*time.Minute
	o.Components = []string{"source-controller", "kustomize-controller"}
	m := generate(t, o)
	if m.Directory != "gitops/fluxcd/gitops" {
		t.Errorf("the directory is %s", m.Directory)
	}
	objects := objectsOf(t, m.Documents())
	for name, object := range objects {
		if strings.HasPrefix(name, "NetworkPolicy ") || name == "Deployment helm-controller" {
			t.Errorf("%s was not requested", name)
		}
		if namespace := object.GetNamespace(); namespace != "" && namespace != "gitops" {
			t.Errorf("%s is in the namespace %s", name, namespace)
		}
	}
	for _, name := range []string{"Namespace gitops", "Deployment source-controller", "GitRepository gitops", "Kustomization gitops", "ClusterRoleBinding cluster-reconciler-gitops"} {
		if objects[name] == nil {
			t.Fatalf("%s is missing", name)
		}
	}
	spec, _, _ := unstructured.NestedMap(objects["GitRepository gitops"].Object, "spec")
	if got, want := fmt.Sprint(spec), "map[interval:5m0s ref:map[branch:main] secretRef:map[name:deploy-key] url:ssh://git@github.com/digihunch/korthweb]"; got != want {
		t.Errorf("the GitRepository has %s, want %s", got, want)
	}
	spec, _, _ = unstructured.NestedMap(objects["Kustomization gitops"].Object, "spec")
	if got, want := fmt.Sprint(spec), "map[interval:10m0s path:./gitops/fluxcd prune:true sourceRef:map[kind:GitRepository name:gitops]]"; got != want {
		t.Errorf("the Kustomization has %s, want %s", got, want)
	}
	if strings.Contains(m.Documents(), "flux-system") {
		t.Error("the manifests name the default namespace")
	}
}

// TestGeneratedFilesBuild builds the directory as kustomize-controller does: it has the same
// objects as the two files.
func TestGeneratedFilesBuild(t *testing.T) {
	m := generate(t, example(t))
	root := t.TempDir()
	directory := filepath.Join(root, "flux-system")
	if err := os.Mkdir(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{ComponentsFile: m.Components, SyncFile: m.Sync, KustomizationFile: m.Kustomization} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	built, err := kustomization.BuildWithRoot(root, directory)
	if err != nil {
		t.Fatal(err)
	}
	got, want := objectsOf(t, string(built)), objectsOf(t, m.Documents())
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) || len(got) < 30 {
		t.Errorf("kustomize builds %d objects, the files have %d", len(got), len(want))
	}
	for name := range want {
		if fmt.Sprint(got[name]) != fmt.Sprint(want[name]) {
			t.Errorf("kustomize changes %s", name)
		}
	}
}

// TestGenerateIsReproducible also checks that no temporary file remains.
func TestGenerateIsReproducible(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Setenv("TMP", temporary)
	first, second := generate(t, example(t)), generate(t, example(t))
	if first != second {
		t.Error("two results differ")
	}
	if strings.Contains(first.Documents(), temporary) {
		t.Error("the manifests contain the temporary directory")
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("the temporary directory has %v (%v)", left, err)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		change func(*Options)
		want   string
	}{
		{func(o *Options) { o.Flux = "v2.0.0" }, "is not included in this version"},
		{func(o *Options) { o.Flux = "latest" }, "is not included in this version"},
		{func(o *Options) { o.Components = []string{"source-controller"} }, "kustomize-controller is missing"},
		{func(o *Options) { o.Components = append(o.Components, "rbac") }, "not a component"},
		{func(o *Options) { o.Components = append(o.Components, "x.yaml\n- https://example.com") }, "not a component"},
		{func(o *Options) { o.ComponentsExtra = []string{"helm-controller"} }, "named twice"},
		{func(o *Options) { o.Branch = "" }, "the branch is empty"},
		{func(o *Options) { o.Branch = "a..b" }, "not the name of a branch"},
		{func(o *Options) { o.Branch = "-f" }, "not the name of a branch"},
		{func(o *Options) { o.Branch = "main\n" }, "not printed"},
		{func(o *Options) { o.Branch = "x.lock/y" }, "not the name of a branch"},
		{func(o *Options) { o.Branch = "main@{1}" }, "not the name of a branch"},
		{func(o *Options) { o.Branch = "refs//main" }, "not the name of a branch"},
		{func(o *Options) { o.Path = "../other" }, "--path must be inside the repository, without"},
		{func(o *Options) { o.Path = "a/../../b" }, "--path must be inside the repository, without"},
		{func(o *Options) { o.Path = "/etc" }, "--path must be relative to the root of the repository, not"},
		{func(o *Options) { o.Path = `..\other` }, "have '/' between directories"},
		{func(o *Options) { o.Path = "C:/x" }, "have '/' between directories"},
		{func(o *Options) { o.Path = "--x" }, "--path must begin with a name or './', not"},
		{func(o *Options) { o.Path = "a/.git/hooks" }, "git's own directory"},
		{func(o *Options) { o.Path = "a\u200bb" }, "not printed"},
		{func(o *Options) { o.Namespace = "" }, "not the name of a namespace"},
		{func(o *Options) { o.Namespace = "a\nb" }, "not the name of a namespace"},
		{func(o *Options) { o.Namespace = "Flux" }, "not the name of a namespace"},
		{func(o *Options) { o.Secret = "a_b" }, "not the name of a Secret"},
		{func(o *Options) { o.Interval = 0 }, "shorter than one second"},
		{func(o *Options) { o.Interval = -time.Minute }, "shorter than one second"},
		{func(o *Options) { o.Provider = "sourceforge" }, "not a Git provider"},
		{func(o *Options) { o.Provider = BitbucketServer; o.Repository = parse(t, "https://example.com/o/r") }, "does not name an owner"},
		{func(o *Options) { o.Provider, o.Personal = Git, true }, "no personal repositories"},
	} {
		o := example(t)
		c.change(&o)
		if _, err := Generate(o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("the error is %v, want %q", err, c.want)
		}
	}
	for _, name := range []string{"", ".", "./", "a", "./a/b/", "a b/ü"} {
		o := example(t)
		if o.Path = name; o.Validate() != nil {
			t.Errorf("the path %q: %v", name, o.Validate())
		}
	}
}

func example(t *testing.T) Options {
	t.Helper()
	o := Defaults()
	o.Repository = parse(t, "git@github.com:digihunch/korthweb")
	o.Path = "./gitops/fluxcd"
	return o
}

func generate(t *testing.T, o Options) Manifests {
	t.Helper()
	m, err := Generate(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func objectsOf(t *testing.T, text string) map[string]*unstructured.Unstructured {
	t.Helper()
	objects := map[string]*unstructured.Unstructured{}
	for _, document := range strings.Split(text, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatal(err)
		}
		if len(object.Object) > 0 {
			name := object.GetKind() + " " + object.GetName()
			if objects[name] != nil {
				t.Errorf("%s occurs twice", name)
			}
			objects[name] = object
		}
	}
	return objects
}

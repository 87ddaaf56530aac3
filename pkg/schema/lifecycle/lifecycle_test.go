package lifecycle

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var update = flag.Bool("update", false, "write testdata")

func TestRemoved(t *testing.T) {
	for _, test := range []struct {
		apiVersion, kind, kubernetes string
		removed, deprecated          bool
		replacement                  string
	}{
		{"policy/v1beta1", "PodDisruptionBudget", "v1.24.17", false, true, "policy/v1, Kind=PodDisruptionBudget"},
		{"policy/v1beta1", "PodDisruptionBudget", "v1.25.0", true, false, "policy/v1, Kind=PodDisruptionBudget"},
		{"policy/v1beta1", "PodDisruptionBudget", "1.20", false, false, ""},
		{"policy/v1beta1", "PodSecurityPolicy", "v1.36.3", true, false, "/, Kind="},
		{"extensions/v1beta1", "Ingress", "v1.21.5-eks-1", false, true, "networking.k8s.io/v1, Kind=Ingress"},
		{"extensions/v1beta1", "Ingress", "1.22+", true, false, "networking.k8s.io/v1, Kind=Ingress"},
		{"networking.k8s.io/v1beta1", "Ingress", "v1.22.0", true, false, "networking.k8s.io/v1, Kind=Ingress"},
		{"extensions/v1beta1", "Deployment", "v1.16.0", true, false, "apps/v1, Kind=Deployment"},
		{"apps/v1beta2", "StatefulSet", "v1.15.9", false, true, "apps/v1, Kind=StatefulSet"},
		{"batch/v1beta1", "CronJob", "v1.25.0", true, false, "batch/v1, Kind=CronJob"},
		{"autoscaling/v2beta1", "HorizontalPodAutoscaler", "v1.25.0", true, false, "autoscaling/v2, Kind=HorizontalPodAutoscaler"},
		{"autoscaling/v2beta2", "HorizontalPodAutoscaler", "v1.25.0", false, true, "autoscaling/v2, Kind=HorizontalPodAutoscaler"},
		{"autoscaling/v2beta2", "HorizontalPodAutoscaler", "v1.26.0", true, false, "autoscaling/v2, Kind=HorizontalPodAutoscaler"},
		{"flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", "v1.32.0", true, false, "flowcontrol.apiserver.k8s.io/v1, Kind=FlowSchema"},
		{"flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", "v1.36.3", true, false, "flowcontrol.apiserver.k8s.io/v1, Kind=FlowSchema"},
		{"flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", "v1.27.0", true, false, "flowcontrol.apiserver.k8s.io/v1beta3, Kind=FlowSchema"},
		{"extensions/v1beta1", "PodSecurityPolicy", "v1.36.3", true, false, "/, Kind="},
		{"storage.k8s.io/v1beta1", "CSIStorageCapacity", "v1.27.0", true, false, "storage.k8s.io/v1, Kind=CSIStorageCapacity"},
		{"discovery.k8s.io/v1beta1", "EndpointSlice", "v1.25.0", true, false, "discovery.k8s.io/v1, Kind=EndpointSlice"},
		{"events.k8s.io/v1beta1", "Event", "v1.25.0", true, false, "events.k8s.io/v1, Kind=Event"},
		{"apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "v1.22.0", true, false, "apiextensions.k8s.io/v1, Kind=CustomResourceDefinition"},
		{"rbac.authorization.k8s.io/v1beta1", "RoleBinding", "v1.22.0", true, false, "rbac.authorization.k8s.io/v1, Kind=RoleBinding"},
		{"scheduling.k8s.io/v1beta1", "PriorityClass", "v1.22.0", true, false, "scheduling.k8s.io/v1, Kind=PriorityClass"},
		{"v1", "Endpoints", "v1.36.3", false, true, "discovery.k8s.io/v1, Kind=EndpointSlice"},
		{"apps/v1", "Deployment", "v1.36.3", false, false, ""},
		{"v1", "Pod", "v1.36.3", false, false, ""},
		{"cert-manager.io/v1alpha2", "Certificate", "v1.36.3", false, false, ""},
	} {
		kind := schema.FromAPIVersionAndKind(test.apiVersion, test.kind)
		gone, removed, err := Removed(kind, test.kubernetes)
		old, deprecated, err2 := Deprecated(kind, test.kubernetes)
		if err != nil || err2 != nil || removed != test.removed || deprecated != test.deprecated {
			t.Errorf("%s in %s: removed %v, %v, deprecated %v, %v", kind, test.kubernetes, removed, err, deprecated, err2)
		}
		for _, api := range []API{gone, old} {
			if api.Kind.Kind != "" && api.Replacement.String() != test.replacement {
				t.Errorf("%s is replaced by %s, want %s", kind, api.Replacement, test.replacement)
			}
		}
	}
	for _, version := range []string{"", "latest", "v"} {
		if _, removed, err := Removed(kind("batch/v1beta1", "CronJob"), version); err == nil || removed {
			t.Errorf("%q: removed %v, %v", version, removed, err)
		}
	}
}

// TestTable: each row is complete, and its replacement is not older than it.
func TestTable(t *testing.T) {
	apis := Table()
	var lines []string
	for _, api := range apis {
		if api.Removed != "" {
			if later, err := atLeast(api.Removed, api.Deprecated); err != nil || !later {
				t.Errorf("%s is removed in %s, and deprecated in %s", api.Kind, api.Removed, api.Deprecated)
			}
		}
		replacement := "nothing"
		if !api.Replacement.Empty() {
			replacement = api.Replacement.GroupVersion().String() + " " + api.Replacement.Kind
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s: deprecated %s, removed %s, %s. %s", api.Kind.GroupVersion(), api.Kind.Kind, api.Deprecated, api.Removed, replacement, api.Changes)))
	}
	got := strings.Join(lines, "\n") + "\n"
	golden := filepath.Join("testdata", "table.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != got {
		t.Errorf("the table is not that of %s (%v); -update writes it:\n%s", golden, err, got)
	}
	for _, c := range changes {
		if !slices.ContainsFunc(apis, func(api API) bool { return api.Changes == c.text && api.Kind.Kind == c.kind }) {
			t.Errorf("no kind has the changes of %s %s", c.group, c.kind)
		}
	}
	for kind := range replacements {
		if api, ok := Lookup(kind); !ok || api.Replacement != replacements[kind] {
			t.Errorf("the replacement of %s is not used", kind)
		}
	}
}

var groupName = regexp.MustCompile(`(?m)^(?:const |\t)?GroupName\s*=\s*"(.*)"`)

// TestGroups: all groups and versions of k8s.io/api whose types have a lifecycle are listed.
func TestGroups(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	for _, add := range groups {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "*", "*", "zz_generated.prerelease-lifecycle.go"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), ") APILifecycleRemoved()") && !strings.Contains(string(text), ") APILifecycleDeprecated()") {
			continue
		}
		register, err := os.ReadFile(filepath.Join(filepath.Dir(file), "register.go"))
		if err != nil {
			t.Fatal(err)
		}
		name := groupName.FindSubmatch(register)
		if name == nil {
			t.Fatalf("%s has no GroupName", filepath.Dir(file))
		}
		version := schema.GroupVersion{Group: string(name[1]), Version: filepath.Base(filepath.Dir(file))}
		if notInManifests := version.Group == "admission.k8s.io" || version.Group == "apidiscovery.k8s.io"; !notInManifests && !scheme.IsVersionRegistered(version) {
			t.Errorf("%s is not listed", version)
		}
	}
}

func TestKeys(t *testing.T) {
	for key, want := range map[string]string{
		"beta.kubernetes.io/os":                  "kubernetes.io/os",
		"failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
		"node-role.kubernetes.io/master":         "node-role.kubernetes.io/control-plane",
		"kubernetes.io/os":                       "",
		"kubernetes.io/ingress.class":            "",
	} {
		if got, ok := NodeLabel(key); got.Replacement != want || ok != (want != "") {
			t.Errorf("%s: %v, %v", key, got, ok)
		}
	}
	for key, want := range map[string]string{
		"kubernetes.io/ingress.class":                            "spec.ingressClassName",
		"container.apparmor.security.beta.kubernetes.io/orthanc": "securityContext.appArmorProfile",
		"container.seccomp.security.alpha.kubernetes.io/x":       "securityContext.seccompProfile",
		"seccomp.security.alpha.kubernetes.io/pod":               "securityContext.seccompProfile",
		"seccomp.security.alpha.kubernetes.io/pods":              "",
		"app.kubernetes.io/name":                                 "",
	} {
		if got, ok := Annotation(key); got.Replacement != want || ok != (want != "") {
			t.Errorf("%s: %v, %v", key, got, ok)
		}
	}
}

package release

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
)

func TestVersions(t *testing.T) {
	want := []string{"v2.9.5", "v2.8.8", "v2.7.5"}
	if got := Versions(); !slices.Equal(got, want) || Latest() != want[0] {
		t.Errorf("the versions are %q, the latest %s", got, Latest())
	}
	if compare("v2.10.0", "v2.9.5") != 1 {
		t.Error("v2.10.0 is older than v2.9.5")
	}
}

// TestChecksums compares each file of each archive with the recorded checksums.
func TestChecksums(t *testing.T) {
	want, err := manifests.ReadFile("manifests/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, release := range slices.Backward(Versions()) {
		files, err := Bundle(release)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(&got, "%x  %s/%s\n", sha256.Sum256(files[name]), release, name)
		}
	}
	if got.String() != string(want) {
		t.Errorf("the archives have\n%s\nand the recorded checksums are\n%s", &got, want)
	}
}

func TestBundleOfAnotherRelease(t *testing.T) {
	for _, release := range []string{"", "v2.9.6", "2.9.5", "../manifests/v2.9.5", "v2.9.5\n"} {
		_, err := Bundle(release)
		if text, ok := advice.Of(err); !errors.Is(err, ErrNotBuiltIn) || !ok || text != "Use one of v2.9.5, v2.8.8, v2.7.5." {
			t.Errorf("%q: %v, %q", release, err, text)
		}
	}
}

func TestFind(t *testing.T) {
	for text, want := range map[string]string{
		"2.8": "v2.8.8", "v2.8": "v2.8.8", "2.8.8": "v2.8.8", "v2.8.8": "v2.8.8", "2.9": "v2.9.5",
		"": "", "v": "", "2": "", "v2": "", "2.": "", "2.6": "", "2.8.0": "", "2.80": "", "2.8.": "", "vv2.8": "", "latest": "", "2.8\n": "",
	} {
		got, err := Find(text)
		advised, ok := advice.Of(err)
		if got != want || (want == "") != errors.Is(err, ErrNotBuiltIn) || ok && advised != "Use one of v2.9.5, v2.8.8, v2.7.5." {
			t.Errorf("%q: %q, %v, %q", text, got, err, advised)
		}
	}
	if _, err := Find("v2.6"); err == nil || err.Error() != "release 2.6 of Flux is not included in this version of the plugin" {
		t.Error(err)
	}
}

// images are the images in the bases of flux2 (manifests/bases/*/kustomization.yaml).
var images = map[string]string{
	"v2.9.5": "helm-controller:v1.6.4 image-automation-controller:v1.2.5 image-reflector-controller:v1.2.5 " +
		"kustomize-controller:v1.9.5 notification-controller:v1.9.4 source-controller:v1.9.5 source-watcher:v2.2.4",
	"v2.8.8": "helm-controller:v1.5.5 image-automation-controller:v1.1.4 image-reflector-controller:v1.1.2 " +
		"kustomize-controller:v1.8.5 notification-controller:v1.8.4 source-controller:v1.8.5 source-watcher:v2.1.1",
	"v2.7.5": "helm-controller:v1.4.5 image-automation-controller:v1.0.4 image-reflector-controller:v1.0.4 " +
		"kustomize-controller:v1.7.3 notification-controller:v1.7.5 source-controller:v1.7.4 source-watcher:v2.0.3",
}

// TestImages compares the image of each Deployment with those in flux2's bases.
func TestImages(t *testing.T) {
	for _, release := range Versions() {
		objects, err := Objects(release)
		if err != nil {
			t.Fatal(err)
		}
		var found, names []string
		for _, object := range objects {
			if object.GetKind() == "Deployment" {
				containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
				found = append(found, strings.TrimPrefix(fmt.Sprint(containers[0].(map[string]any)["image"]), "fluxcd/"))
				names = append(names, object.GetName())
			}
		}
		if got := strings.Join(slices.Sorted(slices.Values(found)), " "); got != images[release] {
			t.Errorf("%s has the images %s, want %s", release, got, images[release])
		}
		if components, err := Components(release); err != nil || !slices.Equal(slices.Sorted(slices.Values(names)), components) {
			t.Errorf("%s has the Deployments %q and the components %q (%v)", release, names, components, err)
		}
	}
}

// TestServedIsThatOfTheCRDs compares the table with the CRDs that are built in.
func TestServedIsThatOfTheCRDs(t *testing.T) {
	for _, release := range Versions() {
		crds, err := CRDs(release)
		if err != nil {
			t.Fatal(err)
		}
		for _, crd := range crds {
			group, kind, versions := versionsOf(crd)
			var want []string
			for name, version := range versions {
				if version["served"] == true {
					want = append(want, name)
				}
			}
			got, known := Served(release, group, kind)
			if !known || !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
				t.Errorf("%s serves %q of %s, and the table has %q", release, want, kind, got)
			}
			if len(got) > 0 && versions[got[0]]["storage"] != true {
				t.Errorf("%s does not store %s as %s, the first in the table", release, kind, got[0])
			}
		}
		if len(crds) != len(Kinds()) {
			t.Errorf("%s has %d kinds, and the table %d", release, len(crds), len(Kinds()))
		}
	}
}

func versionsOf(crd *unstructured.Unstructured) (group, kind string, versions map[string]map[string]any) {
	group, _, _ = unstructured.NestedString(crd.Object, "spec", "group")
	kind, _, _ = unstructured.NestedString(crd.Object, "spec", "names", "kind")
	list, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	versions = map[string]map[string]any{}
	for _, entry := range list {
		version := entry.(map[string]any)
		versions[version["name"].(string)] = version
	}
	return group, kind, versions
}

func TestServed(t *testing.T) {
	for _, c := range []struct {
		flux, group, kind string
		want              string
		known             bool
	}{
		{"v2.0.0", HelmGroup, "HelmRelease", "v2beta1", true},
		{"2.2", HelmGroup, "HelmRelease", "v2beta2 v2beta1", true},
		{"v2.6.4", HelmGroup, "HelmRelease", "v2 v2beta2 v2beta1", true},
		{"v2.7", HelmGroup, "HelmRelease", "v2 v2beta2", true},
		{"v2.8.0", HelmGroup, "HelmRelease", "v2", true},
		{"v2.3.0", SourceGroup, "Bucket", "v1beta2 v1beta1", true},
		{"v2.8.8", NotificationGroup, "Receiver", "v1 v1beta2", true},
		{"v2.9.5", ImageGroup, "ImagePolicy", "v1", true},
		{"v2.6.4", SourceGroup, "ExternalArtifact", "", true},
		{"v2.10.0", HelmGroup, "HelmRelease", "", false},
		{"v0.41.2", HelmGroup, "HelmRelease", "", false},
		{"v3.0.0", HelmGroup, "HelmRelease", "", false},
		{"latest", HelmGroup, "HelmRelease", "", false},
		{"", HelmGroup, "HelmRelease", "", false},
		{"v2.9.5", "apps", "Deployment", "", false},
		{"v2.9.5", SourceGroup, "HelmRelease", "", false},
	} {
		got, known := Served(c.flux, c.group, c.kind)
		if strings.Join(got, " ") != c.want || known != c.known {
			t.Errorf("Flux %q serves %q of %s (known: %v), want %q (%v)", c.flux, got, c.kind, known, c.want, c.known)
		}
	}
}

func TestLastServedBy(t *testing.T) {
	for _, c := range []struct{ group, kind, version, want string }{
		{HelmGroup, "HelmRelease", "v2beta2", "v2.7"},
		{HelmGroup, "HelmRelease", "v2beta1", "v2.6"},
		{HelmGroup, "HelmRelease", "v2", ""},
		{HelmGroup, "HelmRelease", "v9", ""},
		{ImageGroup, "ImagePolicy", "v1beta2", "v2.8"},
		{KustomizeGroup, "Kustomization", "v1beta2", "v2.7"},
	} {
		if got := LastServedBy(c.group, c.kind, c.version); got != c.want {
			t.Errorf("%s %s was last served by %q, want %q", c.kind, c.version, got, c.want)
		}
	}
}

func TestReplacement(t *testing.T) {
	for _, c := range []struct {
		group, kind, version string
		want                 string
		removed              int
	}{
		{HelmGroup, "HelmRelease", "v2beta1", "v2", 3},
		{HelmGroup, "HelmRelease", "v2beta2", "v2", 3},
		{HelmGroup, "HelmRelease", "v2", "", 0},
		{HelmGroup, "HelmRelease", "v2alpha1", "", 0},
		{KustomizeGroup, "Kustomization", "v1beta1", "v1", 3},
		{SourceGroup, "HelmRepository", "v1beta2", "v1", 0},
		{NotificationGroup, "Alert", "v1beta1", "v1beta3", 0},
		{"apps", "Deployment", "v1beta1", "", 0},
	} {
		got, found := Replacement(c.group, c.kind, c.version)
		if got.Version != c.want || found != (c.want != "") || len(got.Removed) != c.removed || got.FieldsChanged() != (c.removed > 0) {
			t.Errorf("%s %s is replaced by %+v (found: %v), want %s", c.kind, c.version, got, found, c.want)
		}
	}
}

// TestRemovedFields compares the removed fields of the versions that Flux 2.7 still serves with
// the differences between the schemas.
func TestRemovedFields(t *testing.T) {
	newest := map[string]map[string]any{}
	latest, err := CRDs(Latest())
	if err != nil {
		t.Fatal(err)
	}
	for _, crd := range latest {
		_, _, versions := versionsOf(crd)
		for _, version := range versions {
			newest[crd.GetName()] = version
		}
	}
	earlier, err := CRDs("v2.7.5")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, crd := range earlier {
		group, kind, versions := versionsOf(crd)
		for name, version := range versions {
			migration, found := Replacement(group, kind, name)
			if !found {
				continue
			}
			compared++
			var got []string
			for _, field := range migration.Removed {
				got = append(got, field.Path)
				if field.Replacement != "" && !hasField(schemaOf(newest[crd.GetName()]), field.Replacement) {
					t.Errorf("%s %s does not have %s", kind, migration.Version, field.Replacement)
				}
			}
			want := missing(schemaOf(version), schemaOf(newest[crd.GetName()]), "spec")
			if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
				t.Errorf("%s %s: the removed fields are %q, and %q in the table", kind, name, want, got)
			}
		}
	}
	if compared < 10 {
		t.Errorf("only %d versions are compared", compared)
	}
}

func schemaOf(version map[string]any) map[string]any {
	spec, _, _ := unstructured.NestedMap(version, "schema", "openAPIV3Schema", "properties", "spec")
	return spec
}

// missing are the fields of one schema that another does not have.
func missing(from, in map[string]any, path string) (paths []string) {
	fields, _ := from["properties"].(map[string]any)
	others, _ := in["properties"].(map[string]any)
	for name, field := range fields {
		other, ok := others[name].(map[string]any)
		if !ok {
			paths = append(paths, path+"."+name)
			continue
		}
		paths = append(paths, missing(field.(map[string]any), other, path+"."+name)...)
	}
	if items, ok := from["items"].(map[string]any); ok {
		others, _ := in["items"].(map[string]any)
		paths = append(paths, missing(items, others, path+"[]")...)
	}
	return paths
}

// hasField reports whether the schema of spec has the field at a path.
func hasField(schema map[string]any, path string) bool {
	for _, name := range strings.Split(strings.TrimPrefix(path, "spec."), ".") {
		name, list := strings.CutSuffix(name, "[]")
		field, _, _ := unstructured.NestedMap(schema, "properties", name)
		if schema = field; list {
			schema, _, _ = unstructured.NestedMap(schema, "items")
		}
	}
	return schema != nil
}

func TestUnpackOfBrokenArchives(t *testing.T) {
	packed, err := manifests.ReadFile("manifests/" + Latest() + ".tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{nil, []byte("PK"), packed[:len(packed)/2], bytes.Replace(packed, packed[20:40], packed[40:60], 1)} {
		if _, err := unpack(data); err == nil {
			t.Errorf("no error for %d bytes", len(data))
		}
	}
}

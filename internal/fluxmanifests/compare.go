package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/flux/release"
)

// flux2 is the module with the kustomizations of which a release's bundle is built.
const flux2 = "github.com/fluxcd/flux2/v2"

// download is a resource of a base in flux2: a part of a controller's release.
var download = regexp.MustCompile(`https://github\.com/fluxcd/([a-z-]+)/releases/download/(v[0-9.]+)/[a-z-]+\.(crds|deployment)\.yaml`)

// compareWithSources builds the files of a release from the modules of flux2 and the
// controllers, and compares them with its bundle. It prints which modules are not served.
func compareWithSources(version string, want bundle) error {
	sources, err := module{path: flux2, version: version}.files()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: not compared: %v\n", version, err)
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, err := build(sources, strings.TrimSuffix(name, ".yaml"))
		switch {
		case err != nil:
			fmt.Fprintf(os.Stderr, "%s/%s: not compared: %v\n", version, name, err)
		case !bytes.Equal(got, want[name]):
			return fmt.Errorf("%s/%s in %s %s differs from what its sources build", version, name, assets.path, assets.version)
		default:
			fmt.Fprintf(os.Stderr, "%s/%s: equal to what its sources build\n", version, name)
		}
	}
	return nil
}

// build builds one file of a bundle, as manifests/scripts/bundle.sh of flux2 does.
func build(sources map[string][]byte, name string) ([]byte, error) {
	disk, directory := filesys.MakeFsInMemory(), "/manifests/bases/"+name
	if name == "rbac" || name == "policies" {
		directory = "/manifests/" + name
	}
	for file, data := range sources {
		if path.Dir("/"+file) != directory {
			continue
		}
		for _, found := range download.FindAllSubmatch(data, -1) {
			local := string(found[3]) + ".yaml"
			part, err := releasePart(string(found[1]), string(found[2]), string(found[3]))
			if err != nil {
				return nil, err
			}
			if err := disk.WriteFile(path.Join(directory, local), part); err != nil {
				return nil, err
			}
			data = bytes.ReplaceAll(data, found[0], []byte(local))
		}
		if err := disk.WriteFile("/"+file, data); err != nil {
			return nil, err
		}
	}
	return kustomize(disk, directory)
}

// releasePart builds a file of a controller's release from its module: the CRDs from
// config/crd, the Deployment from config/manager (.github/workflows/release.yml of the
// controllers).
func releasePart(controller, version, part string) ([]byte, error) {
	name := "github.com/fluxcd/" + controller
	if major, _, _ := strings.Cut(version, "."); major != "v0" && major != "v1" {
		name += "/" + major
	}
	files, err := module{path: name, version: version}.files()
	if err != nil {
		return nil, err
	}
	disk := filesys.MakeFsInMemory()
	for file, data := range files {
		if err := disk.WriteFile("/"+file, data); err != nil {
			return nil, err
		}
	}
	return kustomize(disk, map[string]string{"crds": "/config/crd", "deployment": "/config/manager"}[part])
}

func kustomize(disk filesys.FileSystem, directory string) ([]byte, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionLegacy // the default of the kustomize command
	resources, err := krusty.MakeKustomizer(options).Run(disk, directory)
	if err != nil {
		return nil, err
	}
	return resources.AsYaml()
}

// compareServed compares the table of served API versions with the CRDs of all releases in
// the module.
func compareServed(all map[string]bundle) error {
	for version, files := range all {
		served, err := files.served()
		if err != nil {
			return fmt.Errorf("reading the CRDs of Flux %s: %w", version, err)
		}
		for _, kind := range release.Kinds() {
			versions, known := release.Served(version, kind.Group, kind.Kind)
			if want := sorted(versions); !known || served[kind] != want {
				return fmt.Errorf("the versions of %s that Flux %s serves are %q, and %q in the table", kind, version, served[kind], want)
			}
			delete(served, kind)
		}
		if len(served) > 0 {
			return fmt.Errorf("kinds of Flux %s that are not in the table: %v", version, served)
		}
	}
	fmt.Fprintf(os.Stderr, "%d releases: the served versions are those of the table\n", len(all))
	return nil
}

// served returns the served versions of each kind in a bundle, sorted.
func (b bundle) served() (map[schema.GroupKind]string, error) {
	served := map[schema.GroupKind]string{}
	for name, data := range b {
		for _, document := range bytes.Split(data, []byte("\n---\n")) {
			crd := map[string]any{}
			if err := yaml.Unmarshal(document, &crd); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if crd["kind"] != "CustomResourceDefinition" {
				continue
			}
			group, _, _ := unstructured.NestedString(crd, "spec", "group")
			kind, _, _ := unstructured.NestedString(crd, "spec", "names", "kind")
			list, _, _ := unstructured.NestedSlice(crd, "spec", "versions")
			var versions []string
			for _, entry := range list {
				if version, _ := entry.(map[string]any); version["served"] == true {
					versions = append(versions, fmt.Sprint(version["name"]))
				}
			}
			served[schema.GroupKind{Group: group, Kind: kind}] = sorted(versions)
		}
	}
	return served, nil
}

func sorted(words []string) string { return strings.Join(slices.Sorted(slices.Values(words)), " ") }

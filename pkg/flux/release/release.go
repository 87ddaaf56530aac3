// Package release has facts about releases of Flux: the install manifests of some releases,
// which are built into the program, the API versions that each minor version serves, and which
// version replaces one that is no longer served. It sends no request.
package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/version"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
)

// manifests has one archive for each release, and the checksum of each file in them.
// internal/fluxmanifests writes both (`make flux-manifests`).
//
//go:embed manifests/*.tar.gz manifests/SHA256SUMS
var manifests embed.FS

// Versions returns the releases whose manifests are built in, such as "v2.9.5", the newest
// first.
func Versions() []string {
	entries, err := manifests.ReadDir("manifests")
	if err != nil {
		panic(err) // the directory is part of the program
	}
	var names []string
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), ".tar.gz"); ok {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return compare(b, a) })
	return names
}

// Latest returns the newest release whose manifests are built in.
func Latest() string { return Versions()[0] }

// compare compares two versions of releases, and returns -1, 0 or 1.
func compare(a, b string) int {
	order, err := version.MustParseSemantic(a).Compare(b)
	if err != nil {
		panic(err) // the names of the archives are versions
	}
	return order
}

// ErrNotBuiltIn is the error for a release whose manifests are not built into the program.
var ErrNotBuiltIn = errors.New("is not included in this version of the plugin")

// minorOnly is a version without a patch level.
var minorOnly = regexp.MustCompile(`^v?[0-9]+\.[0-9]+$`)

// Find returns the release that a user names, as in Versions: "2.8" and "v2.8" are the newest
// release of this minor version that is built in; "2.8.8" and "v2.8.8" are that release only. The
// error of another is ErrNotBuiltIn.
func Find(text string) (string, error) {
	named := "v" + strings.TrimPrefix(text, "v")
	for _, release := range Versions() { // the newest first
		if release == named || minorOnly.MatchString(text) && strings.HasPrefix(release, named+".") {
			return release, nil
		}
	}
	return "", notBuiltIn(text)
}

func notBuiltIn(release string) error {
	return advice.Add(fmt.Errorf("release %s of Flux %w", strings.TrimPrefix(release, "v"), ErrNotBuiltIn), "Use one of %s.", strings.Join(Versions(), ", "))
}

// Bundle returns the files of a release's manifests.tar.gz by their names: one for each
// controller (source-controller.yaml), rbac.yaml and policies.yaml. These are the files that
// the flux command embeds (flux2, manifests/scripts/bundle.sh), unchanged. The error of a
// release that is not in Versions is ErrNotBuiltIn.
func Bundle(release string) (map[string][]byte, error) {
	packed, err := manifests.ReadFile(path.Join("manifests", release+".tar.gz"))
	if err != nil || !slices.Contains(Versions(), release) {
		return nil, notBuiltIn(release)
	}
	files, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("reading the manifests of Flux %s: %w", release, err)
	}
	return files, nil
}

func unpack(packed []byte) (map[string][]byte, error) {
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			return nil, err
		}
	}
}

// Components returns the controllers of a release, sorted by name. The error is that of Bundle.
func Components(release string) ([]string, error) {
	files, err := Bundle(release)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if name := strings.TrimSuffix(file, ".yaml"); name != "rbac" && name != "policies" {
			names = append(names, name)
		}
	}
	return names, nil
}

// CRDs returns the custom resource definitions of a release, sorted by name. The error is that
// of Bundle.
func CRDs(release string) ([]*unstructured.Unstructured, error) {
	objects, err := Objects(release)
	if err != nil {
		return nil, err
	}
	crds := slices.DeleteFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() != "CustomResourceDefinition" })
	slices.SortFunc(crds, func(a, b *unstructured.Unstructured) int { return strings.Compare(a.GetName(), b.GetName()) })
	return crds, nil
}

// Objects returns all objects in a release's bundle, in the order of its files. Their
// namespaces and labels are those of the bundle: `flux install` sets others. The error is that
// of Bundle.
func Objects(release string) ([]*unstructured.Unstructured, error) {
	files, err := Bundle(release)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, document := range strings.Split(string(files[name]), "\n---\n") {
			object := map[string]any{}
			if err := yaml.Unmarshal([]byte(document), &object); err != nil {
				return nil, fmt.Errorf("reading %s of Flux %s: %w", name, release, err)
			}
			if len(object) > 0 {
				objects = append(objects, &unstructured.Unstructured{Object: object})
			}
		}
	}
	return objects, nil
}

package build

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// Source of the generated file: Generator.GenerateManifest in github.com/fluxcd/pkg/kustomize
// v1.35.7, kustomize_generator.go.

// generate is the kustomization file that Flux writes before it builds a directory: the
// directory's own, or one that lists all manifests, with the settings of Flux's object added.
func generate(s *source.Source, dir string, flux *unstructured.Unstructured) (file string, k *types.Kustomization, err error) {
	files := source.NewFiles(s)
	k = &types.Kustomization{TypeMeta: types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind}}
	if file = files.KustomizationFile(dir); file != "" {
		text, err := s.Tree.ReadFile(file)
		if err != nil {
			return "", nil, problem(s.Position(tree.Position{File: file}), Unreadable, "%v", err)
		}
		if err := parseKustomization(files, file, text, k); err != nil {
			return "", nil, problem(s.Position(errorPosition(file, err)), Malformed, "%s is not a kustomization: %v", s.Tree.Origin(file), reasonOf(err))
		}
	} else {
		file = path.Join(dir, konfig.DefaultKustomizationFileName())
		k.Resources = listManifests(files, dir)
	}
	if len(k.Resources) == 0 { // kustomize would reject a kustomization without content
		k.BuildMetadata = []string{types.OriginAnnotations}
	}
	return file, k, addSettings(k, flux)
}

// parsed is the key of a kustomization file that is parsed once.
type parsed struct{ file string }

// parsedKustomization is a kustomization, or why it can't be parsed: an *Error.
type parsedKustomization struct {
	k   *types.Kustomization
	err error
	// remote: it has remote references, which a build replaces in it.
	remote bool
}

// parseOnce reads a kustomization file of a build. One of the source is parsed once for all builds,
// unless it has remote references. The error is an *Error.
func parseOnce(f *source.Files, file string) (*types.Kustomization, error) {
	if f.MountOf(file) != nil {
		return parse(f, file)
	}
	p := source.Cached(f.Source, parsed{file}, func() parsedKustomization {
		k, err := parse(f, file)
		return parsedKustomization{k, err, err == nil && slices.ContainsFunc(references(k), func(r reference) bool { return isRemote(r.path) })}
	})
	if p.remote {
		return parse(f, file)
	}
	return p.k, p.err
}

// parse reads a kustomization file.
func parse(f *source.Files, file string) (*types.Kustomization, error) {
	text, err := f.Read(file)
	if err != nil {
		return nil, problem(tree.Position{File: file}, Unreadable, "%v", err)
	}
	k := &types.Kustomization{}
	if err := parseKustomization(f, file, text, k); err != nil {
		return nil, problem(errorPosition(file, err), Malformed, "%s is not a kustomization: %v", f.ShownName(file), reasonOf(err))
	}
	return k, nil
}

// parseKustomization reads a kustomization file within the limits of a tree.
func parseKustomization(f *source.Files, file string, text []byte, k *types.Kustomization) error {
	if _, err := f.Documents(file); err != nil {
		return err
	}
	return yaml.Unmarshal(text, k)
}

// listManifests lists the resources of a directory without kustomization file: YAML files, and
// directories that have a kustomization file, relative to it.
func listManifests(files *source.Files, dir string) []string {
	var found []string
	var scan func(below string)
	scan = func(below string) {
		for _, base := range files.Source.Tree.Children(path.Join(dir, below)) {
			relative := path.Join(below, base)
			child := path.Join(dir, relative)
			switch {
			case files.IsDir(child) && files.KustomizationFile(child) != "":
				found = append(found, relative)
			case files.IsDir(child):
				scan(relative)
			case tree.IsYAML(base) && files.Exists(child):
				found = append(found, relative)
			}
		}
	}
	scan(".")
	return found
}

// addSettings adds what the spec of Flux's object has to the kustomization.
func addSettings(k *types.Kustomization, flux *unstructured.Unstructured) error {
	spec := object.Map(flux.Object, "spec")
	if namespace := object.Text(spec, "targetNamespace"); namespace != "" {
		k.Namespace = namespace
	}
	if prefix := object.Text(spec, "namePrefix"); prefix != "" {
		k.NamePrefix = prefix
	}
	if suffix := object.Text(spec, "nameSuffix"); suffix != "" {
		k.NameSuffix = suffix
	}
	for _, patch := range object.List(spec, "patches") {
		k.Patches = append(k.Patches, types.Patch{Patch: object.Text(patch, "patch"), Target: selector(object.Map(patch, "target"))})
	}
	k.Components = append(k.Components, object.Texts(spec, "components")...)
	if err := addOldPatches(k, spec); err != nil {
		return err
	}
	if metadata := object.Texts(spec, "buildMetadata"); len(metadata) > 0 {
		k.BuildMetadata = metadata
	}
	for _, image := range object.List(spec, "images") {
		addImage(k, types.Image{
			Name: object.Text(image, "name"), NewName: object.Text(image, "newName"),
			NewTag: object.Text(image, "newTag"), Digest: object.Text(image, "digest"),
		})
	}
	return nil
}

// addOldPatches adds the fields patchesStrategicMerge and patchesJson6902, which v1beta2 had.
func addOldPatches(k *types.Kustomization, spec map[string]any) error {
	for _, patch := range object.List(spec, "patchesStrategicMerge") {
		text, err := json.Marshal(patch)
		if err != nil {
			return fmt.Errorf("read spec.patchesStrategicMerge: %w", err)
		}
		k.PatchesStrategicMerge = append(k.PatchesStrategicMerge, types.PatchStrategicMerge(text)) //nolint:staticcheck // deprecated, and still used
	}
	for _, patch := range object.List(spec, "patchesJson6902") {
		text, err := json.Marshal(patch["patch"])
		if err != nil {
			return fmt.Errorf("read spec.patchesJson6902: %w", err)
		}
		k.PatchesJson6902 = append(k.PatchesJson6902, types.Patch{Patch: string(text), Target: selector(object.Map(patch, "target"))}) //nolint:staticcheck // deprecated, and still used
	}
	return nil
}

func selector(target map[string]any) *types.Selector {
	if target == nil {
		return nil
	}
	s := &types.Selector{
		LabelSelector:      object.Text(target, "labelSelector"),
		AnnotationSelector: object.Text(target, "annotationSelector"),
	}
	s.Group, s.Version, s.Kind = object.Text(target, "group"), object.Text(target, "version"), object.Text(target, "kind")
	s.Name, s.Namespace = object.Text(target, "name"), object.Text(target, "namespace")
	return s
}

// addImage merges an image into the kustomization's entry for the same name. A tag and a digest
// replace each other.
func addImage(k *types.Kustomization, image types.Image) {
	i := slices.IndexFunc(k.Images, func(known types.Image) bool { return known.Name == image.Name })
	if i < 0 {
		k.Images = append(k.Images, image)
		return
	}
	if image.NewName != "" {
		k.Images[i].NewName = image.NewName
	}
	if image.NewTag != "" || image.Digest != "" {
		k.Images[i].NewTag, k.Images[i].Digest = image.NewTag, image.Digest
	}
}

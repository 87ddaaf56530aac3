package build

import (
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/kustomize"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// indexKey is the annotation by which an object is found again after kustomize has changed it.
const indexKey = "postrenderer.helm.sh/postrender-filename"

// PostRender changes the objects of a chart by the patches and images of an entry of
// spec.postRenderers, in place. An object that a patch deletes becomes nil. Source: Kustomize.Run in
// helm-controller v1.6.4, internal/postrender/kustomize.go.
func PostRender(objects []*unstructured.Unstructured, settings map[string]any) error {
	k := types.Kustomization{TypeMeta: types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind}, Resources: []string{"objects.yaml"}}
	spec := map[string]any{}
	for _, field := range []string{"patches", "images", "patchesStrategicMerge", "patchesJson6902"} {
		spec[field] = settings[field]
	}
	if err := addSettings(&k, &unstructured.Unstructured{Object: map[string]any{"spec": spec}}); err != nil {
		return err
	}
	for _, p := range k.Patches {
		if err := tree.CheckSize([]byte(p.Patch)); err != nil {
			return fmt.Errorf("a patch of spec.postRenderers is %w", err)
		}
	}
	resources, err := indexed(objects)
	if err != nil {
		return err
	}
	content, err := yaml.Marshal(k)
	if err != nil {
		return err
	}
	files := tree.New(map[string][]byte{"objects.yaml": resources, "kustomization.yaml": content})
	built, err := kustomize.Run(source.NewFiles(source.New(files, nil, nil)), ".", false)
	if err != nil {
		return fmt.Errorf("spec.postRenderers can't be applied: %s", cleanError(err))
	}
	clear(objects)
	for _, res := range built.Resources() {
		text, err := res.MarshalJSON()
		if err != nil {
			return err
		}
		changed := &unstructured.Unstructured{Object: map[string]any{}}
		if err := json.Unmarshal(text, &changed.Object); err != nil {
			return err
		}
		annotations := changed.GetAnnotations()
		i, err := strconv.Atoi(annotations[indexKey])
		if err != nil || i < 0 || i >= len(objects) {
			return fmt.Errorf("spec.postRenderers can't be applied: %s is not from the chart", object.RefOf(changed))
		}
		delete(annotations, indexKey)
		if len(annotations) == 0 {
			annotations = nil
		}
		changed.SetAnnotations(annotations)
		objects[i] = changed
	}
	return nil
}

// indexed are the objects in YAML, with their indices.
func indexed(objects []*unstructured.Unstructured) ([]byte, error) {
	var text []byte
	for i, o := range objects {
		if o == nil {
			continue
		}
		o = o.DeepCopy()
		annotations := o.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[indexKey] = strconv.Itoa(i)
		o.SetAnnotations(annotations)
		document, err := yaml.Marshal(o.Object)
		if err != nil {
			return nil, err
		}
		text = append(append(text, "---\n"...), document...)
	}
	return text, nil
}

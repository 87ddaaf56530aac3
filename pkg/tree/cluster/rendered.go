package cluster

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	schemas "github.com/digihunch/kubectl-orthweb/pkg/schema"
	"github.com/digihunch/kubectl-orthweb/pkg/schema/lifecycle"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/build"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/origin"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/variable"
)

// maxRendered is the number of objects of a chart, as that of a Kustomization.
const maxRendered = 2000

// maxPostRenderers is the number of post-renderers: each builds all objects again.
const maxPostRenderers = 100

// rendered are the objects of one kind of manifests of a chart: ordinary ones, hooks, or
// definitions.
type rendered struct {
	objects []*unstructured.Unstructured
	// from are the manifests that have the objects.
	from []chart.Manifest
}

// add adds the objects of a chart to the cluster.
func (r *renderer) add(release *Release, result *chart.Result) error {
	ordinary, hooks, definitions := &rendered{}, &rendered{}, &rendered{}
	for _, m := range result.Manifests {
		into := ordinary
		switch {
		case m.Definition:
			into = definitions
		case len(m.Hooks) > 0:
			into = hooks
		}
		if err := into.parse(m); err != nil {
			return err
		}
		if len(ordinary.objects)+len(hooks.objects)+len(definitions.objects) > maxRendered {
			return &chart.Error{Reason: chart.Limited, Message: "the chart renders more than 2,000 objects"}
		}
	}
	if err := postRender(release, ordinary, hooks); err != nil {
		return err
	}
	if object.Text(release.Unstructured.Object, "spec", "install", "crds") == "Skip" {
		definitions = &rendered{}
	}
	definitions.keep(func(o *unstructured.Unstructured, _ chart.Manifest) bool {
		return o.GroupVersionKind().GroupKind() == object.DefinitionKind
	})
	hooks.keep(func(_ *unstructured.Unstructured, m chart.Manifest) bool { return runs(release, m.Hooks) })
	r.noteScopes(definitions.objects)
	r.noteScopes(ordinary.objects)
	common := object.Map(release.Unstructured.Object, "spec", "commonMetadata")
	c := r.cluster
	c.Objects = append(c.Objects, slices.Concat(r.finish(release, definitions, nil), r.finish(release, ordinary, common))...)
	release.Hooks = r.finish(release, hooks, common)
	return nil
}

// parse adds the objects of a manifest. Its lists are lists of objects.
func (r *rendered) parse(m chart.Manifest) error {
	documents, err := parseDocuments(m.Path, m.Text)
	if err != nil {
		return err
	}
	if m.Other != "" {
		others, err := parseDocuments(m.Path, m.Other)
		if err != nil {
			return err
		}
		if len(others) != len(documents) {
			return incomplete("which objects the chart has depends on random values")
		}
		for i := range documents {
			documents[i], _ = generated(documents[i], others[i]).(map[string]any)
		}
	}
	for _, content := range documents {
		u := &unstructured.Unstructured{Object: content}
		if u.GetKind() == "List" && u.GetAPIVersion() == "v1" {
			for _, item := range object.List(content, "items") {
				if err := r.addObject(m, &unstructured.Unstructured{Object: item}); err != nil {
					return err
				}
			}
			continue
		}
		if err := r.addObject(m, u); err != nil {
			return err
		}
	}
	return nil
}

func (r *rendered) addObject(m chart.Manifest, u *unstructured.Unstructured) error {
	switch {
	case u.GetKind() == "" || u.GetAPIVersion() == "":
		return failed(tree.Position{File: m.Path}, "an object has no apiVersion or kind")
	case u.GetName() == "" && u.GetGenerateName() == "":
		return failed(tree.Position{File: m.Path}, "an object of kind %s has no metadata.name", u.GetKind())
	}
	r.objects, r.from = append(r.objects, u), append(r.from, m)
	return nil
}

// parseDocuments are the documents of a manifest.
func parseDocuments(file, text string) ([]map[string]any, error) {
	documents, err := tree.Parse(file, []byte(text))
	if err != nil {
		reason := chart.Failed
		if errors.Is(err, tree.ErrTooLarge) {
			reason = chart.Limited
		}
		// The line is that of the result, not of the template.
		message := "the result of the template is not YAML: "
		if known := (*tree.ParseError)(nil); errors.As(err, &known) {
			err = known.Err
		}
		return nil, &chart.Error{Reason: reason, At: tree.Position{File: file}, Message: message + err.Error()}
	}
	var all []map[string]any
	for _, d := range documents {
		all = append(all, d.Object)
	}
	return all, nil
}

// generatedValue stands for a random value: rules do not check values that contain a variable.
const generatedValue = "${generated}"

// generated is a value of which the parts that differ in another rendering are not known.
func generated(value, other any) any {
	switch v := value.(type) {
	case map[string]any:
		o, ok := other.(map[string]any)
		if !ok {
			return generatedValue
		}
		for key := range v {
			v[key] = generated(v[key], o[key])
		}
		return v
	case []any:
		o, ok := other.([]any)
		if !ok || len(o) != len(v) {
			return generatedValue
		}
		for i := range v {
			v[i] = generated(v[i], o[i])
		}
		return v
	}
	switch other.(type) {
	case map[string]any, []any:
		return generatedValue
	}
	if value != other {
		return generatedValue
	}
	return value
}

// keep removes the objects that do not fit.
func (r *rendered) keep(fits func(*unstructured.Unstructured, chart.Manifest) bool) {
	kept := &rendered{}
	for i, o := range r.objects {
		if o != nil && fits(o, r.from[i]) {
			kept.objects, kept.from = append(kept.objects, o), append(kept.from, r.from[i])
		}
	}
	*r = *kept
}

// runs reports whether Flux runs a hook when it installs or upgrades a release.
func runs(release *Release, events []string) bool {
	spec := object.Map(release.Unstructured.Object, "spec")
	return slices.ContainsFunc(events, func(event string) bool {
		switch stage, action, _ := strings.Cut(event, "-"); {
		case event == "test":
			return object.Bool(spec, "test", "enable")
		case stage == "pre" || stage == "post":
			return (action == "install" || action == "upgrade") && !object.Bool(spec, action, "disableHooks")
		}
		return false
	})
}

// postRender changes objects by spec.postRenderers, and rejects an object that the chart has twice,
// as kustomize does, which Flux always runs. Source: renderResources in helm.sh/helm/v4 v4.2.4,
// pkg/action/action.go.
func postRender(release *Release, ordinary, hooks *rendered) error {
	groups := []*rendered{ordinary}
	switch object.Text(release.Unstructured.Object, "spec", "postRenderStrategy") {
	case "nohooks":
	case "separate":
		groups = append(groups, hooks)
	default:
		groups = []*rendered{{slices.Concat(ordinary.objects, hooks.objects), slices.Concat(ordinary.from, hooks.from)}}
	}
	if n := len(object.List(release.Unstructured.Object, "spec", "postRenderers")); n > maxPostRenderers {
		return &chart.Error{Reason: chart.Limited, Message: "the release has more than 100 post-renderers"}
	}
	for _, group := range groups {
		if err := group.unique(); err != nil {
			return err
		}
		for _, entry := range object.List(release.Unstructured.Object, "spec", "postRenderers") {
			if settings := object.Map(entry, "kustomize"); settings != nil {
				if err := build.PostRender(group.objects, settings); err != nil {
					at, _ := release.Locate("spec.postRenderers")
					return failed(at, "%v", err)
				}
			}
		}
	}
	if groups[0] != ordinary {
		n := len(ordinary.objects)
		ordinary.objects, hooks.objects = groups[0].objects[:n:n], groups[0].objects[n:]
	}
	ordinary.keep(func(*unstructured.Unstructured, chart.Manifest) bool { return true })
	return nil
}

// unique rejects an object that occurs twice.
func (r *rendered) unique() error {
	seen := map[object.Ref]bool{}
	for i, o := range r.objects {
		ref := object.RefOf(o)
		if seen[ref] && !variable.Unresolved(ref.Name) && ref.Name != "" {
			return failed(tree.Position{File: r.from[i].Path}, "the chart has %s twice", ref)
		}
		seen[ref] = true
	}
	return nil
}

// finish adds what Flux and Helm add to the objects of a release, and common metadata.
func (r *renderer) finish(release *Release, from *rendered, common map[string]any) []*Object {
	name, namespace := flux.ReleaseName(release.Unstructured)
	added := map[string]any{
		"labels": map[string]any{
			object.HelmReleaseKind.Group + "/name": release.GetName(), object.HelmReleaseKind.Group + "/namespace": release.GetNamespace(),
			"app.kubernetes.io/managed-by": "Helm",
		},
		"annotations": map[string]any{"meta.helm.sh/release-name": shorten(name), "meta.helm.sh/release-namespace": namespace},
	}
	var all []*Object
	for i, o := range from.objects {
		build.AddMetadata(o, common)
		build.AddMetadata(o, added)
		if o.GetNamespace() == "" && r.namespaced(o.GroupVersionKind()) {
			o.SetNamespace(namespace)
		}
		all = append(all, &Object{Object: origin.FromTemplate(r.cluster.source, o, from.from[i].Path, release.Object.Object), By: release.By, Release: release.Object})
	}
	return all
}

// noteScopes notes which kinds of definitions have no namespace.
func (r *renderer) noteScopes(objects []*unstructured.Unstructured) {
	for _, o := range objects {
		if o.GroupVersionKind().GroupKind() == object.DefinitionKind && object.Text(o.Object, "spec", "scope") == "Cluster" {
			r.global[schema.GroupKind{Group: object.Text(o.Object, "spec", "group"), Kind: object.Text(o.Object, "spec", "names", "kind")}] = true
		}
	}
}

// globalKinds are kinds of other projects that have no namespace.
var globalKinds = []schema.GroupKind{
	object.ClusterIssuerKind, {Group: "gateway.networking.k8s.io", Kind: "GatewayClass"},
}

// namespaced reports whether objects of a kind have a namespace.
func (r *renderer) namespaced(kind schema.GroupVersionKind) bool {
	if r.global[kind.GroupKind()] || slices.Contains(globalKinds, kind.GroupKind()) {
		return false
	}
	apiVersion, name := kind.ToAPIVersionAndKind()
	namespaced, known := openapi.IsNamespaceScoped(yaml.TypeMeta{APIVersion: apiVersion, Kind: name})
	return namespaced || !known
}

// servedVersions are the API versions that the cluster of a tree serves, in the form of
// .Capabilities.APIVersions: Kubernetes' own, those of the definitions in the tree, and those of
// its objects.
func servedVersions(objects []*Object, kubernetes string) []string {
	served := map[string]bool{}
	add := func(group, version, kind string) {
		gvk := schema.GroupVersionKind{Group: group, Version: version, Kind: kind}
		served[gvk.GroupVersion().String()] = true
		served[gvk.GroupVersion().String()+"/"+kind] = true
	}
	for _, source := range schemas.Known() {
		for _, kind := range source.Kinds {
			if _, gone, _ := lifecycle.Removed(kind, kubernetes); source.Name == "Kubernetes" && !gone {
				add(kind.Group, kind.Version, kind.Kind)
			}
		}
	}
	for _, o := range objects {
		kind := o.GroupVersionKind()
		if _, gone, _ := lifecycle.Removed(kind, kubernetes); !gone && !variable.Unresolved(kind.String()) {
			add(kind.Group, kind.Version, kind.Kind)
		}
		if kind.GroupKind() == object.DefinitionKind {
			for _, version := range object.List(o.Unstructured.Object, "spec", "versions") {
				if object.Bool(version, "served") {
					add(object.Text(o.Unstructured.Object, "spec", "group"), object.Text(version, "name"), object.Text(o.Unstructured.Object, "spec", "names", "kind"))
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(served))
}

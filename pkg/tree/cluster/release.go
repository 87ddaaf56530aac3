package cluster

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/chart"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/variable"
)

// Release is a HelmRelease whose chart is in the tree.
type Release struct {
	*Object
	// Rendered: the objects of its chart are among those of the cluster.
	Rendered bool
	// Err is why they are not, or nil.
	Err *chart.Error
	// At is the position of the error: in the chart, or that of the field of the release.
	At tree.Position
	// Unsure: in the cluster, the chart may render other objects.
	Unsure bool
	// Hooks are objects that Helm creates before or after it installs or upgrades the release.
	Hooks []*Object
}

// renderer renders the releases of a cluster.
type renderer struct {
	cluster *Cluster
	options Options
	// objects are those that Kustomizations apply.
	objects map[object.Key]*Object
	charts  map[chartKey]loadedChart
	served  []string
	// global are the kinds of definitions whose objects have no namespace.
	global map[schema.GroupKind]bool
}

// chartKey is a chart in a source.
type chartKey struct {
	source object.Key
	path   string
}

type loadedChart struct {
	*chart.Chart
	err error
}

// chartSpec is what a HelmRelease, or the HelmChart that it names, says about its chart.
type chartSpec struct {
	*Object
	release *Release
	// field is that with the chart's path, and fields its siblings.
	field  string
	fields map[string]any
	source object.Ref
}

// renderCharts adds the objects that the charts in the tree render. A chart can contain releases.
func (c *Cluster) renderCharts(ctx context.Context, options Options) error {
	if options.Charts == nil {
		return nil
	}
	r := &renderer{
		cluster: c, options: options, objects: map[object.Key]*Object{},
		charts: map[chartKey]loadedChart{}, global: map[schema.GroupKind]bool{},
	}
	for next, rounds := 0, 0; next < len(c.Objects) && rounds < maxRounds; rounds++ {
		var specs []*chartSpec
		for _, o := range c.Objects[next:] {
			if o.Release == nil {
				r.objects[o.Ref().Key()] = o
				r.noteScopes([]*unstructured.Unstructured{o.Unstructured})
			}
			if spec := r.specOf(o); spec != nil {
				specs = append(specs, spec)
				c.Releases = append(c.Releases, spec.release)
			}
		}
		next = len(c.Objects)
		if len(specs) == 0 {
			break
		}
		r.served = servedVersions(c.Objects, options.Kubernetes)
		slices.SortStableFunc(specs, func(a, b *chartSpec) int { // the process keeps one chart
			return cmp.Compare(object.Text(a.fields, "chart"), object.Text(b.fields, "chart"))
		})
		for _, spec := range specs {
			if err := r.render(ctx, spec); err != nil {
				return err
			}
		}
	}
	return nil
}

// specOf is the chart of a HelmRelease, nil if it is not in the tree.
func (r *renderer) specOf(o *Object) *chartSpec {
	if o.Ref().GroupKind() != object.HelmReleaseKind {
		return nil
	}
	spec := &chartSpec{Object: o, release: &Release{Object: o}, field: "spec.chart.spec.chart", fields: object.Map(o.Unstructured.Object, "spec", "chart", "spec")}
	if ref := object.Map(o.Unstructured.Object, "spec", "chartRef"); ref != nil {
		found := r.cluster.find(object.SourceRef(ref, o.GetNamespace()))
		if object.Text(ref, "kind") != object.HelmChartKind.Kind || found == nil {
			return nil
		}
		spec.Object, spec.field, spec.fields = found, "spec.chart", object.Map(found.Unstructured.Object, "spec")
	}
	spec.source = object.SourceRef(object.Map(spec.fields, "sourceRef"), spec.GetNamespace())
	if spec.source.Name == "" || spec.source.Kind != object.GitRepositoryKind.Kind {
		return nil
	}
	if spec.source.Key() != r.cluster.origin.Key() && !r.cluster.sameRepository(spec.source) {
		return nil
	}
	return spec
}

// render renders a release. The error is that of the context.
func (r *renderer) render(ctx context.Context, spec *chartSpec) error {
	release := spec.release
	result, err := r.result(ctx, spec)
	if err == nil {
		err = r.add(release, result)
	}
	if err == nil {
		release.Rendered, release.Unsure = true, result.Unsure
		return nil
	}
	if !errors.As(err, &release.Err) {
		return err
	}
	if release.At = release.Err.At; release.At.File == "" {
		release.At, _ = spec.Locate(spec.field)
	}
	return nil
}

// result is what the chart of a release renders.
func (r *renderer) result(ctx context.Context, spec *chartSpec) (*chart.Result, error) {
	fields := object.Map(spec.release.Unstructured.Object, "spec")
	switch {
	case object.Map(fields, "kubeConfig") != nil:
		return nil, incomplete("the chart is installed in another cluster")
	case unresolved(spec.release.By, fields), unresolved(spec.By, spec.fields):
		return nil, incomplete("the release has variables whose values are not in the tree")
	}
	source := r.cluster.sourceAt(spec.source)
	key := chartKey{spec.source.Key(), object.Text(spec.fields, "chart")}
	loaded, ok := r.charts[key]
	if !ok {
		loaded.Chart, loaded.err = chart.Load(source, key.path)
		r.charts[key] = loaded
	}
	if loaded.err != nil {
		return nil, loaded.err
	}
	name, namespace := flux.ReleaseName(spec.release.Unstructured)
	values := object.Map(fields, "values")
	request := &chart.Release{
		Name: shorten(name), Namespace: namespace, Values: values, APIVersions: r.served, Kubernetes: r.options.Kubernetes,
		SkipSchema: object.Bool(fields, "install", "disableSchemaValidation"),
	}
	var err error
	if request.Files, err = chart.ValuesFiles(source, object.Texts(spec.fields, "valuesFiles"), object.Bool(spec.fields, "ignoreMissingValuesFiles")); err != nil {
		return nil, err
	}
	if request.From, err = r.references(spec.release); err != nil {
		return nil, err
	}
	result, err := r.options.Charts.Render(ctx, loaded.Chart, request)
	return result, withoutSecrets(err, fields)
}

// withoutSecrets is an error of a chart without its message if the values of the release come from a
// Secret: templates and schemas can write them into it.
func withoutSecrets(err error, fields map[string]any) error {
	var failed *chart.Error
	hasSecret := slices.ContainsFunc(object.List(fields, "valuesFrom"), func(from map[string]any) bool {
		return object.Text(from, "kind") == object.SecretKind.Kind
	})
	if !hasSecret || !errors.As(err, &failed) || failed.Reason != chart.Failed {
		return err
	}
	return &chart.Error{Reason: failed.Reason, At: failed.At, Message: "the message is not shown, because the values of the release come from a Secret; `helm template` shows it"}
}

func incomplete(format string, args ...any) error {
	return &chart.Error{Reason: chart.Incomplete, Message: fmt.Sprintf(format, args...)}
}

func failed(at tree.Position, format string, args ...any) error {
	return &chart.Error{Reason: chart.Failed, At: at, Message: fmt.Sprintf(format, args...)}
}

// shorten is the name of a release, which has at most 53 characters (ShortenName in
// helm-controller v1.6.4, internal/release/name.go).
func shorten(name string) string {
	const longest, hash = 53, 12
	if len(name) <= longest {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return name[:longest-hash-1] + "-" + hex.EncodeToString(sum[:])[:hash]
}

// unresolved reports whether a value has a variable that is not known.
func unresolved(by *Kustomization, value any) bool {
	if by == nil || !by.unresolved {
		return false
	}
	switch v := value.(type) {
	case string:
		return variable.Unresolved(v)
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return unresolved(by, inner) })
	case map[string]any:
		for _, inner := range v {
			if unresolved(by, inner) {
				return true
			}
		}
	}
	return false
}

// references are the values of spec.valuesFrom.
func (r *renderer) references(release *Release) ([]chart.Reference, error) {
	var all []chart.Reference
	for _, from := range object.List(release.Unstructured.Object, "spec", "valuesFrom") {
		text, ok, err := r.valueOf(release, from)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, chart.Reference{
				Name: object.Text(from, "kind") + " " + object.Text(from, "name"), Text: []byte(text),
				TargetPath: object.Text(from, "targetPath"), Literal: object.Bool(from, "literal"),
			})
		}
	}
	return all, nil
}

// valueOf is the text of an entry of spec.valuesFrom. It is false for an optional one whose key
// does not exist.
func (r *renderer) valueOf(release *Release, from map[string]any) (text string, ok bool, err error) {
	ref := object.Ref{APIVersion: "v1", Kind: object.Text(from, "kind"), Namespace: release.GetNamespace(), Name: object.Text(from, "name")}
	key := cmp.Or(object.Text(from, "valuesKey"), "values.yaml")
	o := r.objects[ref.Key()]
	if o == nil {
		return "", false, incomplete("its values are in %s, which is not in the tree", ref.Kind+" "+ref.Name)
	}
	text, ok = object.Text(o.Unstructured.Object, "data", key), true
	if _, exists := object.Map(o.Unstructured.Object, "data")[key]; !exists {
		if _, ok = object.Map(o.Unstructured.Object, "stringData")[key]; ok {
			text = object.Text(o.Unstructured.Object, "stringData", key)
		}
	} else if ref.Kind == object.SecretKind.Kind {
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err == nil {
			text = string(decoded)
		}
	}
	_, encrypted := o.Unstructured.Object["sops"]
	at, _ := release.Locate("spec.valuesFrom")
	local := ref.Kind + " " + ref.Name
	switch {
	case encrypted || strings.Contains(text, "ENC[AES256_GCM,"):
		return "", false, incomplete("its values are in %s, which is encrypted", local)
	case unresolved(o.By, text):
		return "", false, incomplete("its values are in %s, which has variables whose values are not in the tree", local)
	case !ok && !object.Bool(from, "optional"):
		return "", false, failed(at, "its values are in the key %s of %s, which does not exist", key, local)
	}
	return text, ok, nil
}

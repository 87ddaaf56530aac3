// Package build builds what a Kustomization of Flux applies, from the files of a tree, as
// kustomize-controller does: with kustomize's own library, in memory. It reads nothing outside of
// the tree. kustomize itself never uses the network and runs no program: what remote references
// name is downloaded before it runs, from the hosts that the user allows, and by default not at all.
//
// Flux's library github.com/fluxcd/pkg/kustomize does the same from a directory on disk, which
// it changes; a test compares the results.
package build

import (
	"errors"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/kustomize"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/origin"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/variable"
)

// Result is what a Kustomization of Flux applies.
type Result struct {
	Objects []*origin.Object
	// Dir is the directory of spec.path.
	Dir string
	// Kustomizations are the kustomization files of the source that were used.
	Kustomizations []string
	// Undefined are the variables of postBuild that have no value and no default, by the object
	// that has them.
	Undefined map[object.Ref][]string
}

// Build builds the objects that a Kustomization of Flux applies from a source. The locator finds
// fields of the Kustomization itself, for values that come from its spec; it may be nil. The
// error is an *Error.
func Build(s *source.Source, flux *unstructured.Unstructured, variables *variable.Set, locator origin.Locator) (*Result, error) {
	p, err := Prepare(s, flux, locator)
	if err != nil {
		return nil, err
	}
	r, err := p.Render()
	if err != nil {
		return nil, err
	}
	return r.Substitute(variables)
}

// Plan is a Kustomization whose files have been checked.
type Plan struct {
	files   *source.Files
	flux    *unstructured.Unstructured
	locator origin.Locator
	check   *checker
	// dir is that of spec.path, and file its kustomization file, whose content Flux writes.
	dir, file string
}

// Prepare checks the files of a Kustomization: the first part of Build.
func Prepare(s *source.Source, flux *unstructured.Unstructured, locator origin.Locator) (*Plan, error) {
	dir, err := directory(s, flux, locator)
	if err != nil {
		return nil, err
	}
	if err := s.Work.Spend(stepsBuild); err != nil {
		return nil, problem(tree.Position{File: dir}, TooLarge, "%v", err)
	}
	file, k, err := generate(s, dir, flux)
	if err != nil {
		return nil, asError(s.Position(tree.Position{File: file}), err)
	}
	files := source.NewFiles(s)
	check := &checker{files: files, downloaded: map[string]string{}}
	check.directory(dir, file, k, setting{})
	check.spend(tree.Position{File: file}, check.referrers*check.objects*stepsReferrer)
	if check.changesSchemas {
		check.spend(tree.Position{File: file}, stepsSchemas)
	}
	if len(check.problems) > 0 {
		return nil, &Error{Problems: check.problems}
	}
	content, err := yaml.Marshal(k)
	if err != nil {
		return nil, asError(s.Position(tree.Position{File: file}), err)
	}
	files.Replaced[file] = content
	return &Plan{files: files, flux: flux, locator: locator, check: check, dir: dir, file: file}, nil
}

// Rendered is what kustomize built for a Kustomization, with the variables of spec.postBuild.
type Rendered struct {
	plan    *Plan
	objects []*origin.Object
	// err is why not all objects could be read.
	err error
}

// Render runs kustomize: the second part of Build.
func (p *Plan) Render() (*Rendered, error) {
	built, err := kustomize.Run(p.files, p.dir, p.check.changesSchemas)
	if err != nil {
		return nil, problem(p.files.Source.Position(p.check.positions(p.file).find("")), Failed, "kustomize failed: %s", mask.Mask(cleanError(err)))
	}
	r := &Rendered{plan: p}
	index := origin.NewIndex(p.files, p.dir, p.check.used, p.check.origins, p.locator)
	for _, res := range built.Resources() {
		if r.err = r.add(res, index); r.err != nil {
			r.err = asError(p.files.Source.Position(tree.Position{File: p.file}), r.err)
			break
		}
	}
	return r, nil
}

// add adds a resource that kustomize built.
func (r *Rendered) add(res kustomize.Resource, index *origin.Index) error {
	content, err := kustomize.Content(res)
	if err != nil {
		return err
	}
	o := index.Object(content)
	if o.GetName() == "" || o.GetKind() == "" || o.GetAPIVersion() == "" {
		return problem(o.Start(), Malformed, "an object has no apiVersion, kind or metadata.name")
	}
	r.objects = append(r.objects, o)
	return nil
}

// Has reports whether an object was built from a document.
func (r *Rendered) Has(d *tree.Document) bool {
	return r.err == nil && slices.ContainsFunc(r.objects, func(o *origin.Object) bool { return o.Document() == d })
}

// Substitute replaces the variables in the objects, and adds spec.commonMetadata: the last part of
// Build. It can be called once, because the result has the same objects.
func (r *Rendered) Substitute(variables *variable.Set) (*Result, error) {
	p := r.plan
	result := &Result{Dir: p.dir, Undefined: map[object.Ref][]string{}, Objects: r.objects}
	for _, name := range p.check.used {
		result.Kustomizations = append(result.Kustomizations, p.files.Source.Tree.Origin(name))
	}
	common := object.Map(p.flux.Object, "spec", "commonMetadata")
	for _, o := range r.objects {
		if !variable.Disabled(o.Unstructured) {
			substituted, undefined, err := variables.Substitute(o.Object, p.files.Source.Work.Spend)
			if err != nil {
				return nil, substitutionProblem(o, err)
			}
			o.Object = substituted
			if len(undefined) > 0 {
				result.Undefined[object.RefOf(o.Unstructured)] = undefined
			}
		}
		AddMetadata(o.Unstructured, common)
	}
	if r.err != nil {
		return nil, r.err
	}
	return result, nil
}

// substitutionProblem is the problem of an object whose variables can't be replaced.
func substitutionProblem(o *origin.Object, err error) error {
	if errors.Is(err, source.ErrTooMuchWork) {
		return problem(o.Start(), TooLarge, "%v", source.ErrTooMuchWork)
	}
	return problem(o.Start(), Failed, "%v", err)
}

// directory is the directory of spec.path.
func directory(s *source.Source, flux *unstructured.Unstructured, locator origin.Locator) (string, error) {
	spec := object.Text(flux.Object, "spec", "path")
	dir := path.Clean("/" + spec) // as securejoin in kustomize-controller: .. can't leave the root
	dir = strings.TrimPrefix(dir, "/")
	if dir == "" {
		dir = "."
	}
	at := tree.Position{}
	if locator != nil {
		at, _ = locator.Locate("spec.path")
	}
	switch {
	case !s.Tree.Exists(dir) && variable.Unresolved(spec):
		return "", problem(at, Unreadable, "the path %s has a variable whose value is not known", spec)
	case !s.Tree.Exists(dir) && s.Kind == "artifact":
		return "", problem(at, Missing, "the path %s does not exist in the artifact", dir)
	case !s.Tree.Exists(dir):
		return "", problem(at, Missing, "the path %s does not exist", dir)
	case !s.Tree.IsDir(dir):
		return "", problem(at, Missing, "the path %s is not a directory", dir)
	}
	return dir, nil
}

func asError(at tree.Position, err error) error {
	if known := (*Error)(nil); errors.As(err, &known) {
		return err
	}
	return problem(at, Failed, "%v", err)
}

// cleanError is the last line of kustomize's error that has content: the one with the cause.
func cleanError(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}

// AddMetadata adds the labels and annotations of spec.commonMetadata to an object.
func AddMetadata(obj *unstructured.Unstructured, common map[string]any) {
	add := func(existing map[string]string, more map[string]any, set func(map[string]string)) {
		if len(more) == 0 {
			return
		}
		if existing == nil {
			existing = map[string]string{}
		}
		for key, value := range more {
			if text, ok := value.(string); ok {
				existing[key] = text
			}
		}
		set(existing)
	}
	add(obj.GetLabels(), object.Map(common, "labels"), obj.SetLabels)
	add(obj.GetAnnotations(), object.Map(common, "annotations"), obj.SetAnnotations)
}

package build

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path"
	"strings"
	"sync"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// Result is what a Kustomization of Flux applies.
type Result struct {
	Objects []*Object
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
func Build(s *Source, flux *unstructured.Unstructured, variables *Variables, locator Locator) (*Result, error) {
	dir, err := directory(s, flux, locator)
	if err != nil {
		return nil, err
	}
	file, k, err := s.generate(dir, flux)
	if err != nil {
		return nil, asError(s.position(tree.Position{File: file}), err)
	}
	files := newFiles(s)
	check := &checker{files: files}
	check.directory(dir, file, k, setting{})
	if len(check.problems) > 0 {
		return nil, &Error{Problems: check.problems}
	}
	content, err := yaml.Marshal(k)
	if err != nil {
		return nil, asError(s.position(tree.Position{File: file}), err)
	}
	files.replaced[file] = content
	built, err := run(fileSystem{files, check.changesSchemas}, dir)
	if err != nil {
		return nil, problem(s.position(check.positions(file).find("")), Failed, "kustomize failed: %s", mask.Mask(cleanError(err)))
	}
	result := &Result{Dir: dir, Undefined: map[object.Ref][]string{}}
	for _, name := range check.used {
		result.Kustomizations = append(result.Kustomizations, s.Tree.Origin(name))
	}
	frame := &frame{files: files, dir: dir, root: check.used, flux: locator}
	index := indexOrigins(check.origins)
	for _, res := range built.Resources() {
		if err := result.add(res, index, frame, flux, variables); err != nil {
			return nil, asError(s.position(tree.Position{File: file}), err)
		}
	}
	return result, nil
}

// directory is the directory of spec.path.
func directory(s *Source, flux *unstructured.Unstructured, locator Locator) (string, error) {
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
	case !s.Tree.Exists(dir) && s.kind == "artifact":
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

// running serializes kustomize, whose schemas are global.
var running sync.Mutex

// run runs kustomize as kustomize-controller does (Build in github.com/fluxcd/pkg/kustomize
// v1.35.7): paths may leave their directory, but not the source; no plugins.
func run(files fileSystem, dir string) (built resmap.ResMap, err error) {
	running.Lock()
	defer running.Unlock()
	defer quiet()()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("it panicked: %v", r)
		}
	}()
	if files.changesSchemas {
		openapi.ResetOpenAPI()
		_ = openapi.Schema()
		defer openapi.ResetOpenAPI()
	}
	jsonpatch.AccumulatedCopySizeLimit = tree.MaxFile // a patch can double an object with each operation
	k := krusty.MakeKustomizer(&krusty.Options{LoadRestrictions: types.LoadRestrictionsNone, PluginConfig: types.DisabledPluginConfig()})
	return k.Run(files, files.absolute(dir))
}

// quiet silences the warnings that kustomize prints to os.Stderr and to the standard logger: those
// about deprecated fields are findings, and others have text of the tree, with its control
// characters.
func quiet() (restore func()) {
	stderr, logger := os.Stderr, log.Writer()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return func() {}
	}
	os.Stderr = null
	log.SetOutput(null)
	return func() {
		os.Stderr = stderr
		log.SetOutput(logger)
		_ = null.Close()
	}
}

// add adds a resource that kustomize built.
func (r *Result) add(res marshaler, index *origins, f *frame, flux *unstructured.Unstructured, variables *Variables) error {
	text, err := res.MarshalJSON()
	if err != nil {
		return err
	}
	content := map[string]any{}
	if err := json.Unmarshal(text, &content); err != nil {
		return err
	}
	f.restoreOrigins(content)
	o := &Object{Unstructured: &unstructured.Unstructured{Object: content}, frame: f}
	if o.origin = index.of(o.Unstructured); o.origin == nil {
		o.origin = &origin{file: f.root[0], kustomizations: f.root}
	}
	if o.GetName() == "" || o.GetKind() == "" || o.GetAPIVersion() == "" {
		return problem(o.Start(), Malformed, "an object has no apiVersion, kind or metadata.name")
	}
	if !disabled(o.Unstructured) {
		substituted, undefined, err := variables.substitute(o.Object)
		if err != nil {
			return problem(o.Start(), Failed, "%v", err)
		}
		o.Object = substituted
		if len(undefined) > 0 {
			r.Undefined[object.RefOf(o.Unstructured)] = undefined
		}
	}
	addMetadata(o.Unstructured, object.Map(flux.Object, "spec", "commonMetadata"))
	r.Objects = append(r.Objects, o)
	return nil
}

// marshaler is what this package needs of kustomize's Resource.
type marshaler interface{ MarshalJSON() ([]byte, error) }

func disabled(obj *unstructured.Unstructured) bool {
	return obj.GetLabels()[substituteKey] == substituteDisabled || obj.GetAnnotations()[substituteKey] == substituteDisabled
}

// addMetadata adds spec.commonMetadata.
func addMetadata(obj *unstructured.Unstructured, common map[string]any) {
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

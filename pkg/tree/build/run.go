package build

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// schemas are kustomize's schemas, which are global. They are only read if they are loaded, and no
// kustomization replaces them: then several goroutines can run kustomize. Otherwise it needs them
// for itself.
var schemas struct {
	sync.RWMutex
	loaded bool
}

// useSchemas waits until kustomize can run.
func useSchemas(replaced bool) (release func()) {
	schemas.RLock()
	if schemas.loaded && !replaced {
		return schemas.RUnlock
	}
	schemas.RUnlock()
	schemas.Lock()
	if !replaced {
		return schemas.Unlock
	}
	openapi.ResetOpenAPI()
	_ = openapi.Schema()
	return func() {
		openapi.ResetOpenAPI()
		schemas.loaded = false
		schemas.Unlock()
	}
}

// loadSchemas loads the schemas, so that kustomize can run in parallel.
func loadSchemas() {
	schemas.Lock()
	defer schemas.Unlock()
	if !schemas.loaded {
		openapi.ResetOpenAPI()
		_ = openapi.Schema()
		schemas.loaded = true
	}
}

// fewPlans are so few that loading the schemas, which takes 60 ms, does not pay.
const fewPlans = 16

// maxParallel is how many builds run at the same time at most: each needs memory.
const maxParallel = 4

// RenderAll runs kustomize for several plans, and returns the results in their order. If the
// context ends, some are missing: both the result and the error are nil.
func RenderAll(ctx context.Context, plans []*Plan) (results []*Rendered, errs []error) {
	results, errs = make([]*Rendered, len(plans)), make([]error, len(plans))
	var group errgroup.Group
	group.SetLimit(1)
	if len(plans) > fewPlans {
		loadSchemas()
		group.SetLimit(min(runtime.GOMAXPROCS(0), maxParallel))
	}
	for i, p := range plans {
		group.Go(func() error {
			if ctx.Err() == nil {
				results[i], errs[i] = p.Render()
			}
			return nil
		})
	}
	_ = group.Wait()
	return results, errs
}

// limitCopies limits what operations of a JSON patch copy: each can double an object.
var limitCopies = sync.OnceFunc(func() { jsonpatch.AccumulatedCopySizeLimit = tree.MaxFile })

// run runs kustomize as kustomize-controller does (Build in github.com/fluxcd/pkg/kustomize
// v1.35.7): paths may leave their directory, but not the source; no plugins.
func run(files fileSystem, dir string) (built resmap.ResMap, err error) {
	defer useSchemas(files.changesSchemas)()
	defer quiet()()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("it panicked: %v", r)
		}
	}()
	limitCopies()
	k := krusty.MakeKustomizer(&krusty.Options{LoadRestrictions: types.LoadRestrictionsNone, PluginConfig: types.DisabledPluginConfig()})
	return k.Run(files, files.absolute(dir))
}

// silenced is how many runs want no warnings, and where they went before.
var silenced struct {
	sync.Mutex
	runs   int
	null   *os.File
	stderr *os.File
	logger io.Writer
}

// quiet silences the warnings that kustomize prints to os.Stderr and to the standard logger: those
// about deprecated fields are findings, and others have text of the tree, with its control
// characters.
func quiet() (restore func()) {
	s := &silenced
	s.Lock()
	defer s.Unlock()
	if s.runs == 0 {
		null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		if err != nil {
			return func() {}
		}
		s.null, s.stderr, s.logger = null, os.Stderr, log.Writer()
		os.Stderr = null
		log.SetOutput(null)
	}
	s.runs++
	return func() {
		s.Lock()
		defer s.Unlock()
		if s.runs--; s.runs == 0 {
			os.Stderr = s.stderr
			log.SetOutput(s.logger)
			_ = s.null.Close()
		}
	}
}

// Package kustomize runs kustomize's library on the files of a tree as kustomize-controller does: in
// memory, in parallel, and without output.
package kustomize

import (
	"fmt"
	"io"
	"log"
	"os"
	"sync"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
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

// LoadSchemas loads the schemas, so that kustomize can run in parallel.
func LoadSchemas() {
	schemas.Lock()
	defer schemas.Unlock()
	if !schemas.loaded {
		openapi.ResetOpenAPI()
		_ = openapi.Schema()
		schemas.loaded = true
	}
}

// limitCopies limits what operations of a JSON patch copy: each can double an object.
var limitCopies = sync.OnceFunc(func() { jsonpatch.AccumulatedCopySizeLimit = tree.MaxFile })

// Run builds a directory as kustomize-controller does (Build in github.com/fluxcd/pkg/kustomize
// v1.35.7): paths may leave their directory, but not the source; no plugins. A kustomization that
// changes the schemas has its own, so kustomize's have to be loaded again. This takes 60 ms, ten times
// as long as most builds.
func Run(files *source.Files, dir string, changesSchemas bool) (built resmap.ResMap, err error) {
	defer useSchemas(changesSchemas)()
	defer quiet()()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("it panicked: %v", r)
		}
	}()
	limitCopies()
	k := krusty.MakeKustomizer(&krusty.Options{LoadRestrictions: types.LoadRestrictionsNone, PluginConfig: types.DisabledPluginConfig()})
	return k.Run(fileSystem{files}, files.Absolute(dir))
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

package kustomize

import (
	"log"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// TestNoWarnings checks that kustomize's warnings, which have text of the tree, are not printed.
func TestNoWarnings(t *testing.T) {
	var printed strings.Builder
	before := log.Writer()
	log.SetOutput(&printed)
	defer log.SetOutput(before)
	files := map[string][]byte{
		"a/kustomization.yaml": []byte("resources: [b.yaml]\nvars:\n- {name: A, objref: {kind: ConfigMap, name: b, apiVersion: v1}, fieldref: {fieldpath: data.a}}\n"),
		"a/b.yaml":             []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {a: b}\n"),
	}
	if _, err := Run(source.NewFiles(source.New(tree.New(files), nil, nil)), "a", false); err != nil || printed.Len() > 0 {
		t.Errorf("%v, printed %q", err, printed.String())
	}
}

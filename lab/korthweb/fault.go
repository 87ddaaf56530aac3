package korthweb

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
)

// Fault is a defect that can be put into a tree on purpose.
type Fault struct {
	Name    string
	Summary string

	path     string // the file it edits
	old, new string // every old becomes new
}

// Faults lists what Break knows. All of them were found in upstream's tree.
func Faults() []Fault {
	return []Fault{{
		Name: "image-digest",
		Summary: "bhs' Orthanc image has a digest without its sha256: prefix, " +
			"as in upstream's gitops/application/bhs/kustomization.yaml: InvalidImageName",
		path: "gitops/application/bhs/kustomization.yaml",
		old:  "digest: sha256:",
		new:  "digest: ",
	}}
}

// Break returns a copy of a tree with one fault in it.
func Break(files map[string][]byte, fault string) (map[string][]byte, error) {
	var known []string
	for _, f := range Faults() {
		if f.Name == fault {
			return f.apply(files)
		}
		known = append(known, f.Name)
	}
	return nil, fmt.Errorf("unknown fault %q: known are %s", fault, strings.Join(known, ", "))
}

func (f Fault) apply(files map[string][]byte) (map[string][]byte, error) {
	before, ok := files[f.path]
	if !ok {
		return nil, fmt.Errorf("fault %s: the tree has no %s", f.Name, f.path)
	}
	after := bytes.ReplaceAll(before, []byte(f.old), []byte(f.new))
	if bytes.Equal(before, after) {
		// A fault that isn't there would make a healthy lab look like a blind plugin.
		return nil, fmt.Errorf("fault %s: nothing to change in %s: no %q", f.Name, f.path, f.old)
	}
	broken := maps.Clone(files)
	broken[f.path] = after
	return broken, nil
}

// Package faults has the defects that a lab can be given on purpose, each as
// real controllers show it: an edit of the GitOps tree, what the kubelets say
// of some Pods, what an operator's hand did to the cluster, or all of these.
package faults

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Fault is one defect, a file of the catalogue.
type Fault struct {
	// ID is its number in the list of what an explanation must get right, such
	// as F18; Name says it in words, such as image-digest.
	ID   string `json:"id"`
	Name string `json:"name"`
	// Layer is where the cause is: graph, source, build, helm, workload,
	// storage, node, cert, mesh, or control for what is no fault at all.
	Layer string `json:"layer"`
	// Summary says what is broken and what follows.
	Summary string `json:"summary"`

	// Includes are the IDs of faults that are injected together as this one.
	Includes []string `json:"includes,omitempty"`
	// Edits change the GitOps tree.
	Edits []Edit `json:"edits,omitempty"`
	// Pods are what kubelets say from now on of some Pods.
	Pods []Pods `json:"pods,omitempty"`
	// Before is done before the tree is pushed, Do after, Undo to clear it. Pods
	// that a kubelet was made to speak of are replaced without being listed.
	Before []Act `json:"before,omitempty"`
	Do     []Act `json:"do,omitempty"`
	Undo   []Act `json:"undo,omitempty"`
	// Layers are the reasons with which Kustomizations aren't Ready once the
	// fault is visible; "Ready" for those that are. Shows is what else there is
	// to be seen.
	Layers map[string]string `json:"layers,omitempty"`
	Shows  []Sign            `json:"shows,omitempty"`
	// Record is how a recording of it is made and judged.
	Record Record `json:"record,omitempty"`
}

// Record is how the fault is recorded, and what an explanation of the
// recording must say.
type Record struct {
	// Flags are more flags for the plugin that records it.
	Flags []string `json:"flags,omitempty"`
	// Old keeps some of the Events from before it, and records it last.
	Old bool `json:"old,omitempty"`
	// Note is added to the recording's header.
	Note string `json:"note,omitempty"`
	// Expect becomes expect.yaml as it is.
	Expect map[string]any `json:"expect,omitempty"`
}

//go:embed catalogue
var catalogue embed.FS

// All lists the faults by ID.
func All() ([]Fault, error) {
	names, err := fs.Glob(catalogue, "catalogue/*.yaml")
	if err != nil {
		return nil, err
	}
	var out []Fault
	for _, name := range names {
		data, err := catalogue.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var f Fault
		if err := yaml.UnmarshalStrict(data, &f); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if want := "catalogue/" + f.ID + "-" + f.Name + ".yaml"; name != want {
			return nil, fmt.Errorf("%s should be %s", name, want)
		}
		out = append(out, f)
	}
	return out, nil
}

// Find returns the faults that are meant by IDs or names, those that one
// includes in its place, each once.
func Find(wanted ...string) ([]Fault, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	var out []Fault
	for _, name := range wanted {
		i := slices.IndexFunc(all, func(f Fault) bool { return strings.EqualFold(f.ID, name) || f.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("unknown fault %q: known are %s", name, known(all))
		}
		found := []Fault{all[i]}
		if len(all[i].Includes) > 0 {
			included, err := Find(all[i].Includes...)
			if err != nil {
				return nil, fmt.Errorf("fault %s: %w", all[i].ID, err)
			}
			found = append(included, found...)
		}
		for _, f := range found {
			if !slices.ContainsFunc(out, func(o Fault) bool { return o.ID == f.ID }) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

func known(all []Fault) string {
	var names []string
	for _, f := range all {
		names = append(names, f.ID+" "+f.Name)
	}
	return strings.Join(names, ", ")
}

// Edit changes one file of the GitOps tree: every Old in it becomes New.
type Edit struct {
	Path string `json:"path"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// Break returns a copy of a tree with the faults' edits in it. An edit that
// changes nothing is an error: a fault that isn't there would make a healthy
// lab look like a blind plugin.
func Break(files map[string][]byte, list []Fault) (map[string][]byte, error) {
	broken := maps.Clone(files)
	for _, f := range list {
		for _, e := range f.Edits {
			before, ok := broken[e.Path]
			if !ok {
				return nil, fmt.Errorf("fault %s: the tree has no %s", f.ID, e.Path)
			}
			after := bytes.ReplaceAll(before, []byte(e.Old), []byte(e.New))
			if bytes.Equal(before, after) {
				return nil, fmt.Errorf("fault %s: nothing to change in %s: no %q", f.ID, e.Path, e.Old)
			}
			broken[e.Path] = after
		}
	}
	return broken, nil
}

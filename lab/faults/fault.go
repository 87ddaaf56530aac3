// Package faults defines the faults that can be injected into a lab, each as real
// controllers show it: an edit of the GitOps tree, what the kubelets report of some Pods,
// a manual change of the cluster, or all of these.
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

// Fault is one fault, a file of the catalogue.
type Fault struct {
	// ID is its number in the list of faults that an explanation must recognize, such as F18;
	// Name is a short description, such as image-digest.
	ID   string `json:"id"`
	Name string `json:"name"`
	// Layer is the layer of the cause: graph, source, build, helm, workload, storage,
	// node, cert, mesh, or control for a state that is no fault.
	Layer string `json:"layer"`
	// Summary states what is broken and the consequences.
	Summary string `json:"summary"`

	// Includes are the IDs of faults that are injected together with this one.
	Includes []string `json:"includes,omitempty"`
	// Edits change the GitOps tree.
	Edits []Edit `json:"edits,omitempty"`
	// Pods are what kubelets report of some Pods from now on.
	Pods []Pods `json:"pods,omitempty"`
	// Before runs before the tree is pushed, Do after, Undo to clear the fault. Pods for
	// which a kubelet reported something are replaced without being listed.
	Before []Act `json:"before,omitempty"`
	Do     []Act `json:"do,omitempty"`
	Undo   []Act `json:"undo,omitempty"`
	// Layers are the reasons for which Kustomizations are not Ready once the fault is visible;
	// "Ready" for those that are. Shows are further signs.
	Layers map[string]string `json:"layers,omitempty"`
	Shows  []Sign            `json:"shows,omitempty"`
	// Record is how the fault is recorded and checked.
	Record Record `json:"record,omitempty"`
}

// Record is how the fault is recorded, and what an explanation of the recording must
// contain.
type Record struct {
	// Flags are additional flags of the plugin when it records the fault.
	Flags []string `json:"flags,omitempty"`
	// Old keeps some older Events, and records the fault last.
	Old bool `json:"old,omitempty"`
	// Note is added to the header of the recording.
	Note string `json:"note,omitempty"`
	// Expect is the content of expect.yaml.
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

// Find returns the faults with the IDs or names, each once. A fault that includes others
// comes after them.
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

// Edit changes one file of the GitOps tree: it replaces every Old in it with New.
type Edit struct {
	Path string `json:"path"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// Break returns a copy of a tree with the faults' edits. An edit that changes nothing is an
// error: without the fault, a healthy lab would look like a plugin that does not find the
// fault.
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

package diff

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// EntryError is the error if it is not known which part of the tree the cluster applies.
type EntryError struct {
	// Entries are the directories to choose from, none if the tree has no Kustomization.
	Entries []string
	reason  string
}

func (e *EntryError) Error() string { return e.reason }

// ErrUnreadable is the error of a cluster whose Kustomizations can't be read.
var ErrUnreadable = errors.New("the cluster's Kustomizations could not be read")

// ofFlux are the clusters that have Kustomizations of Flux. The error is an *EntryError.
func ofFlux(clusters []*cluster.Cluster) ([]*cluster.Cluster, error) {
	clusters = filter(clusters, func(c *cluster.Cluster) bool {
		return len(c.Kustomizations) > 0 && !c.Kustomizations[0].Standalone
	})
	if len(clusters) == 0 {
		return nil, &EntryError{reason: "the repository has no Kustomizations of Flux"}
	}
	return clusters, nil
}

// CheckEntry reports, before the cluster is read, that a tree has no Kustomizations of Flux, or not
// in the directory, unless that is empty. Errors are *EntryError.
func CheckEntry(clusters []*cluster.Cluster, dir string) error {
	clusters, err := ofFlux(clusters)
	if err == nil && dir != "" {
		_, err = named(clusters, clean(dir))
	}
	return err
}

// Choose finds the part of a tree that Flux applies to the cluster of the snapshot: the one whose
// first Kustomization the cluster has with the same path, otherwise the one of which the cluster
// has the most Kustomizations. A directory chooses it instead. Errors are *EntryError and
// ErrUnreadable.
func Choose(clusters []*cluster.Cluster, live *snapshot.Snapshot, dir string) (*cluster.Cluster, error) {
	clusters, err := ofFlux(clusters)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		return named(clusters, clean(dir))
	}
	if unknown := live.List(object.KustomizationKind, "").Unknown; len(unknown) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrUnreadable, unknown[0])
	}
	if roots := filter(clusters, func(c *cluster.Cluster) bool { return rootMatches(c, live) }); len(roots) > 0 {
		clusters = roots
	}
	best, most, ties := clusters[0], 0, 0
	for _, c := range clusters {
		switch n := matching(c, live); {
		case n > most:
			best, most, ties = c, n, 0
		case n == most:
			ties++
		}
	}
	switch {
	case most == 0:
		return nil, &EntryError{Entries: entries(clusters), reason: "the cluster has no Kustomization of the repository"}
	case ties > 0:
		return nil, &EntryError{Entries: entries(clusters), reason: "the repository has several clusters, of which more than one matches"}
	}
	return best, nil
}

// named finds the cluster with an entry, or whose first Kustomization has the path.
func named(clusters []*cluster.Cluster, dir string) (*cluster.Cluster, error) {
	for _, c := range clusters {
		if c.Entry == dir || pathOf(c.Kustomizations[0].Unstructured) == dir {
			return c, nil
		}
	}
	return nil, &EntryError{Entries: entries(clusters), reason: fmt.Sprintf("the repository has no cluster in %s", dir)}
}

func entries(clusters []*cluster.Cluster) []string {
	var list []string
	for _, c := range clusters {
		list = append(list, c.Entry)
	}
	return list
}

func filter[T any](list []T, keep func(T) bool) []T {
	var kept []T
	for _, entry := range list {
		if keep(entry) {
			kept = append(kept, entry)
		}
	}
	return kept
}

// rootMatches reports whether the cluster of the snapshot has the first Kustomization with the
// same path, or one for the directory of the Kustomizations.
func rootMatches(c *cluster.Cluster, live *snapshot.Snapshot) bool {
	root := c.Kustomizations[0]
	if obj := live.Lookup(root.Ref()).Object; obj != nil && root.By == nil && pathOf(obj) == pathOf(root.Unstructured) && strings.HasPrefix(root.File(), pathOf(obj)+"/") {
		return true
	}
	return rootOf(c, live) != nil
}

// rootOf is the live Kustomization that applies the tree's first Kustomizations but is not in the
// tree itself, or nil.
func rootOf(c *cluster.Cluster, live *snapshot.Snapshot) *unstructured.Unstructured {
	for _, obj := range live.List(object.KustomizationKind, "").Objects {
		if pathOf(obj) == c.Entry && !slices.ContainsFunc(c.Kustomizations, func(k *cluster.Kustomization) bool { return k.Ref().Same(object.RefOf(obj)) }) {
			return obj
		}
	}
	return nil
}

// matching is how many Kustomizations of the tree the cluster has with the same path.
func matching(c *cluster.Cluster, live *snapshot.Snapshot) int {
	n := 0
	for _, k := range c.Kustomizations {
		if obj := live.Lookup(k.Ref()).Object; obj != nil && pathOf(obj) == pathOf(k.Unstructured) {
			n++
		}
	}
	return n
}

func pathOf(obj *unstructured.Unstructured) string {
	return clean(object.Text(obj.Object, "spec", "path"))
}

// clean is a directory relative to the tree, "." for the tree itself.
func clean(dir string) string {
	if dir = strings.TrimPrefix(path.Clean("/"+dir), "/"); dir == "" {
		return "."
	}
	return dir
}

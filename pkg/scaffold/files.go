package scaffold

import (
	"maps"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/build"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// uses are the files of all Kustomizations of a tree.
type uses struct {
	list []use
	// names are the files and directories that each kustomization file names.
	names map[string][]string
}

// use is what one Kustomization is built from.
type use struct {
	by *cluster.Kustomization
	*build.Uses
}

func usesOf(clusters []*cluster.Cluster) uses {
	u := uses{names: map[string][]string{}}
	for _, c := range clusters {
		for _, k := range c.Kustomizations {
			if k.OtherSource != "" {
				continue
			}
			found, err := c.Uses(k)
			if err != nil {
				continue // Kustomization.Err has the reason
			}
			u.list = append(u.list, use{k, found})
			maps.Copy(u.names, found.Names)
		}
	}
	return u
}

// ownFiles are the files that only a tenant uses: those that only its layers are built from, and
// those that only contain its layers. All have the tenant's name in their path: others stay
// where they are, and a new tenant uses them, too.
func (r *Repository) ownFiles(t *Tenant) []string {
	own := map[string]bool{}
	shared := map[string]bool{}
	for _, u := range r.uses.list {
		for _, file := range u.Files {
			if t.applies(u.by) {
				own[file] = true
			} else {
				shared[file] = true
			}
		}
	}
	maps.DeleteFunc(own, func(file string, _ bool) bool { return shared[file] || !hasWord(file, t.Name) })
	for _, k := range t.Layers {
		if file := k.File(); r.onlyDefines(t, file) {
			own[file] = true
		}
	}
	for r.addDirectories(t, own) {
		continue
	}
	return slices.Sorted(maps.Keys(own))
}

// onlyDefines reports whether all objects of a file are layers of a tenant.
func (r *Repository) onlyDefines(t *Tenant, file string) bool {
	documents, err := r.Tree.Documents(file)
	if err != nil || len(documents) == 0 || !hasWord(file, t.Name) {
		return false
	}
	for _, d := range documents {
		if object.Text(d.Object, "kind") != object.KustomizationKind.Kind || !slices.ContainsFunc(t.Layers, func(k *cluster.Kustomization) bool { return k.Document() == d }) {
			return false
		}
	}
	return true
}

// addDirectories adds the kustomization files that only name files of the tenant, such as that
// of a directory with its layers, and reports whether there were any.
func (r *Repository) addDirectories(t *Tenant, own map[string]bool) bool {
	added := false
	for file, targets := range r.uses.names {
		if own[file] || !r.Tree.Exists(file) || !hasWord(file, t.Name) || len(targets) == 0 || r.isRoot(file) {
			continue
		}
		if !slices.ContainsFunc(targets, func(target string) bool { return !r.isOwn(own, target) }) {
			own[file], added = true, true
		}
	}
	return added
}

// isOwn reports whether a file is in a set, or a directory whose kustomization is.
func (r *Repository) isOwn(own map[string]bool, target string) bool {
	if !r.Tree.IsDir(target) {
		return own[target]
	}
	return own[r.kustomizationIn(target)]
}

// kustomizationIn is the kustomization file of a directory, "" if it has none.
func (r *Repository) kustomizationIn(dir string) string {
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		if file := path.Join(dir, base); r.Tree.Exists(file) {
			return file
		}
	}
	return ""
}

// isRoot reports whether a file is the kustomization of spec.path of a layer.
func (r *Repository) isRoot(file string) bool {
	return slices.ContainsFunc(r.uses.list, func(u use) bool { return u.Root == file })
}

// listing is a kustomization file that lists files of a tenant among others.
type listing struct {
	file string
	// targets are the files and directories of the tenant that it names.
	targets []string
}

// listings are the kustomization files that list what a tenant's files are in.
func (r *Repository) listings(t *Tenant) []listing {
	own := map[string]bool{}
	for _, file := range t.Files {
		own[file] = true
	}
	var found []listing
	for _, file := range slices.Sorted(maps.Keys(r.uses.names)) {
		if own[file] || !r.Tree.Exists(file) {
			continue
		}
		l := listing{file: file}
		for _, target := range r.uses.names[file] {
			if r.isOwn(own, target) {
				l.targets = append(l.targets, target)
			}
		}
		if len(l.targets) > 0 {
			found = append(found, l)
		}
	}
	return found
}

// unused are the files next to a tenant's that no Kustomization uses.
func (r *Repository) unused(t *Tenant) []string {
	used := map[string]bool{}
	for _, u := range r.uses.list {
		for _, file := range u.Files {
			used[file] = true
		}
	}
	dirs := map[string]bool{}
	for _, file := range t.Files {
		for dir := range tree.Parents(file) {
			if hasWord(path.Base(dir), t.Name) {
				dirs[dir] = true
			}
		}
	}
	var found []string
	for _, file := range r.Tree.Files(".") {
		inside := slices.ContainsFunc(slices.Collect(maps.Keys(dirs)), func(dir string) bool { return strings.HasPrefix(file, dir+"/") })
		if inside && !used[file] && !slices.Contains(t.Files, file) {
			found = append(found, file)
		}
	}
	return found
}

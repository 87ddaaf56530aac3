package build

import (
	"path"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/types"
	k8syaml "sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// Uses are the files that a Kustomization of Flux is built from: kustomization files, and what
// they name.
type Uses struct {
	// Root is the kustomization file of spec.path, "" if Flux generates it.
	Root string
	// Files are all files, sorted, with Root.
	Files []string
	// Names are the files and directories that each kustomization file names, as paths in the
	// tree. That of a generated file is under its path.
	Names map[string][]string
}

// UsesOf finds the files of a Kustomization, as far as they exist: a reference that can't be
// followed is omitted, because Build reports it.
func UsesOf(s *source.Source, flux *unstructured.Unstructured) (*Uses, error) {
	dir, err := directory(s, flux, nil)
	if err != nil {
		return nil, err
	}
	file, k, err := generate(s, dir, flux)
	if err != nil {
		return nil, err
	}
	u := &Uses{Names: map[string][]string{}}
	if s.Exists(file) {
		u.Root = file
	}
	u.follow(s, dir, file, k)
	slices.Sort(u.Files)
	u.Files = slices.Compact(u.Files)
	return u, nil
}

// follow adds a kustomization file and what it names.
func (u *Uses) follow(s *source.Source, dir, file string, k *types.Kustomization) {
	if _, known := u.Names[file]; known || len(u.Names) > maxReferences {
		return
	}
	u.Names[file] = []string{}
	if s.Exists(file) {
		u.Files = append(u.Files, file)
	}
	for _, r := range references(k) {
		target := path.Join(dir, r.path)
		if isRemote(r.path) || path.IsAbs(r.path) || !s.Exists(target) {
			continue
		}
		u.Names[file] = append(u.Names[file], target)
		if s.Tree.IsDir(target) {
			u.directory(s, target)
		} else {
			u.Files = append(u.Files, target)
		}
	}
}

// directory adds a directory that is named: its kustomization, or, without one, its files.
func (u *Uses) directory(s *source.Source, dir string) {
	file := source.NewFiles(s).KustomizationFile(dir)
	if file == "" {
		u.Files = append(u.Files, slices.DeleteFunc(s.Tree.Files(dir), s.Ignored)...)
		return
	}
	text, err := s.Tree.ReadFile(file)
	var k types.Kustomization
	if err == nil {
		_, err = s.Tree.Documents(file)
	}
	if err == nil && k8syaml.Unmarshal(text, &k) == nil {
		u.follow(s, dir, file, &k)
	}
}

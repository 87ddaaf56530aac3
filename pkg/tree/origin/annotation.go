package origin

import (
	"cmp"
	"path"
	"path/filepath"

	kustomize "sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// The annotations of buildMetadata, in which kustomize writes paths: those of the constants in
// sigs.k8s.io/kustomize/api v0.21.1, internal/utils/annotations.go.
const (
	originKey          = "config.kubernetes.io/origin"
	transformationsKey = "alpha.config.kubernetes.io/transformations"
)

// restoreOrigins writes the repositories of remote references into the annotations of an object, as
// kustomize does if it downloads them itself, in place of the paths of mounts.
func (f *frame) restoreOrigins(content map[string]any) {
	annotations := object.Map(content, "metadata", "annotations")
	if f.files.Mounts() == 0 || annotations == nil {
		return
	}
	if text, ok := annotations[originKey].(string); ok {
		var o kustomize.Origin
		if yaml.Unmarshal([]byte(text), &o) == nil && f.restore(&o) {
			annotations[originKey], _ = o.String()
		}
	}
	if text, ok := annotations[transformationsKey].(string); ok {
		var all kustomize.Transformations
		changed := false
		if yaml.Unmarshal([]byte(text), &all) == nil {
			for _, o := range all {
				changed = o != nil && f.restore(o) || changed
			}
		}
		if changed {
			annotations[transformationsKey], _ = all.String()
		}
	}
}

// restore replaces the paths of a mount in an origin, and reports whether there were any.
func (f *frame) restore(o *kustomize.Origin) bool {
	changed := false
	for _, p := range []*string{&o.Path, &o.ConfiguredIn} {
		if *p == "" {
			continue
		}
		name := f.files.Name(path.Join(f.files.Absolute(f.dir), *p))
		m := f.files.MountOf(name)
		if m == nil {
			continue
		}
		changed = true
		switch r := m.Repository; {
		case r == nil:
			*p = path.Clean(m.Reference)
		default:
			o.Repo, o.Ref, *p = r.URL(), r.Ref, path.Join(cmp.Or(r.Dir, "notCloned")) // as Append of kustomize's Origin
			below, err := filepath.Rel(path.Join("/", r.Dir), path.Join("/", m.Inner(name)))
			if err == nil && !m.IsFile {
				*p = path.Join(*p, filepath.ToSlash(below))
			}
		}
	}
	return changed
}

package lint

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/edit"
)

// Fixed is a tree without the defects that can be fixed automatically.
type Fixed struct {
	// Files are the new contents of the files that change, by path.
	Files map[string][]byte
	// Findings are those that the changes fix.
	Findings []rule.Finding
}

// Fix makes the changes of findings. A finding whose changes can't be made is left. The result
// builds as before: if a Kustomization would no longer build, an error is returned.
func Fix(ctx context.Context, t *tree.Tree, findings []rule.Finding) (*Fixed, error) {
	fixed := &Fixed{Files: map[string][]byte{}}
	accepted := map[string][]edit.Change{}
	for _, f := range findings {
		if len(f.Changes) == 0 {
			continue
		}
		texts, ok := try(t, accepted, f.Changes)
		if !ok {
			continue
		}
		for _, c := range f.Changes {
			accepted[c.At.File] = append(accepted[c.At.File], c)
		}
		maps.Copy(fixed.Files, texts)
		fixed.Findings = append(fixed.Findings, f)
	}
	return fixed, builds(ctx, t, fixed.Files)
}

// try makes changes besides those that are accepted, and returns the new texts of the files that
// they are about.
func try(t *tree.Tree, accepted map[string][]edit.Change, changes []edit.Change) (map[string][]byte, bool) {
	byFile := map[string][]edit.Change{}
	for _, c := range changes {
		if byFile[c.At.File] == nil {
			byFile[c.At.File] = slices.Clone(accepted[c.At.File])
		}
		byFile[c.At.File] = append(byFile[c.At.File], c)
	}
	texts := map[string][]byte{}
	for file, all := range byFile {
		text, err := t.ReadFile(file)
		if err != nil {
			return nil, false
		}
		if texts[file], err = edit.Apply(file, text, all); err != nil {
			return nil, false
		}
	}
	return texts, true
}

// builds compares which Kustomizations can be built with changed files.
func builds(ctx context.Context, t *tree.Tree, files map[string][]byte) error {
	if len(files) == 0 {
		return nil
	}
	before, err := built(ctx, t)
	if err != nil {
		return err
	}
	after, err := built(ctx, t.With(files))
	if err != nil {
		return err
	}
	for name := range before {
		if !after[name] {
			return fmt.Errorf("fix the files: %s would no longer build", name)
		}
	}
	return nil
}

// built are the names of the Kustomizations that can be built.
func built(ctx context.Context, t *tree.Tree) (map[string]bool, error) {
	clusters, err := cluster.Discover(ctx, t)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, c := range clusters {
		for _, k := range c.Kustomizations {
			if k.Built != nil {
				names[c.Entry+" "+k.Ref().String()] = true
			}
		}
	}
	return names, nil
}

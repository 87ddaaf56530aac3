package bootstrap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/atomicfile"
	"github.com/digihunch/kubectl-orthweb/pkg/bootstrap"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// write writes the manifests to a checkout, in the directory that `flux bootstrap` uses. Files
// that differ are replaced only if the user agrees. Like `flux bootstrap`, it keeps an existing
// kustomization.yaml, which users add patches to.
func (o *options) write(manifests bootstrap.Manifests) error {
	root, err := os.OpenRoot(o.directory)
	if err != nil {
		return advice.Add(fmt.Errorf("--export-dir: %w", err), "Clone the repository first, or choose another directory.")
	}
	defer root.Close()
	plan, err := compare(root, manifests)
	if err != nil {
		return fmt.Errorf("reading the checkout %s: %w", o.directory, err)
	}
	for _, name := range plan.kept {
		escape.Fprintf(o.call.Streams.ErrOut, "Kept %s, which differs: check that it includes %s and %s.\n", name, bootstrap.ComponentsFile, bootstrap.SyncFile)
	}
	if len(plan.replaced) > 0 && !o.yes &&
		!command.Confirm(o.call.Streams, escape.Sprintf("Replace %s in %s?", escape.List(plan.replaced), o.directory)) {
		return advice.Add(fmt.Errorf("%s would be replaced: %s", finding.Count(len(plan.replaced), "file"), escape.List(plan.replaced)),
			"Add --yes to replace them; git shows the difference afterwards.")
	}
	// The root rejects symbolic links that point out of the checkout.
	if err := root.MkdirAll(filepath.FromSlash(manifests.Directory), 0o755); err != nil {
		return fmt.Errorf("creating %s in %s: %w", manifests.Directory, o.directory, err)
	}
	if err := atomicfile.Create(len(plan.replaced) > 0, plan.files(o.directory)...); err != nil {
		return command.WhenTaken(err)
	}
	escape.Fprintf(o.call.Streams.ErrOut, "%s written to %s, %d unchanged.\n",
		finding.Count(len(plan.contents), "file"), filepath.Join(o.directory, filepath.FromSlash(manifests.Directory)), plan.unchanged)
	return nil
}

// plan is what writing changes. Names are paths in the checkout, with slashes.
type plan struct {
	contents  map[string]string
	order     []string
	replaced  []string
	kept      []string
	unchanged int
}

func compare(root *os.Root, manifests bootstrap.Manifests) (plan, error) {
	p := plan{contents: map[string]string{}}
	for _, file := range []struct{ name, content string }{
		{bootstrap.ComponentsFile, manifests.Components},
		{bootstrap.SyncFile, manifests.Sync},
		{bootstrap.KustomizationFile, manifests.Kustomization},
	} {
		name := path.Join(manifests.Directory, file.name)
		exists, same, err := hasContent(root, name, file.content)
		switch {
		case err != nil:
			return plan{}, err
		case same:
			p.unchanged++
			continue
		case exists && file.name == bootstrap.KustomizationFile:
			p.kept = append(p.kept, name)
			continue
		case exists:
			p.replaced = append(p.replaced, name)
		}
		p.contents[name] = file.content
		p.order = append(p.order, name)
	}
	return p, nil
}

// hasContent reports whether a file exists, and whether it has this content.
func hasContent(root *os.Root, name, content string) (exists, same bool, err error) {
	info, err := root.Lstat(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	if !info.Mode().IsRegular() {
		return false, false, fmt.Errorf("%s is not a regular file", name)
	}
	file, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return false, false, err
	}
	defer file.Close()
	found, err := io.ReadAll(io.LimitReader(file, int64(len(content))+1))
	return true, bytes.Equal(found, []byte(content)), err
}

// files are the files to write.
func (p plan) files(directory string) []atomicfile.File {
	var files []atomicfile.File
	for _, name := range p.order {
		files = append(files, atomicfile.File{
			Path: filepath.Join(directory, filepath.FromSlash(name)), Mode: 0o644,
			Write: func(w io.Writer) error {
				_, err := io.WriteString(w, p.contents[name])
				return err
			},
		})
	}
	return files
}

package build

import (
	"errors"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/remote"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/source"
)

// urlForm matches what looks like a URL or a Git repository: more than kustomize downloads.
var urlForm = regexp.MustCompile(`(?i)^[^/]*:|://|^git@|^[a-z0-9][a-z0-9-]*@|^github\.com/`)

func isRemote(text string) bool { return urlForm.MatchString(text) || remote.IsRemote(text) }

// downloads are what remote references of a kustomization were replaced with, by the path that
// replaces them.
type downloads map[string]downloaded

type downloaded struct {
	target string
	// at is the position of the reference.
	at tree.Position
}

// target is what a path in a kustomization names.
func (d downloads) target(dir, reference string) string {
	if found, ok := d[reference]; ok {
		return found.target
	}
	return path.Join(dir, reference)
}

// download replaces the remote references of a kustomization with what they name, if their hosts
// are allowed. kustomize reads the changed kustomization.
func (c *checker) download(dir, file string, k *types.Kustomization, at positions) downloads {
	replaced := downloads{}
	for _, r := range references(k) {
		if !isRemote(r.path) {
			continue
		}
		p := at.text(r.path)
		if strings.Contains(r.path, "=") && r.kind == data && strings.HasSuffix(r.field, "Generator") {
			c.add(p, Malformed, "kustomize accepts no = in the path or key of %s", mask.Mask(r.path))
			continue
		}
		key := strings.Join([]string{file, r.path, strconv.Itoa(int(r.kind))}, "\n")
		target, known := c.downloaded[key]
		if !known {
			target = c.fetch(r, p)
			c.downloaded[key] = target
		}
		if target != "" {
			relative, err := filepath.Rel(c.files.Absolute(dir), c.files.Absolute(target))
			if err != nil {
				c.add(p, Failed, "%v", err)
				continue
			}
			relative = filepath.ToSlash(relative)
			r.set(relative)
			replaced[relative] = downloaded{target, p}
		}
	}
	if len(replaced) > 0 {
		c.replace(file, k)
	}
	return replaced
}

// replace makes kustomize read a changed kustomization in place of its file, if it accepts the
// file itself: it rejects fields that it does not know.
func (c *checker) replace(file string, k *types.Kustomization) {
	if text, err := c.files.Read(file); err == nil && len(c.stack) > 1 {
		if err := new(types.Kustomization).Unmarshal(text); err != nil {
			c.add(tree.Position{File: file}, Malformed, "%s is not a kustomization: %v", c.files.ShownName(file), cleanError(err))
			return
		}
	}
	text, err := yaml.Marshal(k)
	if err != nil {
		c.add(tree.Position{File: file}, Failed, "%v", err)
		return
	}
	c.files.Replaced[file] = text
}

const (
	// maxMounts is the number of remote references of a build.
	maxMounts = 1000
	// fileName is the name of a file in its mount.
	fileName = "file.yaml"
)

// fetch downloads what a reference names, and returns its path. It is "" if that is not possible.
func (c *checker) fetch(r reference, p tree.Position) string {
	ref, err := remote.Parse(r.path)
	if err != nil {
		c.notDownloaded(p, r, nil)
		return ""
	}
	if c.files.Mounts() == maxMounts {
		c.add(p, Unreadable, "the Kustomization has more than %d remote references", maxMounts)
		return ""
	}
	m := &source.Mount{Reference: r.path, Shown: mask.Mask(r.path), At: c.files.Position(p), Repository: ref.Repository}
	switch r.kind {
	case data, manifests, plugin:
		ref.Repository = nil
	case base:
		ref.File = ""
	}
	if ref.Repository != nil && slices.ContainsFunc(c.remotes, func(outer string) bool { return strings.HasPrefix(outer, r.path) }) { // as errIfRepoCycle of kustomize
		c.add(p, Cycle, "%s contains this kustomization itself", mask.Mask(r.path))
		return ""
	}
	return c.fetchInto(m, ref, r, p)
}

// fetchInto downloads a reference as kustomize does: as a file, and if that is not possible, or the
// file has no manifests, as a repository (accumulateResources in sigs.k8s.io/kustomize/api
// v0.21.1, internal/target/kusttarget.go).
func (c *checker) fetchInto(m *source.Mount, ref *remote.Reference, r reference, p tree.Position) string {
	fetcher := c.files.Source.Remote
	var failed error
	if ref.File != "" {
		text, err := fetcher.File(ref.File)
		if err == nil && (ref.Repository == nil || hasManifests(text)) {
			m.Tree, m.IsFile = tree.New(map[string][]byte{fileName: text}), true
			return path.Join(c.files.Mount(m), fileName)
		}
		failed = err
	}
	if ref.Repository == nil {
		c.notDownloaded(p, r, failed)
		return ""
	}
	checkout, err := fetcher.Repository(ref.Repository)
	if err != nil {
		if failed != nil && failed.Error() != err.Error() {
			err = &bothFailed{failed, err}
		}
		c.notDownloaded(p, r, err)
		return ""
	}
	m.Tree, m.Submodules = checkout.Tree, checkout.Submodules
	return path.Join(c.files.Mount(m), ref.Repository.Dir)
}

// bothFailed is the error of a reference that is neither a file nor a repository.
type bothFailed struct{ file, repository error }

func (e *bothFailed) Error() string {
	return "as a file: " + e.file.Error() + "; as a Git repository: " + e.repository.Error()
}

func (e *bothFailed) Unwrap() []error { return []error{e.file, e.repository} }

// hasManifests reports whether kustomize accepts a text as resources.
func hasManifests(text []byte) bool {
	documents, err := tree.Parse("", text)
	return err == nil && len(documents) > 0 && !slices.ContainsFunc(documents, func(d *tree.Document) bool { return object.Text(d.Object, "kind") == "" })
}

// notDownloaded reports a reference that was not downloaded: its host is not allowed, or an error.
// An error of nil is a form that kustomize does not download.
func (c *checker) notDownloaded(p tree.Position, r reference, err error) {
	refused := (*remote.HostError)(nil)
	switch {
	case err == nil:
		c.add(p, Remote, "%s is a remote reference, which was not downloaded", mask.Mask(r.path))
		return
	case !errors.As(err, &refused):
		c.add(p, Remote, "%s was not downloaded: %v", mask.Mask(r.path), err)
		return
	}
	if ref, parsed := remote.Parse(r.path); parsed == nil && ref.Host() == refused.Host {
		c.add(p, Remote, "%s is a remote reference, which was not downloaded", mask.Mask(r.path))
	} else {
		c.add(p, Remote, "%s was not downloaded: %v", mask.Mask(r.path), err)
	}
	c.problems[len(c.problems)-1].Host = refused.Host
}

package explain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/explain/repository"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// changes are the changes of a repository.
type changes struct {
	repository command.Repository
	files      map[string][]byte
}

// locate writes lines of the repository into the fixes of an explanation.
func (o *options) locate(ctx context.Context, e *diagnose.Explanation, snap *snapshot.Snapshot) (*changes, error) {
	r, err := o.repository(snap)
	if err != nil || r == nil {
		return nil, err
	}
	t, err := tree.Open(r.Root)
	if err != nil {
		return nil, advice.Add(err, "Name the directory of the Git repository with --repo.")
	}
	defer t.Close()
	result, found, err := repository.Locate(ctx, e, snap, t)
	switch {
	case err != nil:
		return nil, err
	case !found && o.repo == "":
		return nil, nil
	case !found:
		return nil, advice.Add(fmt.Errorf("%s is not the repository that Flux applies: it has none of the Kustomizations in the cluster", r.Shown),
			"Name the directory of the repository with --repo.")
	}
	return &changes{*r, result.Files}, nil
}

// repository is that of --repo, or that of the working directory if Flux applies it, or nil.
func (o *options) repository(snap *snapshot.Snapshot) (*command.Repository, error) {
	path := o.repo
	if path == "" {
		path = "."
	}
	found, err := command.Repositories([]string{path})
	switch {
	case err != nil:
		return nil, err
	case o.repo != "":
		return &found[0], nil
	}
	if isApplied(found[0].Root, snap) {
		return &found[0], nil
	}
	if o.fix {
		return nil, advice.Add(errors.New("the working directory is not the repository that Flux applies"), "Name the directory of the repository with --repo.")
	}
	return nil, nil
}

// remoteURL matches the URL of a remote in a repository's configuration (git-config(1)).
var remoteURL = regexp.MustCompile(`(?m)^\s*url\s*=\s*(\S+)\s*$`)

// isApplied reports whether a remote of a repository is a source of Flux.
func isApplied(root string, snap *snapshot.Snapshot) bool {
	config, err := os.ReadFile(filepath.Join(root, ".git", "config"))
	if err != nil {
		return false
	}
	var remotes []string
	for _, found := range remoteURL.FindAllSubmatch(config, -1) {
		remotes = append(remotes, hostAndPath(string(found[1])))
	}
	for _, source := range snap.List(object.GitRepositoryKind, "").Objects {
		if slices.Contains(remotes, hostAndPath(object.Text(source.Object, "spec", "url"))) {
			return true
		}
	}
	return false
}

// hostAndPath is what two URLs of one repository have in common: "ssh://git@host/a/b.git",
// "git@host:a/b" and "https://host/a/b" are "host/a/b".
func hostAndPath(url string) string {
	_, rest, hasScheme := strings.Cut(url, "://")
	if !hasScheme {
		rest = strings.Replace(url, ":", "/", 1)
	}
	if user, after, ok := strings.Cut(rest, "@"); ok && !strings.Contains(user, "/") {
		rest = after
	}
	return strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(rest, "/"), ".git"))
}

// change changes the files, if the user agrees.
func (o *options) change(c *changes) error {
	w := o.call.Streams.ErrOut
	if c == nil || len(c.files) == 0 {
		escape.Fprintln(w, "No fix can be made automatically.")
		return nil
	}
	files := finding.Count(len(c.files), "file")
	if !o.yes && !command.Confirm(o.call.Streams, escape.Sprintf("Change %s in %s?", files, c.repository.Shown)) {
		escape.Fprintln(w, "No files were changed. Add --yes to change them without a question.")
		return nil
	}
	if err := command.ReplaceFiles(c.repository.Root, c.files); err != nil {
		return advice.Add(fmt.Errorf("change the files: %w", err), "All files are as before.")
	}
	escape.Fprintf(w, "Changed %s in %s. Commit and push the change; Flux then applies it.\n", files, c.repository.Shown)
	return nil
}

// validate rejects wrong flags before anything is read.
func (o *options) validate() error {
	if o.fix && o.output.Format != command.Tree && o.output.Format != command.Wide {
		return advice.Add(errors.New("--fix shows changes as text: it can't be used with this format"), "Remove -o, or --fix.")
	}
	return o.output.Validate()
}

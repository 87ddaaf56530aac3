package gitserver

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Push replaces the content of the branch of the repository at url with files, by path, commits
// with the message and pushes. work is the directory of the clone, which Push creates if it
// doesn't exist. Push returns the branch's commit; changed is false if the branch already has
// these files.
func Push(work, url, message string, files map[string][]byte) (commit string, changed bool, err error) {
	if _, err := os.Stat(filepath.Join(work, ".git")); err != nil {
		if _, err := git(filepath.Dir(work), "clone", "--quiet", url, work); err != nil {
			return "", false, err
		}
	}
	if err := replace(work, files); err != nil {
		return "", false, err
	}
	if _, err := git(work, "add", "--all"); err != nil {
		return "", false, err
	}
	status, err := git(work, "status", "--porcelain")
	if err != nil {
		return "", false, err
	}
	if status != "" {
		if _, err := git(work, "commit", "--quiet", "--message", message); err != nil {
			return "", false, err
		}
		if _, err := git(work, "push", "--quiet", "origin", "HEAD:"+Branch); err != nil {
			return "", false, err
		}
	}
	commit, err = git(work, "rev-parse", "HEAD")
	return commit, status != "", err
}

// Head returns the commit of the branch of the bare repository below root.
func Head(root string) (string, error) {
	return git(filepath.Join(root, Repository), "rev-parse", Branch)
}

// replace replaces the content of the work tree with files.
func replace(work string, files map[string][]byte) error {
	entries, err := os.ReadDir(work)
	if err != nil {
		return fmt.Errorf("reading the clone: %w", err)
	}
	for _, e := range entries {
		if e.Name() == ".git" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(work, e.Name())); err != nil {
			return fmt.Errorf("emptying the clone: %w", err)
		}
	}
	for name, data := range files {
		path := filepath.Join(work, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("writing the tree: %w", err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return fmt.Errorf("writing the tree: %w", err)
		}
	}
	return nil
}

func git(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = environment()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

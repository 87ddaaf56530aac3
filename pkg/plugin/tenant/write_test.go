package tenant

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/scaffold"
)

// state is the content of all files and directories below a directory, by path.
func state(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, _ := filepath.Rel(root, name)
		if entry.IsDir() {
			found[filepath.ToSlash(relative)] = "directory"
			return nil
		}
		text, err := os.ReadFile(name)
		info, _ := entry.Info()
		found[filepath.ToSlash(relative)] = info.Mode().String() + " " + string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func repositoryWith(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{"list.yaml": "- a\n", "a/b/model.yaml": "model\n", "old/deep/gone.yaml": "gone\n"} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func testChanges() []scaffold.Change {
	return []scaffold.Change{
		{Path: "list.yaml", Before: []byte("- a\n"), After: []byte("- a\n- n\n")},
		{Path: "n/b/model.yaml", After: []byte("new\n"), From: "a/b/model.yaml"},
		{Path: "old/deep/gone.yaml", Before: []byte("gone\n")},
	}
}

// TestWriting checks that files and directories are created and removed, and that undoing all
// steps restores everything.
func TestWriting(t *testing.T) {
	root := repositoryWith(t)
	before := state(t, root)
	w := &writing{root: root}
	if err := w.write(testChanges()); err != nil {
		t.Fatal(err)
	}
	after := state(t, root)
	if after["n/b/model.yaml"] != "-rw-r--r-- new\n" || !strings.HasSuffix(after["list.yaml"], "- n\n") || after["old"] != "" {
		t.Errorf("%q", after)
	}
	for _, undo := range slices.Backward(w.undo) {
		if err := undo(); err != nil {
			t.Error(err)
		}
	}
	restored := state(t, root)
	for name, want := range before {
		if restored[name] != want {
			t.Errorf("%s is %q, not %q", name, restored[name], want)
		}
		delete(restored, name)
	}
	if len(restored) > 0 {
		t.Errorf("left: %q", restored)
	}
}

// TestWritingRefuses checks that nothing is written if one file is not what was read.
func TestWritingRefuses(t *testing.T) {
	for name, change := range map[string]func(root string) error{
		"a changed file":         func(root string) error { return os.WriteFile(filepath.Join(root, "list.yaml"), []byte("x"), 0o600) },
		"a missing file":         func(root string) error { return os.Remove(filepath.Join(root, "old/deep/gone.yaml")) },
		"a file that exists now": func(root string) error { return os.Mkdir(filepath.Join(root, "n"), 0o700) },
	} {
		root := repositoryWith(t)
		if err := change(root); err != nil {
			t.Fatal(err)
		}
		if name == "a file that exists now" {
			if err := os.MkdirAll(filepath.Join(root, "n/b/model.yaml"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		before := state(t, root)
		if err := (&writing{root: root}).run(testChanges()); err == nil {
			t.Errorf("%s: no error", name)
		}
		after := state(t, root)
		if len(after) != len(before) || after["list.yaml"] != before["list.yaml"] {
			t.Errorf("%s: %q became %q", name, before, after)
		}
	}
}

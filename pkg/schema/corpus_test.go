package schema

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// TestTrees: the manifests of this repository have no problems. ORTHWEB_TREES are other
// directories, to look for false problems in the manifests of other projects.
func TestTrees(t *testing.T) {
	trees, least := []string{"../../deploy", "../../lab/korthweb/tree"}, 15
	if others := os.Getenv("ORTHWEB_TREES"); others != "" {
		trees, least = filepath.SplitList(others), 0
	}
	set := NewSet()
	objects, known := 0, 0
	for _, tree := range trees {
		for _, m := range manifests(t, tree) {
			objects++
			problems, ok := set.Validate(m.object)
			if ok {
				known++
			}
			for _, p := range problems {
				t.Errorf("%s: %v %s", m.path, m.object["kind"], p)
			}
		}
	}
	t.Logf("%d objects, %d of them of known kinds", objects, known)
	if known < least {
		t.Errorf("%d objects are of known kinds", known)
	}
}

type manifest struct {
	path   string
	object map[string]any
}

// manifests are the objects in the files of a directory. What can't be parsed is omitted: some
// files are templates.
func manifests(t *testing.T, tree string) []manifest {
	t.Helper()
	var all []manifest
	err := filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		documents := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
		for {
			list := unstructured.Unstructured{}
			if err := documents.Decode(&list.Object); errors.Is(err, io.EOF) || err != nil && list.Object == nil {
				return nil
			}
			if !list.IsList() {
				all = append(all, manifest{path, list.Object})
				continue
			}
			items, _ := list.Object["items"].([]any)
			for _, item := range items {
				if object, ok := item.(map[string]any); ok {
					all = append(all, manifest{path, object})
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

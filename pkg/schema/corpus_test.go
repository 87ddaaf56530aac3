package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// TestTrees validates the manifests below the directories of ORTHWEB_TREES, and prints the
// problems. It is for looking for false ones.
func TestTrees(t *testing.T) {
	trees := os.Getenv("ORTHWEB_TREES")
	if trees == "" {
		t.Skip("ORTHWEB_TREES names no directories")
	}
	var objects []map[string]any
	var names []string
	set := NewSet()
	for _, tree := range filepath.SplitList(trees) {
		err := filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".yaml") && !strings.HasSuffix(path, ".yml") && !strings.HasSuffix(path, ".json") {
				return nil
			}
			data, err := os.ReadFile(path)
			if err != nil || len(data) > 8<<20 {
				return nil
			}
			d := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
			for {
				var obj map[string]any
				if err := d.Decode(&obj); errors.Is(err, io.EOF) || err != nil && obj == nil {
					return nil
				}
				u := unstructured.Unstructured{Object: obj}
				if u.IsList() {
					for _, item := range obj["items"].([]any) {
						if m, ok := item.(map[string]any); ok {
							objects, names = append(objects, m), append(names, path)
						}
					}
					continue
				}
				objects, names = append(objects, obj), append(names, path)
				if obj["kind"] == "CustomResourceDefinition" && obj["apiVersion"] == "apiextensions.k8s.io/v1" && os.Getenv("ORTHWEB_CRDS") != "" {
					if g, _, _ := unstructured.NestedString(obj, "spec", "group"); !strings.HasSuffix(g, "k8s.io") && !strings.HasSuffix(g, "istio.io") {
						if err := set.AddCRD(&u); err != nil {
							fmt.Println("CRD", path, err)
						}
					}
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	known, bad := 0, 0
	start := time.Now()
	results := make([][]Problem, len(objects))
	for i, obj := range objects {
		problems, ok := set.Validate(obj)
		results[i] = problems
		if ok {
			known++
		} else if obj["kind"] != nil && obj["apiVersion"] != nil {
			fmt.Println("UNKNOWN", obj["apiVersion"], obj["kind"])
		}
	}
	elapsed := time.Since(start)
	for i, problems := range results {
		if len(problems) > 0 {
			bad++
		}
		for _, p := range problems {
			fmt.Println("PROBLEM", names[i], objects[i]["apiVersion"], objects[i]["kind"], p)
		}
	}
	fmt.Println("objects", len(objects), "known", known, "with problems", bad, "in", elapsed)
}

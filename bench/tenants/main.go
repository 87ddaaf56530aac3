// Command tenants writes a GitOps repository with many tenants: a small one, that of the tests of
// `tenant create`, with copies of one of its tenants; or one like Korthweb's public repository, with
// its defects.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/txtar"
)

func main() {
	count := flag.Int("tenants", 200, "number of tenants")
	shape := flag.String("shape", "small", "small or korthweb")
	flag.Parse()
	if err := create(flag.Arg(0), *shape, *count, "."); err != nil {
		log.Fatal(err)
	}
}

// create writes a repository of a shape to a directory. The sources are below root.
func create(dir, shape string, count int, root string) error {
	var files map[string][]byte
	var err error
	switch shape {
	case "small":
		files, err = small(filepath.Join(root, "pkg/scaffold/testdata/korthweb.txtar"), count)
	case "korthweb":
		files, err = korthweb(filepath.Join(root, "lab/korthweb/tree"), count)
	default:
		err = fmt.Errorf("unknown shape %q: use small or korthweb", shape)
	}
	if err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// small are the files of the archive, with the model mhr copied as t000, t001, ….
func small(source string, count int) (map[string][]byte, error) {
	archive, err := txtar.ParseFile(source)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, f := range archive.Files {
		names := []string{"mhr"}
		if strings.Contains(f.Name, "mhr") {
			for i := range count - 2 {
				names = append(names, fmt.Sprintf("t%03d", i))
			}
		}
		for _, name := range names {
			files[strings.ReplaceAll(f.Name, "mhr", name)] = []byte(strings.ReplaceAll(string(f.Data), "mhr", name))
		}
	}
	return files, nil
}

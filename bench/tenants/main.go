// Command tenants writes a GitOps repository with many tenants: that of the tests of `tenant
// create`, with copies of one of its tenants.
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
	source := flag.String("source", "pkg/scaffold/testdata/korthweb.txtar", "archive with the repository")
	flag.Parse()
	if err := write(flag.Arg(0), *source, *count); err != nil {
		log.Fatal(err)
	}
}

// write writes the repository, with the model mhr copied as t000, t001, ….
func write(dir, source string, count int) error {
	archive, err := txtar.ParseFile(source)
	if err != nil {
		return err
	}
	for _, f := range archive.Files {
		names := []string{"mhr"}
		if strings.Contains(f.Name, "mhr") {
			for i := range count - 2 {
				names = append(names, fmt.Sprintf("t%03d", i))
			}
		}
		for _, name := range names {
			path := filepath.Join(dir, strings.ReplaceAll(f.Name, "mhr", name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(f.Data), "mhr", name)), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

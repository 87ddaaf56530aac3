// Command typecheck type-checks all packages of a module, tests included, for each given
// platform: go run ./typecheck DIRECTORY GOOS/GOARCH...
//
// `go vet` finds the same errors, but compiles all dependencies for each platform first: this
// program reads their sources, without the bodies of their functions, which takes a tenth of
// the time.
package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: typecheck DIRECTORY GOOS/GOARCH...")
		os.Exit(2)
	}
	failed := false
	for _, platform := range os.Args[2:] {
		if err := check(os.Args[1], platform); err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "%s:\n%v\n", platform, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}

// check returns the errors of the module's packages on the platform.
func check(directory, platform string) error {
	goos, goarch, ok := strings.Cut(platform, "/")
	if !ok {
		return errors.New("not of the form GOOS/GOARCH")
	}
	directory, err := filepath.Abs(directory)
	if err != nil {
		return err
	}
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps |
			packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedModule,
		Dir:   directory,
		Env:   append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch),
		Tests: true,
		ParseFile: func(files *token.FileSet, name string, source []byte) (*ast.File, error) {
			if strings.HasPrefix(name, directory+string(filepath.Separator)) {
				return parser.ParseFile(files, name, source, parser.SkipObjectResolution)
			}
			file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
			if err == nil {
				removeBodies(file)
			}
			return file, err
		},
	}, "./...")
	if err != nil {
		return err
	}
	var found []string
	for _, p := range loaded {
		if strings.HasSuffix(p.ID, ".test") {
			continue // the main package of a test, which go test generates outside the module
		}
		for _, e := range p.Errors {
			found = append(found, e.Error())
		}
	}
	slices.Sort(found) // a package and its variant for tests have the same errors
	if found = slices.Compact(found); len(found) > 0 {
		return errors.New(strings.Join(found, "\n"))
	}
	if len(loaded) == 0 {
		return errors.New("no packages")
	}
	return nil
}

// removeBodies removes the bodies of all functions.
func removeBodies(file *ast.File) {
	for _, declaration := range file.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok {
			function.Body = nil
		}
	}
}

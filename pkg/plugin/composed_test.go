package plugin

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// TestLinesAreComposedInOnePlace checks that all commands format their output with
// escape.Fprintf and similar functions, which keep a field on its line. With the functions of
// fmt a field could begin another line.
func TestLinesAreComposedInOnePlace(t *testing.T) {
	composed := 0
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			of, name := functionOf(call.Fun)
			switch {
			case of == "escape" && strings.HasPrefix(name, "Fprint"):
				composed++
			case of == "fmt" && (strings.HasPrefix(name, "Fprint") || strings.HasPrefix(name, "Print")) && !intoOwn(call):
				t.Errorf("%s: fmt.%s: a field may begin a line; use escape.%s", set.Position(call.Pos()), name, name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if composed < 60 {
		t.Errorf("only %d lines are composed: the test looks for something that is not there", composed)
	}
}

// intoOwn reports whether the formatted text goes to a value of the function itself, and not to
// a stream.
func intoOwn(call *ast.CallExpr) bool {
	into := call.Args[0]
	if address, ok := into.(*ast.UnaryExpr); ok {
		into = address.X
	}
	name, ok := into.(*ast.Ident)
	return ok && name.Name == "frame"
}

// functionOf returns "fmt", "Fprintf" for fmt.Fprintf.
func functionOf(fun ast.Expr) (of, name string) {
	selector, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	if from, ok := selector.X.(*ast.Ident); ok {
		of = from.Name
	}
	return of, selector.Sel.Name
}

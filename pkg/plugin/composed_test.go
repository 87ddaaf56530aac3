package plugin

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLinesAreComposedInOnePlace: what commands write is composed by escape.Fprintf and
// its kin, which keep a field in its line. fmt's own would let it begin another.
func TestLinesAreComposedInOnePlace(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	composed := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
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
	}
	if composed < 30 {
		t.Errorf("only %d lines are composed: the test looks for something that is not there", composed)
	}
}

// intoOwn tells whether what is composed goes into a value of the function's own, and
// not to a stream.
func intoOwn(call *ast.CallExpr) bool {
	into := call.Args[0]
	if address, ok := into.(*ast.UnaryExpr); ok {
		into = address.X
	}
	name, ok := into.(*ast.Ident)
	return ok && slices.Contains([]string{"state", "frame"}, name.Name)
}

// functionOf is "fmt", "Fprintf" for fmt.Fprintf.
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

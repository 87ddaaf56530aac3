package queries

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestKeptFields checks that each field of an object which the packages that OnlyFields names read by
// its whole path is kept: one that is not kept would look as if it were not set.
func TestKeptFields(t *testing.T) {
	kept := []string{"metadata"}
	for _, paths := range keptFields {
		if slices.Equal(paths, own) {
			continue // it would hide what is missing of other kinds
		}
		kept = append(kept, paths...)
	}
	kept = append(kept, ofOwn...)
	read := 0
	for _, pattern := range []string{"../../health/*.go", "../../tenant/*.go", "../../tenant/selection/*.go", "../../tenant/address/*.go", "../../object/c*.go", "../../hosts/entries/*.go", "../../certs/trust/*.go", "../../certs/issue/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "gatewayapi.go") { // of kinds that Status does not read
				continue
			}
			for at, path := range pathsIn(t, file) {
				read++
				if !keeps(kept, path) {
					t.Errorf("%s reads %s, which is not kept", at, path)
				}
			}
		}
	}
	if read < 70 {
		t.Errorf("only %d fields were found: does the test still find them?", read)
	}
}

// ofOwn are paths of kinds of which all fields are kept.
var ofOwn = []string{
	"spec.renewTime", "spec.acquireTime", // Lease
	"spec.servers", "spec.hosts", "spec.http", "spec.tls", "spec.tcp", "spec.gateways", // of Istio
	"status.artifact", // of sources
	"spec.ca",         // Issuer
}

// keeps reports whether a field is one of those kept, below one, or leads to one.
func keeps(kept []string, path string) bool {
	for _, k := range kept {
		if path == k || strings.HasPrefix(path, k+".") || strings.HasPrefix(k, path+".") {
			return true
		}
	}
	return false
}

// pathsIn are the paths of fields that a source file has in calls such as
// object.Text(obj.Object, "spec", "path"), by their position.
func pathsIn(t *testing.T, file string) map[string]string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		var path []string
		for _, arg := range call.Args {
			if literal, ok := arg.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				word, _ := strconv.Unquote(literal.Value)
				path = append(path, word)
			}
		}
		if joined := strings.Join(path, "."); len(path) > 0 && (path[0] == "spec" || path[0] == "status" && len(path) > 1) {
			found[set.Position(call.Pos()).String()] = joined
		}
		return true
	})
	return found
}

package queries

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestVerdictFields checks that each field of an object which packages health and tenant read
// by its whole path is a field of Verdicts: one that is not kept would look as if it were not
// set.
func TestVerdictFields(t *testing.T) {
	kept := []string{"metadata"}
	for _, paths := range verdictFields {
		kept = append(kept, paths...)
	}
	read := 0
	for _, pattern := range []string{"../../health/*.go", "../../tenant/*.go", "../../tenant/selection/*.go", "../../object/c*.go"} {
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

// keeps reports whether a field is one of those kept, below one, or leads to one.
func keeps(kept []string, path string) bool {
	for _, k := range kept {
		if path == k || strings.HasPrefix(path, k+".") || strings.HasPrefix(k, path+".") {
			return true
		}
	}
	return false
}

// wholeKinds are the paths of kinds of which all fields are kept.
var wholeKinds = map[string]bool{
	"spec.renewTime": true, "spec.acquireTime": true, "spec.ca.secretName": true, // Lease; Issuer and ClusterIssuer
	"spec.servers": true, "spec.hosts": true, "spec.http": true, "spec.tls": true, "spec.tcp": true, "spec.gateways": true, // of Istio
	"status.artifact.revision": true, "status.artifact.lastUpdateTime": true, // of sources
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
		if joined := strings.Join(path, "."); len(path) > 0 && (path[0] == "spec" || path[0] == "status" && len(path) > 1) && !wholeKinds[joined] {
			found[set.Position(call.Pos()).String()] = joined
		}
		return true
	})
	return found
}

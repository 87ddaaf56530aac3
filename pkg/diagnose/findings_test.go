package diagnose

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// packageFiles parses the package's files, without the tests.
func packageFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// codeConstants are the names of the constants in codes.go and their codes.
func codeConstants(t *testing.T, file *ast.File) map[string]string {
	t.Helper()
	codes := map[string]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, ok := node.(*ast.ValueSpec); ok {
			for i, name := range spec.Names {
				code, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				codes[name.Name] = code
			}
		}
		return true
	})
	return codes
}

// TestCodes wants each code to be one thing's alone, and some explainer to use
// it.
func TestCodes(t *testing.T) {
	files := packageFiles(t)
	used := map[string]bool{}
	for name, file := range files {
		if name == "codes.go" {
			continue
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if name, ok := node.(*ast.Ident); ok {
				used[name.Name] = true
			}
			return true
		})
	}
	owner := map[string]string{}
	for name, code := range codeConstants(t, files["codes.go"]) {
		if owner[code] != "" {
			t.Errorf("%s is both %s and %s", code, owner[code], name)
		}
		owner[code] = name
		if !used[name] {
			t.Errorf("no explainer uses %s (%s)", name, code)
		}
	}
}

var (
	heading = regexp.MustCompile(`(?m)^##(#)? (.+)$`)
	form    = regexp.MustCompile(`(?s)^\n\n[^\n>].*\n\n> [A-Z].*\n\n(Do:|\*\*What to do\.\*\*) .+[.]\n`)
)

// TestFindingsAreDocumented wants an entry in docs/findings.md for each code and
// a code for each entry, in its layer's section, with what it means, an example
// and what to do.
func TestFindingsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	var codes, documented []string
	for _, code := range codeConstants(t, packageFiles(t)["codes.go"]) {
		codes = append(codes, code)
	}
	section := ""
	headings := heading.FindAllSubmatchIndex(text, -1)
	for i, at := range headings {
		title, end := string(text[at[4]:at[5]]), len(text)
		if i+1 < len(headings) {
			end = headings[i+1][0]
		}
		if at[2] < 0 {
			section = title[:1]
			continue
		}
		if section == "9" { // pkg/validate's
			continue
		}
		if slices.Contains(documented, title) {
			t.Errorf("%s is documented twice", title)
		}
		documented = append(documented, title)
		if !slices.Contains(codes, title) {
			t.Errorf("%s is documented, and there is no such code", title)
		}
		if strings.TrimPrefix(title, "OW")[:1] != section {
			t.Errorf("%s stands in section %s", title, section)
		}
		if !form.Match(text[at[5]:end]) {
			t.Errorf("%s lacks what it means, an example or what to do", title)
		}
	}
	for _, code := range codes {
		if !slices.Contains(documented, code) {
			t.Errorf("%s is not documented", code)
		}
	}
}

package validate

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

// sent are the codes of pkg/send, whose checks stand among this package's.
var sent = regexp.MustCompile(`finding\.Code = "(OW\d+)"`)

// codes are the constants of codes.go, each with how often the package uses it.
func codes(t *testing.T) (byName map[string]string, used map[string]int) {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	byName, used = map[string]string{}, map[string]int{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.ValueSpec:
				if name == "codes.go" {
					code, err := strconv.Unquote(n.Values[0].(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					byName[n.Names[0].Name] = code
				}
			case *ast.Ident:
				if name != "codes.go" {
					used[n.Name]++
				}
			}
			return true
		})
	}
	return byName, used
}

// several are the codes of what can be seen in more than one place.
var several = map[string]int{
	"codeAnybodyLetIn":  2, // not asked at all, or let in without
	"codeWebOther":      7, // at each question to the web
	"codeWebStatus":     2, // with and without what is known of the error
	"codeWebSignIn":     2, // and to tell it from a password
	"codeWebRedirect":   2, // and to look for Orthanc itself
	"codeWebNotFound":   3, // the same
	"codeServerName":    2, // and of one that is shown without SNI
	"codeServerNoNames": 2, // the same
}

// TestCodes wants each code to be one thing's alone, and used where it should be.
func TestCodes(t *testing.T) {
	byName, used := codes(t)
	owner := map[string]string{}
	for name, code := range byName {
		if owner[code] != "" {
			t.Errorf("%s is both %s and %s", code, owner[code], name)
		}
		owner[code] = name
		if want := max(1, several[name]); used[name] != want {
			t.Errorf("%s (%s) is used %d times, not %d", name, code, used[name], want)
		}
	}
}

var (
	section = regexp.MustCompile(`(?ms)^## 9 .*?(^## |\z)`)
	entry   = regexp.MustCompile(`(?ms)^### (OW\d+)$(.*?)(^##|\z)`)
	form    = regexp.MustCompile(`(?s)^\n\n[^\n>].*\n\n> [A-Za-z].*\n\nDo: .+[.]\n`)
)

// TestCodesAreDocumented wants an entry in section 9 of docs/findings.md for each
// code and a code for each entry, with what it means, an example and what to do.
func TestCodesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	byName, _ := codes(t)
	var all, documented []string
	for _, code := range byName {
		all = append(all, code)
	}
	sending, err := os.ReadFile("../send/check.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range sent.FindAllStringSubmatch(string(sending), -1) {
		all = append(all, match[1])
	}
	rest := section.Find(text)
	for at := entry.FindSubmatchIndex(rest); at != nil; at = entry.FindSubmatchIndex(rest) {
		code := string(rest[at[2]:at[3]])
		documented = append(documented, code)
		if !form.Match(rest[at[4]:at[5]]) {
			t.Errorf("%s lacks what it means, an example or what to do", code)
		}
		rest = rest[at[5]:]
	}
	if !slices.IsSorted(documented) {
		t.Errorf("not in order: %v", documented)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if !slices.Equal(all, documented) {
		t.Errorf("the codes are\n%v\nand documented are\n%v", all, documented)
	}
}

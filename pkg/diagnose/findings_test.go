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

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// codesFile declares the codes.
const codesFile = "engine/codes.go"

// sourceFiles parses the files of this package and of those below it, without the
// tests.
func sourceFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, pattern := range []string{"*.go", "*/*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			if files[filepath.ToSlash(name)], err = parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution); err != nil {
				t.Fatal(err)
			}
		}
	}
	return files
}

// codeConstants are the names of the constants in codesFile and their codes.
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

// TestCodes requires that each code has one meaning, and that an explainer uses
// it.
func TestCodes(t *testing.T) {
	files := sourceFiles(t)
	used := map[string]bool{}
	for name, file := range files {
		if name == codesFile {
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
	for name, code := range codeConstants(t, files[codesFile]) {
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
	// entryForm is the form of an entry below its code: a title, the meaning of the code, an
	// example and what to do.
	entryForm = regexp.MustCompile(`(?s)^\n\n\*\*([^*\n]{0,59}[^*\n.])\*\*\n\n\*\*What it means\.\*\* [^\n]+.*\n\n\*\*Example\*\*\n\n((?:> [^\n]+\n)+)\n\*\*What to do\.\*\* .*[.]\n+$`)
)

// TestFindingsAreDocumented requires an entry in docs/findings.md for each code and a
// code for each entry, in the section of its layer. The title of an entry is unique,
// and its example is a message that a test case prints.
func TestFindingsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	printed := printedMessages()
	titles := map[string]string{}
	var codes, documented []string
	for _, code := range codeConstants(t, sourceFiles(t)[codesFile]) {
		codes = append(codes, code)
	}
	section := ""
	headings := heading.FindAllSubmatchIndex(text, -1)
	for i, at := range headings {
		code, end := string(text[at[4]:at[5]]), len(text)
		if i+1 < len(headings) {
			end = headings[i+1][0]
		}
		if at[2] < 0 {
			section = code[:1]
			continue
		}
		entry := entryForm.FindSubmatch(text[at[5]:end])
		if entry != nil {
			title := string(entry[1])
			if titles[title] != "" {
				t.Errorf("%s and %s have the same title", titles[title], code)
			}
			titles[title] = code
		}
		if section == "9" || strings.HasPrefix(strings.TrimPrefix(code, "OW")[1:], "9") {
			continue // documents pkg/validate or pkg/lint, whose tests check it
		}
		if slices.Contains(documented, code) {
			t.Errorf("%s is documented twice", code)
		}
		documented = append(documented, code)
		if !slices.Contains(codes, code) {
			t.Errorf("%s is documented, but does not exist", code)
		}
		if strings.TrimPrefix(code, "OW")[:1] != section {
			t.Errorf("%s is in section %s", code, section)
		}
		switch {
		case entry == nil:
			t.Errorf("%s lacks a title, what it means, an example or what to do, or has them in another form", code)
		case !*update && !slices.Contains(printed[code], unquoted(entry[2])):
			t.Errorf("%s has an example that no test case prints: %s\nmessages in %s:\n\t%s", code, unquoted(entry[2]), sentencesFile, strings.Join(printed[code], "\n\t"))
		}
	}
	for _, code := range codes {
		if !slices.Contains(documented, code) {
			t.Errorf("%s is not documented", code)
		}
	}
}

// unquoted returns the text of a Markdown quotation, in one line.
func unquoted(quotation []byte) string {
	return strings.Join(strings.Fields(strings.ReplaceAll("\n"+string(quotation), "\n> ", " ")), " ")
}

// printedMessages are the messages of the test cases' findings by code, as the command
// prints them: as sentences, and with single spaces, as Markdown has them.
func printedMessages() map[string][]string {
	messages := map[string][]string{}
	for _, text := range sentences.want {
		lines := strings.Split(text, "\n")
		for i, line := range lines[:len(lines)-1] {
			if code, _, _ := strings.Cut(line, " "); strings.HasPrefix(code, "OW") {
				message := strings.Join(strings.Fields(lines[i+1]), " ")
				messages[code] = append(messages[code], finding.Sentence(message))
			}
		}
	}
	for code := range messages {
		slices.Sort(messages[code])
		messages[code] = slices.Compact(messages[code])
	}
	return messages
}

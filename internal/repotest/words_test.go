package repotest

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

//go:embed words.txt
var wordList string

// exempt are the directories whose strings match the output of other programs.
var exempt = []string{"pkg/message"}

// TestWords compares all texts that people read with the list of words to avoid.
func TestWords(t *testing.T) {
	inRoot(t)
	list := parseWords(t, wordList)
	for _, dir := range []string{"cmd", "examples", "pkg"} {
		for _, file := range filesBelow(t, dir, ".go") {
			if strings.HasSuffix(file, "_test.go") || isBelow(file, exempt) {
				continue
			}
			for _, text := range literals(t, file) {
				list.check(t, text)
			}
		}
	}
	pages := slices.Concat([]string{"CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "bench/README.md", "lab/README.md"},
		filesBelow(t, "docs", ".md"), filesBelow(t, "docs", ".json"), filesBelow(t, "deploy", ".yaml"),
		filesBelow(t, "krew", ".md"), filesBelow(t, "krew", ".txt"))
	for _, page := range pages {
		list.check(t, prose{file: page, line: 1, text: read(t, page)})
	}
	for _, allowed := range list.allowed {
		if !allowed.used {
			t.Errorf("words.txt allows %q, which no text has", allowed.text)
		}
	}
}

// TestWordsAreFound checks that a phrase is found across a line break, with its line, and only
// as whole words.
func TestWordsAreFound(t *testing.T) {
	list := parseWords(t, "by now | now | idiom\nasks? for | requests | idiom\nallow She asks for tea | a quotation\n")
	for text, want := range map[string]string{
		"It is ready by now":               "a.md:7: \"by now\": write now (idiom)",
		"It is ready\nby\nnow":             "a.md:8: \"by now\": write now (idiom)",
		"It Asks for it":                   "a.md:7: \"asks for\": write requests (idiom)",
		"stand by nowhere":                 "",
		"She asks for tea":                 "",
		"She asks for tea and asks for it": "a.md:7: \"asks for\": write requests (idiom)",
	} {
		if got := strings.Join(list.faults(prose{file: "a.md", line: 7, text: text}), "\n"); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// prose is a text that people read, and its first line.
type prose struct {
	file string
	line int
	text string
}

// phrase is an entry of the list.
type phrase struct {
	pattern         *regexp.Regexp
	instead, reason string
}

// allowance is a text in which phrases are accepted.
type allowance struct {
	text string
	used bool
}

type words struct {
	phrases []phrase
	allowed []*allowance
}

func parseWords(t *testing.T, list string) words {
	t.Helper()
	var parsed words
	for number, line := range strings.Split(list, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, " | ")
		text, isAllowed := strings.CutPrefix(fields[0], "allow ")
		switch {
		case isAllowed && len(fields) == 2:
			parsed.allowed = append(parsed.allowed, &allowance{text: text})
		case !isAllowed && len(fields) == 3:
			pattern := regexp.MustCompile(`(?i)\b(?:` + strings.ReplaceAll(text, " ", `\s+`) + `)\b`)
			parsed.phrases = append(parsed.phrases, phrase{pattern: pattern, instead: fields[1], reason: fields[2]})
		default:
			t.Fatalf("words.txt:%d: want phrase | instead | reason, or allow text | reason", number+1)
		}
	}
	return parsed
}

func (w words) check(t *testing.T, text prose) {
	t.Helper()
	for _, fault := range w.faults(text) {
		t.Error(fault)
	}
}

// faults returns a line for each phrase of the list that the text contains.
func (w words) faults(of prose) []string {
	text := of.text
	for _, allowed := range w.allowed {
		if strings.Contains(text, allowed.text) {
			allowed.used = true
			text = strings.ReplaceAll(text, allowed.text, strings.Repeat("_", len(allowed.text)))
		}
	}
	var faults []string
	for _, phrase := range w.phrases {
		for _, at := range phrase.pattern.FindAllStringIndex(text, -1) {
			line := of.line + strings.Count(text[:at[0]], "\n")
			found := strings.ToLower(strings.Join(strings.Fields(text[at[0]:at[1]]), " "))
			faults = append(faults, fmt.Sprintf("%s:%d: %q: write %s (%s)", of.file, line, found, phrase.instead, phrase.reason))
		}
	}
	return faults
}

// literals are the strings of a Go file that people read: strings with a space that are neither
// an import path, a struct tag nor compared with the output of another program.
func literals(t *testing.T, file string) []prose {
	t.Helper()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var texts []prose
	ast.Inspect(parsed, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			node.Tag = nil
		case *ast.CallExpr:
			return !isComparison(node)
		case *ast.BinaryExpr:
			return node.Op != token.EQL && node.Op != token.NEQ
		case *ast.CaseClause:
			node.List = nil
		case *ast.BasicLit:
			if text, err := strconv.Unquote(node.Value); err == nil && node.Kind == token.STRING && strings.Contains(text, " ") {
				texts = append(texts, prose{file: file, line: files.Position(node.Pos()).Line, text: text})
			}
		}
		return true
	})
	return texts
}

// comparing are the functions whose strings are compared with the output of other programs.
var comparing = []string{"Compile", "MustCompile", "Contains", "Count", "Cut", "CutPrefix", "CutSuffix", "EqualFold",
	"HasPrefix", "HasSuffix", "Index", "LastIndex", "Split", "TrimPrefix", "TrimSuffix"}

func isComparison(call *ast.CallExpr) bool {
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of, ok := function.X.(*ast.Ident)
	return ok && (of.Name == "strings" || of.Name == "regexp") && slices.Contains(comparing, function.Sel.Name)
}

// filesBelow returns the files with an extension, by their paths from the current directory.
func filesBelow(t *testing.T, dir, extension string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "testdata" {
			return filepath.SkipDir
		}
		if !entry.IsDir() && filepath.Ext(path) == extension {
			files = append(files, filepath.ToSlash(path))
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s files below %s: %v", extension, dir, err)
	}
	return files
}

func isBelow(file string, paths []string) bool {
	return slices.ContainsFunc(paths, func(path string) bool { return file == path || strings.HasPrefix(file, path+"/") })
}

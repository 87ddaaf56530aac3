package rewrite

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold/compare"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

func testWords() *compare.Words {
	words := &compare.Words{}
	words.Keep("nhs")
	words.Name("bhs", "nhs")
	words.Domain("bhs.orthweb.com", "nhs.example.org")
	return words
}

// TestRename checks what is replaced in which place.
func TestRename(t *testing.T) {
	for _, c := range []struct{ name, file, text, want, err string }{
		{name: "values and keys", text: "bhs: {a: \"bhs\", b: 'x-bhs'} # bhs\n", want: "nhs: {a: \"nhs\", b: 'x-nhs'} # nhs\n"},
		{name: "an image", text: "image: bhs/a\nname: bhs\n", want: "image: bhs/a\nname: nhs\n"},
		{name: "a map of an image", text: "image:\n  repository: bhs\n  tag: bhs\nname: bhs\n", want: "image:\n  repository: bhs\n  tag: bhs\nname: nhs\n"},
		{name: "a URL", text: "url: https://git.bhs.orthweb.com/bhs\n", want: "url: https://git.nhs.example.org/bhs\n"},
		{name: "an image in a patch", text: "patch: |-\n  - op: replace\n    path: /spec/image\n    value: bhs/a\n  - op: replace\n    path: /spec/name\n    value: bhs\n", want: "patch: |-\n  - op: replace\n    path: /spec/image\n    value: bhs/a\n  - op: replace\n    path: /spec/name\n    value: nhs\n"},
		{name: "an escaped name", text: "a: \"b\\x68s\"\n", want: "a: \"b\\x68s\"\n"},
		{name: "two documents", text: "a: bhs\n---\nb: bhs\n", want: "a: nhs\n---\nb: nhs\n"},
		{name: "SQL", file: "a.sql", text: "CREATE DATABASE bhs_db; -- subhs", want: "CREATE DATABASE nhs_db; -- subhs"},
		{name: "binary", file: "a.bin", text: "\x00bhs", want: "\x00bhs"},
		{name: "not YAML", text: "a: [", err: "copy a.yaml: parse a.yaml"},
		{name: "an image in two lines", text: "image: x\n  bhs\n", err: "would have other values"},
	} {
		if c.file == "" {
			c.file = "a.yaml"
		}
		got, err := Rename(c.file, []byte(c.text), testWords())
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v", c.name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case string(got.Text) != c.want:
			t.Errorf("%s:\n%s", c.name, got.Text)
		}
	}
}

// FuzzRename checks that a copied file has the same structure, whatever its text, and that
// nothing but words changes.
func FuzzRename(f *testing.F) {
	archive, err := txtar.ParseFile("../testdata/korthweb.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archive.Files {
		f.Add(string(file.Data))
	}
	f.Add("a: |\n  image: bhs\n  b: \"bhs\"\n'bhs': *x\n")
	f.Add("image: {bhs: bhs}\nb: >-\n  bhs\n\n  bhs")
	words := testWords()
	f.Fuzz(func(t *testing.T, text string) {
		result, err := Rename("a.yaml", []byte(text), words)
		if err != nil {
			return
		}
		before, err := tree.Parse("a.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		after, err := tree.Parse("a.yaml", result.Text)
		if err != nil || len(before) != len(after) {
			t.Fatalf("%v\n%s", err, result.Text)
		}
		for i := range before {
			if object.Text(before[i].Object, "kind") != object.Text(after[i].Object, "kind") {
				t.Errorf("the kind changed:\n%s", result.Text)
			}
		}
	})
}

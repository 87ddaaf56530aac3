package reliability

import (
	"os"
	"path/filepath"
	"testing"
)

const example = "text\n<!-- begin x -->\nold\n<!-- end x -->\nmore\n"

func TestSplit(t *testing.T) {
	before, found, after, ok := split([]byte(example), "x")
	if !ok || string(before) != "text\n<!-- begin x -->\n" || string(found) != "old\n" || string(after) != "<!-- end x -->\nmore\n" {
		t.Errorf("split gives %q, %q, %q, %v", before, found, after, ok)
	}
	if _, _, _, ok := split([]byte(example), "y"); ok {
		t.Error("a section that is not there was found")
	}
}

func TestRewrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	rewrite(t, path, "x", table([]Row{{Tried: "a|b", Times: 2, Held: 2, Promise: "refused"}}))
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "text\n<!-- begin x -->\n\n| tried | times | held each time |\n|---|---:|---|\n| a\\|b | 2 | refused |\n\n<!-- end x -->\nmore\n"
	if string(got) != want {
		t.Errorf("the page is\n%s\nnot\n%s", got, want)
	}
}

func TestPage(t *testing.T) {
	for _, directory := range []string{".", filepath.Join("..", "..", "pkg")} {
		t.Run(directory, func(t *testing.T) {
			t.Chdir(directory)
			if _, err := os.Stat(page(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

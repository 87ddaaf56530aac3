package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestOpen lists a directory with everything that is not read: links, a pipe, .git.
func TestOpen(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links require privileges on Windows")
	}
	dir, outside := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "secret.yaml"), "kind: Secret\n")
	write(t, filepath.Join(dir, "a", "b.yaml"), "kind: A\n")
	write(t, filepath.Join(dir, ".git", "config"), "secret\n")
	write(t, filepath.Join(dir, "other", ".git", "config"), "secret\n")
	write(t, filepath.Join(dir, "other", "c.yaml"), "kind: C\n")
	write(t, filepath.Join(dir, "submodule", ".git"), "gitdir: ../.git/modules/submodule\n")
	write(t, filepath.Join(dir, "submodule", "d.yaml"), "kind: D\n")
	for link, target := range map[string]string{
		"file.yaml": filepath.Join(outside, "secret.yaml"), "dir": outside, "up": "..", "loop": ".", "inside.yaml": "a/b.yaml", "gone.yaml": "gone",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if got := tr.Files("."); !slices.Equal(got, []string{"a/b.yaml", "dir", "file.yaml", "gone.yaml", "inside.yaml", "loop", "submodule/d.yaml", "up"}) {
		t.Errorf("files: %v", got)
	}
	for _, name := range []string{"file.yaml", "dir", "dir/secret.yaml", "up", "loop/a/b.yaml", "inside.yaml", "../secret.yaml", ".git/config", "other/c.yaml", "/etc/passwd", "a"} {
		if text, err := tr.ReadFile(name); err == nil {
			t.Errorf("%s was read: %s", name, text)
		}
	}
	if text, err := tr.ReadFile("a/b.yaml"); err != nil || string(text) != "kind: A\n" {
		t.Errorf("a/b.yaml: %q, %v", text, err)
	}
	if refused := tr.Refused(); len(refused) != 6 || !strings.Contains(refused["dir"].Error(), "symbolic link") {
		t.Errorf("refused: %v", refused)
	}
	if _, err := Open(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that does not exist: %v", err)
	}
}

func TestLimits(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, strings.Repeat("d/", MaxDepth+1))
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too deep: %v", err)
	}
	large := t.TempDir()
	file, err := os.Create(filepath.Join(large, "large.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Truncate(MaxFile+1), file.Close()); err != nil {
		t.Fatal(err)
	}
	tr, err := Open(large)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if _, err := tr.ReadFile("large.yaml"); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a large file: %v", err)
	}
}

// TestMaxParsed checks the size of all files that are parsed.
func TestMaxParsed(t *testing.T) {
	text := []byte("kind: A\n")
	tr := New(map[string][]byte{"a.yaml": text, "b.yaml": text})
	tr.parsed = MaxParsed - int64(len(text))
	if documents, err := tr.Documents("a.yaml"); err != nil || len(documents) != 1 {
		t.Errorf("at the limit: %v, %v", documents, err)
	}
	if _, err := tr.Documents("b.yaml"); !errors.Is(err, ErrTooMuch) || !errors.Is(err, ErrTooLarge) {
		t.Errorf("above the limit: %v", err)
	}
	if _, err := tr.Documents("a.yaml"); err != nil {
		t.Errorf("a file that was parsed: %v", err)
	}
}

// TestParseHostile checks that hostile documents end with an error, soon.
func TestParseHostile(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a00: &a00 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		bomb.WriteString("a" + itoa(i) + ": &a" + itoa(i) + " [" + strings.Repeat("*a"+itoa(i-1)+", ", 9) + "*a" + itoa(i-1) + "]\n")
	}
	for name, c := range map[string]struct {
		text string
		line int
	}{
		"aliases that grow":  {bomb.String(), 1},
		"an alias of itself": {"a: &a\n  b: *a\n", 1},
		"nested lists":       {"a: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\n", 1},
		"aliases in a list":  {"- " + strings.ReplaceAll(bomb.String(), "\n", "\n  "), 1},
		"a large map":        {largeMap(), 1},
		"empty documents":    {strings.Repeat("---\n", MaxDocuments+2), MaxDocuments + 1},
		"nested too deep":    {strings.Repeat("[", 100_000), 0},
		"a key twice":        {"a: 1\nb: 2\na: 3\n", 3},
		"a tab":              {"a:\n\tb: 1\n", 2},
		"an unknown alias":   {"c: d\na: *b\n", 2},
		"binary":             {"\x00\x01\x02", 0},
		"not UTF-8":          {"a: \xff\xfe\n", 0},
		"a template":         {"a: {{ .Values.b }}\nc: {{ end }}\n", 0},
		"a second document":  {"a: b\n---\n]\n", 0},
	} {
		documents, err := Parse("k.yaml", []byte(c.text))
		var parse *ParseError
		if !errors.As(err, &parse) || parse.File != "k.yaml" {
			t.Errorf("%s: %v, %d documents", name, err, len(documents))
			continue
		}
		if c.line > 0 && parse.Line != c.line {
			t.Errorf("%s: line %d, not %d: %v", name, parse.Line, c.line, err)
		}
	}
}

// largeMap has a time that grows with the square of its size.
func largeMap() string {
	var b strings.Builder
	for i := range MaxEntries + 1 {
		fmt.Fprintf(&b, "k%d: v\n", i)
	}
	return b.String()
}

func itoa(i int) string { return string([]byte{byte('0' + i/10), byte('0' + i%10)}) }

const document = `# comment
apiVersion: v1
kind: Thing
metadata: {name: "a", labels: {app.kubernetes.io/name: b}}
---
spec:
  containers:
  - image: one
  - name: two
    image: "2"
    args:
    - &x first
    - *x
  base: &base
    key: value
  merged:
    <<: *base
  number: 1
  float: 1.5
  date: 2026-01-02
  text: "1"
  yes: yes
`

func TestFind(t *testing.T) {
	documents, err := Parse("f.yaml", []byte(document))
	if err != nil || len(documents) != 2 {
		t.Fatal(documents, err)
	}
	for _, c := range []struct {
		document     int
		field, value string
		line, column int
		found        bool
	}{
		{0, "metadata.name", "a", 4, 18, true},
		{0, "metadata.labels[app.kubernetes.io/name]", "b", 4, 56, true},
		{0, "metadata.namespace", "", 4, 1, false},
		{0, "status", "", 2, 1, false},
		{1, "spec.containers[0].image", "one", 8, 12, true},
		{1, "spec.containers[two].image", "2", 10, 12, true},
		{1, "spec.containers[1].args[1]", "first", 12, 7, true},
		{1, "spec.containers[2].image", "", 7, 3, false},
		{1, "spec.merged.key", "value", 15, 10, true},
		{1, "spec.containers", "", 7, 3, true},
		{1, "", "", 6, 1, true},
		{1, "spec..x", "", 6, 1, false},
	} {
		at, value, found := documents[c.document].Find(c.field)
		if at != (Position{"f.yaml", c.line, c.column}) || value != c.value || found != c.found {
			t.Errorf("%s: %v %q %v", c.field, at, value, found)
		}
	}
	spec := documents[1].Object["spec"].(map[string]any)
	for field, want := range map[string]any{"number": int64(1), "float": 1.5, "date": "2026-01-02T00:00:00Z", "text": "1", "yes": "yes"} {
		if spec[field] != want {
			t.Errorf("%s is %#v, not %#v", field, spec[field], want)
		}
	}
}

// FuzzParse checks that any text is parsed or refused, and that each position is in the text.
func FuzzParse(f *testing.F) {
	f.Add([]byte(document), "spec.containers[two].image")
	f.Add([]byte("a: &a [*a]"), "a[0]")
	f.Add([]byte("? a"), "a")
	f.Add([]byte("? {a: b}\n: c\n"), "a")
	f.Fuzz(func(t *testing.T, text []byte, field string) {
		documents, err := Parse("f.yaml", text)
		if err != nil {
			return
		}
		lines := strings.Count(string(text), "\n") + strings.Count(string(text), "\r") + strings.Count(string(text), "\u2028") + strings.Count(string(text), "\u2029") + strings.Count(string(text), "\u0085") + 1
		for _, d := range documents {
			at, _, _ := d.Find(field)
			if at.Line < 1 || at.Line > lines || at.Column < 1 {
				t.Fatalf("%q: %s is at %v of %d lines", text, field, at, lines)
			}
		}
	})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func text(path, content string) File {
	return File{Path: path, Mode: 0o600, Write: func(w io.Writer) error {
		_, err := io.WriteString(w, content)
		return err
	}}
}

func failing(path string, err error) File {
	return File{Path: path, Mode: 0o600, Write: func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return err
	}}
}

// holds checks that the directory has only the given files.
func holds(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		got, _ := os.ReadFile(filepath.Join(dir, entry.Name()))
		if content, ok := want[entry.Name()]; !ok || content != string(got) {
			t.Errorf("%s has %q", entry.Name(), got)
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%d files, want %d", len(entries), len(want))
	}
}

func TestCreate(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		about   string
		before  map[string]string
		replace bool
		// files are name=content; writing the content "!" fails half-way, and a name that is a
		// directory can't replace a file.
		files []string
		dirs  []string
		fails string
		after map[string]string
	}{
		{about: "new ones", files: []string{"a=1", "b=2"}, after: map[string]string{"a": "1", "b": "2"}},
		{about: "one is there", before: map[string]string{"b": "old"}, files: []string{"a=1", "b=2"},
			fails: "b already exists", after: map[string]string{"b": "old"}},
		{about: "one is there and may go", before: map[string]string{"b": "old"}, replace: true,
			files: []string{"a=1", "b=2"}, after: map[string]string{"a": "1", "b": "2"}},
		{about: "the second fails", files: []string{"a=1", "b=!"}, fails: "boom", after: map[string]string{}},
		{about: "the second fails and nothing was replaced", before: map[string]string{"a": "old"}, replace: true,
			files: []string{"a=1", "b=!"}, fails: "boom", after: map[string]string{"a": "old"}},
		{about: "the second can't take its place", before: map[string]string{"a": "old"}, replace: true,
			files: []string{"a=1", "c=1", "b=2"}, dirs: []string{"b"}, fails: "b: it is a directory", after: map[string]string{"a": "old", "b": ""}},
	} {
		t.Run(c.about, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range c.before {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range c.dirs {
				if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			var list []File
			for _, f := range c.files {
				name, content, _ := strings.Cut(f, "=")
				if content == "!" {
					list = append(list, failing(filepath.Join(dir, name), boom))
				} else {
					list = append(list, text(filepath.Join(dir, name), content))
				}
			}
			err := Create(c.replace, list...)
			if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("got %v, want %q", err, c.fails)
			}
			holds(t, dir, c.after)
		})
	}
}

func TestMissingDirectory(t *testing.T) {
	err := Create(false, text(filepath.Join(t.TempDir(), "no", "a"), "1"))
	if !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), ".orthweb-") {
		t.Errorf("%v", err)
	}
}

// killed is set in a separate process that is killed during a write.
const killed = "FILES_TEST_KILLED"

func TestKilled(t *testing.T) {
	if dir := os.Getenv(killed); dir != "" {
		_ = Create(true, text(filepath.Join(dir, "a"), "new"), File{Path: filepath.Join(dir, "b"), Mode: 0o600, Write: func(w io.Writer) error {
			_, _ = io.WriteString(w, "half")
			_, _ = os.Stdout.WriteString("writing\n")
			select {}
		}})
		return
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), killed+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = out.Read(make([]byte, 1))
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	holds(t, dir, map[string]string{"a": "old"})
}

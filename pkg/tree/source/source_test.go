package source

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// TestIgnored checks which patterns a source uses: the default ones, or those of .sourceignore files
// and of spec.ignore; an artifact only the default ones.
func TestIgnored(t *testing.T) {
	plain := tree.New(map[string][]byte{"a.yaml": nil, "b/a.jpg": nil, ".github/c.yaml": nil})
	own := tree.New(map[string][]byte{"a.yaml": nil, "b/a.jpg": nil, "b/b.yaml": nil, "b/.sourceignore": []byte("*.yaml\n"), ".sourceignore": []byte("/c\n"), "c/d.yaml": nil})
	ignore := "a.yaml"
	for _, c := range []struct {
		name string
		s    *Source
		want string
	}{
		{"defaults", New(plain, nil, nil), "a.yaml"},
		{"spec.ignore", New(plain, &ignore, nil), ".github/c.yaml b/a.jpg"},
		{"another spec.ignore", New(plain, nil, nil).With(&ignore), ".github/c.yaml b/a.jpg"},
		{".sourceignore", New(own, nil, nil), ".sourceignore a.yaml b/.sourceignore b/a.jpg"},
		{"both", New(own, &ignore, nil), ".sourceignore b/.sourceignore b/a.jpg"},
		{"an artifact", New(plain, nil, nil).Artifact(own), ".sourceignore a.yaml b/.sourceignore b/b.yaml c/d.yaml"},
	} {
		got := c.s.Files()
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

// TestMounts checks that the files of a source and those of mounts have different names, and that a
// source that has the directory of mounts keeps its files.
func TestMounts(t *testing.T) {
	s := New(tree.New(map[string][]byte{"a.yaml": []byte("own"), ".remote/0/a.yaml": []byte("own too"), "b.bak": nil}), new("b.bak"), nil)
	f := NewFiles(s)
	dir := f.Mount(&Mount{Tree: tree.New(map[string][]byte{"a.yaml": []byte("remote")}), At: tree.Position{File: "k.yaml", Line: 3}, Submodules: []string{"sub"}})
	for name, want := range map[string]string{"a.yaml": "own", ".remote/0/a.yaml": "own too", dir + "/a.yaml": "remote"} {
		text, err := f.Read(f.Name(f.Absolute(name)))
		if err != nil || string(text) != want {
			t.Errorf("%s has %q, %v", name, text, err)
		}
	}
	for _, name := range []string{"b.bak", dir + "/b.bak", dir + "1/a.yaml", "/a.yaml/.."} {
		if _, err := f.Read(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s can be read: %v", name, err)
		}
	}
	if at := f.Position(tree.Position{File: dir + "/a.yaml", Line: 1}); at.String() != "k.yaml:3:0" {
		t.Errorf("what is remote is at %s", at)
	}
	m := f.MountOf(dir)
	if m == nil || f.MountOf("a.yaml") != nil || m.Inner(dir) != "." || !m.InSubmodule(dir+"/sub/a") || m.InSubmodule(dir+"/subs") {
		t.Errorf("the mount is %+v", m)
	}
}

// TestLeaves checks paths beside a directory, with a name that begins as its own.
func TestLeaves(t *testing.T) {
	for _, c := range []struct {
		dir, target string
		want        bool
	}{{".", "a", false}, {".", "..", true}, {".", "../a", true}, {".", "..a", false}, {"a", "a", false}, {"a", "a/b", false}, {"a", "ab", true}, {"a", "b", true}} {
		if Leaves(c.dir, c.target) != c.want {
			t.Errorf("%s leaves %s: %t", c.target, c.dir, !c.want)
		}
	}
}

// TestWork checks that the sources of a tree share the limit.
func TestWork(t *testing.T) {
	s := New(tree.New(map[string][]byte{"a.yaml": nil}), nil, nil)
	other := s.With(new("*.md"))
	if err := errors.Join(s.Work.Spend(maxWork-stepsFile), other.Work.Spend(0)); err != nil {
		t.Error(err)
	}
	for _, s := range []*Source{s, other, s.Artifact(s.Tree)} {
		if err := s.Work.Spend(1); !errors.Is(err, ErrTooMuchWork) {
			t.Error(err)
		}
	}
	if s.With(nil) != s {
		t.Error("a source is read above the limit")
	}
}

// TestCached checks that keys of two types differ, and that each is found once.
func TestCached(t *testing.T) {
	s := New(tree.New(nil), nil, nil)
	type first struct{ string }
	type second struct{ string }
	calls := 0
	find := func() int { calls++; return calls }
	if Cached(s, first{"a"}, find) != 1 || Cached(s, second{"a"}, find) != 2 || Cached(s, first{"a"}, find) != 1 || calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

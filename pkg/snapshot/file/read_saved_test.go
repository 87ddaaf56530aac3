package file

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

// TestChangedFiles checks that a snapshot with removed or changed objects is rejected.
func TestChangedFiles(t *testing.T) {
	const pods = "objects/core/pods.jsonl"
	at := func(entries []entry, path string) int {
		return slices.IndexFunc(entries, func(e entry) bool { return e.name == path })
	}
	for about, test := range map[string]struct {
		change  func(entries []entry) []entry
		message string
	}{
		"nothing": {func(entries []entry) []entry { return entries }, ""},
		"a file removed": {func(entries []entry) []entry {
			i := at(entries, pods)
			return slices.Delete(entries, i, i+1)
		}, pods + " is missing"},
		"all files removed": {func(entries []entry) []entry { return entries[:1] }, " is missing"},
		"an object removed": {func(entries []entry) []entry {
			i := at(entries, pods)
			entries[i].content, _, _ = strings.Cut(entries[i].content, "\n")
			return entries
		}, pods + " was changed"},
		"a letter changed": {func(entries []entry) []entry {
			i := at(entries, pods)
			entries[i].content = strings.Replace(entries[i].content, `"one"`, `"two"`, 1)
			return entries
		}, pods + " was changed"},
		"a file emptied": {func(entries []entry) []entry {
			entries[at(entries, pods)].content = ""
			return entries
		}, pods + " was changed"},
		"a file added": {func(entries []entry) []entry {
			entries[0].content = strings.Replace(entries[0].content, `"asked": [`, `"asked": [{"version": "v1", "kind": "Extra", "resource": "extras"},`, 1)
			return append(entries, entry{name: "objects/core/extras.jsonl", content: `{"apiVersion":"v1","kind":"Extra","metadata":{"name":"x"}}`})
		}, "objects/core/extras.jsonl is not among the files that were saved"},
		"a wrong count": {func(entries []entry) []entry {
			entries[0].content = strings.Replace(entries[0].content, `"objects": 2`, `"objects": 3`, 1)
			return entries
		}, "but the index lists 3"},
	} {
		t.Run(about, func(t *testing.T) {
			b := snapshot.NewBuilder()
			b.Add(snapshot.Request{Version: "v1", Kind: "Pod", Resource: "pods"}, newObject("v1", "Pod", "a", "one", nil), newObject("v1", "Pod", "a", "other", nil))
			b.Add(snapshot.Request{Version: "v1", Kind: "Node", Resource: "nodes"}, newObject("v1", "Node", "", "n", nil))
			b.Add(snapshot.Request{Version: "v1", Kind: "Secret", Resource: "secrets"})
			entries := test.change(unpacked(t, written(t, b.Build(snapshot.Meta{At: sampleAt}))))
			_, err := Read(bytes.NewReader(pack(t, entries...)))
			switch {
			case test.message == "" && err != nil:
				t.Error(err)
			case test.message != "" && (!errors.Is(err, decode.ErrDamaged) || !strings.Contains(err.Error(), test.message)):
				t.Errorf("%v, want %q", err, test.message)
			}
		})
	}
}

// TestKindsThatDifferInCase checks that such kinds can be saved, each in its own file.
func TestKindsThatDifferInCase(t *testing.T) {
	b := snapshot.NewBuilder()
	for _, kind := range []string{"Foo", "FOO", "foo"} {
		b.Add(snapshot.Request{Group: "example.org", Version: "v1", Kind: kind, Resource: "foos"}, newObject("example.org/v1", kind, "", strings.ToLower(kind), nil))
	}
	s, err := Read(bytes.NewReader(written(t, b.Build(snapshot.Meta{At: sampleAt}))))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"Foo", "FOO", "foo"} {
		if list := s.List(schema.GroupKind{Group: "example.org", Kind: kind}, ""); len(list.Objects) != 1 {
			t.Errorf("%d objects of kind %s", len(list.Objects), kind)
		}
	}
}

// unpacked are the files of a snapshot.
func unpacked(t *testing.T, packed []byte) (entries []entry) {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if err == io.EOF {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry{name: header.Name, content: string(content)})
	}
}

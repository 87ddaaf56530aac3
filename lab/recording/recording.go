// Package recording converts a snapshot that the plugin saved to a readable test case: one text
// file with the actions, the expected explanation and the relevant objects.
package recording

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
)

// Object is an object of a snapshot.
type Object = *unstructured.Unstructured

// Snapshot is a snapshot of the plugin (pkg/snapshot/file/layout.go): its index, and the
// objects by the names of their files in a case.
type Snapshot struct {
	Index []byte
	Files map[string][]Object
}

const (
	index = "index.yaml"
	saved = "index.json"
)

// Read reads a snapshot, and replaces every old in it with new.
func Read(r io.Reader, replace *strings.Replacer) (*Snapshot, error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("reading a snapshot: %w", err)
	}
	s := &Snapshot{Files: map[string][]Object{}}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading a snapshot: %w", err)
		}
		data, err := io.ReadAll(files)
		if err != nil {
			return nil, fmt.Errorf("reading a snapshot: %w", err)
		}
		data = []byte(replace.Replace(string(data)))
		if header.Name == saved {
			s.Index = data
			continue
		}
		// A case contains YAML, for readers, where a snapshot has one JSON object a line.
		name := strings.TrimSuffix(header.Name, ".jsonl") + ".yaml"
		if s.Files[name], err = cluster.Parse(bytes.ReplaceAll(data, []byte("\n"), []byte("\n---\n"))); err != nil {
			return nil, fmt.Errorf("reading a snapshot's %s: %w", header.Name, err)
		}
	}
}

// Case is a test case.
type Case struct {
	// Header describes the actions, and Said the messages of the controllers.
	Header string
	Expect map[string]any
	*Snapshot
}

// Write writes the case as a txtar: comments first, then files, each after a
// line "-- name --".
func (c Case) Write(w io.Writer) error {
	var out bytes.Buffer
	for line := range strings.Lines(strings.TrimSpace(c.Header) + "\n") {
		out.WriteString(strings.TrimRight("# "+line, " \n") + "\n")
	}
	expect, err := yaml.Marshal(c.Expect)
	if err != nil {
		return err
	}
	fmt.Fprintf(&out, "-- expect.yaml --\n%s-- %s --\n", expect, index)
	if err := writeIndex(&out, c.Index); err != nil {
		return err
	}
	var names []string
	for name := range c.Files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if len(c.Files[name]) == 0 {
			continue
		}
		fmt.Fprintf(&out, "-- %s --\n", name)
		for i, o := range c.Files[name] {
			if i > 0 {
				out.WriteString("---\n")
			}
			encode(&out, o.Object, 0)
		}
	}
	_, err = w.Write(out.Bytes())
	return err
}

// writeIndex writes each requested kind on its own line.
func writeIndex(out *bytes.Buffer, data []byte) error {
	var content map[string]any
	if err := yaml.Unmarshal(data, &content); err != nil {
		return fmt.Errorf("reading the index: %w", err)
	}
	encode(out, content, 0)
	return nil
}

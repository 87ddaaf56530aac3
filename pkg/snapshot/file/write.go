package file

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// Write saves the snapshot as a gzipped tar of JSON, which Read opens. The same snapshot
// always results in the same bytes. Errors are the writer's, or about an object that can't be
// saved.
func Write(w io.Writer, s *snapshot.Snapshot) error {
	zipped, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	out := tarWriter{tar: tar.NewWriter(zipped), at: s.Meta().At}
	if err := out.snapshot(s); err != nil {
		return fmt.Errorf("saving the snapshot: %w", err)
	}
	if err := out.tar.Close(); err != nil {
		return fmt.Errorf("saving the snapshot: %w", err)
	}
	if err := zipped.Close(); err != nil {
		return fmt.Errorf("saving the snapshot: %w", err)
	}
	return nil
}

type tarWriter struct {
	tar *tar.Writer
	at  time.Time
}

func (out tarWriter) snapshot(s *snapshot.Snapshot) error {
	requested := s.Requests()
	paths, err := newLayout(requested)
	if err != nil {
		return err
	}
	// The index comes first and has the digests of all that follows: everything is
	// encoded twice, so that no more than one kind's text is in memory.
	files, err := savedFiles(s, paths)
	if err != nil {
		return err
	}
	content, err := indexJSON(s, requested, files)
	if err != nil {
		return err
	}
	if err := out.file(indexName, content); err != nil {
		return err
	}
	for _, file := range files {
		content, _, err := objectsJSON(s, paths[file.Path])
		if err != nil {
			return err
		}
		if err := out.file(file.Path, content); err != nil {
			return err
		}
	}
	return nil
}

// savedFiles are the files of those kinds of which there are objects, by their paths.
func savedFiles(s *snapshot.Snapshot, paths layout) ([]savedFile, error) {
	files := []savedFile{}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		content, objects, err := objectsJSON(s, paths[path])
		if err != nil {
			return nil, err
		}
		if objects > 0 {
			files = append(files, savedFile{Path: path, Objects: objects, SHA256: fmt.Sprintf("%x", sha256.Sum256(content))})
		}
	}
	return files, nil
}

// file adds a file with nothing in its header that depends on the machine.
func (out tarWriter) file(name string, content []byte) error {
	err := out.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg,
		Name:     name,
		Size:     int64(len(content)),
		Mode:     0o644,
		ModTime:  time.Unix(max(0, out.at.Unix()), 0).UTC(),
	})
	if err != nil {
		return err
	}
	_, err = out.tar.Write(content)
	return err
}

func indexJSON(s *snapshot.Snapshot, requested []snapshot.Request, files []savedFile) ([]byte, error) {
	return json.MarshalIndent(index{
		APIVersion: apiVersion, Kind: indexKind,
		At: s.Meta().At.UTC(), Server: s.Meta().Server, Plugin: s.Meta().Plugin, Requested: requested, Files: files, Complete: s.IsComplete(),
	}, "", "  ")
}

// objectsJSON is all objects of the kind, one per line, and how many there are.
func objectsJSON(s *snapshot.Snapshot, gk schema.GroupKind) (content []byte, count int, err error) {
	var out bytes.Buffer
	lines := json.NewEncoder(&out)
	lines.SetEscapeHTML(false)
	objects := s.List(gk, "").Objects
	for _, obj := range objects {
		if has := obj.GroupVersionKind().GroupKind(); has != gk {
			return nil, 0, fmt.Errorf("%s %s was listed as %s", has, obj.GetName(), gk)
		}
		if err := lines.Encode(obj.Object); err != nil {
			return nil, 0, fmt.Errorf("%s %s/%s: %w", gk, obj.GetNamespace(), obj.GetName(), err)
		}
	}
	return out.Bytes(), len(objects), nil
}

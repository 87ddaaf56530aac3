package snapshot

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// Write saves the snapshot as a gzipped tar of YAML, which Read opens. The
// same snapshot makes the same bytes. An error is the writer's, or tells of
// an object that no file can hold.
func Write(w io.Writer, s *Snapshot) error {
	zipped, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	out := tarWriter{tar: tar.NewWriter(zipped), at: s.meta.At}
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

func (out tarWriter) snapshot(s *Snapshot) error {
	asked := s.Asked()
	paths, err := newLayout(asked)
	if err != nil {
		return err
	}
	content, err := indexYAML(s.meta, asked, s.complete)
	if err != nil {
		return err
	}
	if err := out.file(indexName, content); err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		content, err := objectsYAML(s, paths[path])
		if err != nil {
			return err
		}
		if len(content) == 0 {
			continue
		}
		if err := out.file(path, content); err != nil {
			return err
		}
	}
	return nil
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

func indexYAML(meta Meta, asked []Asked, complete bool) ([]byte, error) {
	return yaml.Marshal(index{
		APIVersion: apiVersion, Kind: indexKind,
		At: meta.At.UTC(), Server: meta.Server, Plugin: meta.Plugin, Asked: asked, Complete: complete,
	})
}

// objectsYAML is all objects of the kind, as documents.
func objectsYAML(s *Snapshot, gk schema.GroupKind) ([]byte, error) {
	var out bytes.Buffer
	for _, obj := range s.List(gk, "").Objects {
		if has := obj.GroupVersionKind().GroupKind(); has != gk {
			return nil, fmt.Errorf("%s %s was listed as %s", has, obj.GetName(), gk)
		}
		if out.Len() > 0 {
			out.WriteString("---\n")
		}
		text, err := appendValue(out.AvailableBuffer(), obj.Object, 0)
		if err != nil {
			return nil, fmt.Errorf("%s %s/%s: %w", gk, obj.GetNamespace(), obj.GetName(), err)
		}
		out.Write(append(text, '\n'))
	}
	return out.Bytes(), nil
}

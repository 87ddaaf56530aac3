// Package manifest reads objects as kubectl prints them, in YAML or JSON.
package manifest

import (
	"io"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/decode"
)

// File is a file of objects, as kubectl prints them: objects and Lists, as JSON
// or YAML, one or several documents.
type File struct {
	Name string
	// Content is read once, to its end or to the first error.
	Content io.Reader
	// Size is the size of the content in bytes; 0 if it is not known, as for a pipe.
	Size int64
}

// ObjectsOptions define what the files do not contain.
type ObjectsOptions struct {
	// At is the time of the snapshot; if zero, the newest time found in the objects.
	At time.Time
	// Read is when the files were read, zero if that does not count.
	Read time.Time
	// Complete is set if the files contain all objects of the cluster: what is not in them
	// does not exist.
	Complete bool
}

// ReadObjects creates a snapshot from the output of `kubectl get … -o yaml` or `-o json`, and
// of `kubectl cluster-info dump`, whose logs are skipped. A file proves only its content: the
// items of a List are all objects of their kind in their namespaces; a single object does not
// show whether others of its kind exist; everything else is unknown, not absent.
//
// The files are decoded while they are read, object by object, and count together against the
// limits of package decode. Errors are a *decode.ReadError, or a reader's own.
func ReadObjects(files []File, opts ObjectsOptions) (*snapshot.Snapshot, error) {
	if err := checkSizes(files); err != nil {
		return nil, err
	}
	builder := snapshot.NewBuilder()
	at, found := opts.At, false
	read := &decode.Budget{}
	for _, file := range files {
		err := file.read(read, func(obj printed) {
			found = true
			if opts.At.IsZero() {
				at = newest(obj.Object, at)
			}
			builder.Add(obj.query(), obj.Unstructured)
		})
		if err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, &decode.ReadError{Reason: decode.ErrNotASnapshot, Found: "there is no Kubernetes object in it"}
	}
	meta := snapshot.Meta{At: at}
	if opts.At.IsZero() {
		meta.Read = opts.Read
	}
	if opts.Complete {
		builder.SetComplete()
	}
	return builder.Build(meta), nil
}

// checkSizes rejects files that are too large together, before any is read.
func checkSizes(files []File) error {
	var sum int64
	for _, file := range files {
		if sum += file.Size; sum > decode.MaxPrinted {
			return decode.ErrTooMuchPrinted
		}
	}
	return nil
}

// printed is an object that kubectl printed, in a List or by itself.
type printed struct {
	*unstructured.Unstructured
	listed bool
}

// query is the list that the object is the answer to: of its kind in its
// namespace, or of the object alone.
func (p printed) query() snapshot.Request {
	gvk := p.GroupVersionKind()
	requested := snapshot.Request{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind, Resource: object.PluralOf(gvk.Kind), Namespace: p.GetNamespace()}
	if !p.listed {
		requested.FieldSelector = "metadata.name=" + p.GetName()
	}
	return requested
}

// newest is the latest of at and the times in a value. Times in the future, such as the
// expiry of a certificate or Lease, do not count.
func newest(value any, at time.Time) time.Time {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if key != "notAfter" && key != "renewalTime" && key != "nextUpdate" {
				at = newest(inner, at)
			}
		}
	case []any:
		for _, inner := range v {
			at = newest(inner, at)
		}
	case string:
		if len(v) < len("2006-01-02T15:04:05Z") || v[4] != '-' || v[10] != 'T' {
			return at
		}
		if t, err := time.Parse(time.RFC3339, v); err == nil && t.After(at) {
			return t
		}
	}
	return at
}

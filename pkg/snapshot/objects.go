package snapshot

import (
	"bytes"
	"cmp"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
)

// File is a file of objects, as kubectl prints them: objects and Lists, as JSON
// or YAML, one or several documents.
type File struct {
	Name    string
	Content []byte
}

// ObjectsOptions say what the files leave open.
type ObjectsOptions struct {
	// At is the moment; when zero, the newest time found in the objects.
	At time.Time
	// Read is when the files were read, zero when that is not to count.
	Read time.Time
	// Complete tells that the files hold all objects of the cluster: what is not
	// in them does not exist.
	Complete bool
}

// ReadObjects makes a snapshot of what people have at hand: the output of
// `kubectl get … -o yaml` or `-o json`, and of `kubectl cluster-info dump`,
// whose logs are passed over. A file proves only what it holds: the items of a
// List are all objects of their kind in their namespaces; an object by itself
// tells nothing about others of its kind; all else is unknown, not absent.
func ReadObjects(files []File, opts ObjectsOptions) (*Snapshot, error) {
	var objects []printed
	for _, file := range files {
		found, err := file.objects()
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	if len(objects) == 0 {
		return nil, &ReadError{Reason: ErrForeign, Found: "there is no Kubernetes object in it"}
	}
	builder := NewBuilder()
	at := opts.At
	for _, obj := range objects {
		builder.Add(obj.query(), obj.Unstructured)
		if opts.At.IsZero() {
			at = newest(obj.Object, at)
		}
	}
	meta := Meta{At: at}
	if opts.At.IsZero() {
		meta.Read = opts.Read
	}
	snap := builder.Build(meta)
	snap.complete = opts.Complete
	return snap, nil
}

// printed is an object that kubectl printed, in a List or by itself.
type printed struct {
	*unstructured.Unstructured
	listed bool
}

// query is the list that the object is the answer to: of its kind in its
// namespace, or of the object alone.
func (p printed) query() Asked {
	gvk := p.GroupVersionKind()
	asked := Asked{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind, Resource: resourceOf(gvk), Namespace: p.GetNamespace()}
	if !p.listed {
		asked.FieldSelector = "metadata.name=" + p.GetName()
	}
	return asked
}

// resourceOf guesses a kind's plural by the rules of English that Kubernetes
// goes by (apimachinery v0.36, meta.UnsafeGuessKindToResource).
func resourceOf(gvk schema.GroupVersionKind) string {
	singular := strings.ToLower(gvk.Kind)
	switch {
	case strings.HasSuffix(singular, "s"):
		return singular + "es"
	case strings.HasSuffix(singular, "y") && !strings.HasSuffix(singular, "ay"): // gateways
		return strings.TrimSuffix(singular, "y") + "ies"
	}
	return singular + "s"
}

// objects are those in the file's documents, out of their Lists.
func (f File) objects() ([]printed, error) {
	if len(f.Content) > maxUnpacked {
		return nil, tooLarge("%s has more than %d bytes", f.Name, maxUnpacked)
	}
	var sum atomic.Int64
	var objects []printed
	for _, text := range f.documents() {
		content, err := parseMap(document{text: text, file: f.Name})
		if err != nil {
			return nil, printedError(err)
		}
		values, ok := measure(content, 1)
		if !ok || sum.Add(values) > maxValues {
			return nil, tooLarge("%s nests too deep or holds too much", f.Name)
		}
		objects = append(objects, flatten(content, false)...)
	}
	return objects, nil
}

// printedError tells of a file that is no snapshot what is wrong with it: kubectl
// printed it, and can print it again.
func printedError(err error) error {
	var own *ReadError
	if errors.As(err, &own) && own.Reason == ErrDamaged {
		return &ReadError{Reason: ErrPrinted, Found: own.Found, Cause: own.Cause}
	}
	return err
}

// documents parts a file: JSON values that follow each other, with the logs
// that a dump has between them, or YAML documents.
func (f File) documents() [][]byte {
	var texts [][]byte
	text := bytes.TrimSpace(f.Content)
	if len(text) == 0 {
		return nil
	}
	if text[0] != '{' {
		for part := range bytes.SplitSeq(append([]byte("\n"), text...), []byte("\n---")) {
			if part = bytes.TrimSpace(part); len(part) > 0 {
				texts = append(texts, part)
			}
		}
		return texts
	}
	var value []byte
	logs := false
	for line := range bytes.Lines(text) {
		if marker, ok := bytes.CutPrefix(line, []byte("==== ")); ok && value == nil {
			logs = bytes.HasPrefix(marker, []byte("START logs"))
		}
		if logs {
			continue
		}
		start := bytes.HasPrefix(line, []byte("{"))
		if start || value != nil {
			value = append(value, line...)
		}
		if value != nil && bytes.HasPrefix(bytes.TrimRight(line, "\r\n"), []byte("}")) || start && bytes.HasSuffix(bytes.TrimSpace(line), []byte("}")) {
			texts = append(texts, value)
			value = nil
		}
	}
	if value != nil {
		texts = append(texts, value) // cut off: the decoder says so
	}
	return texts
}

// flatten takes objects out of Lists. The items of a typed list ("PodList")
// have no kind of their own.
func flatten(content map[string]any, listed bool) []printed {
	kind, isList := strings.CutSuffix(field.Text(content, "kind"), "List")
	if _, items := content["items"]; !isList || !items {
		if obj := (&unstructured.Unstructured{Object: content}); obj.GetKind() != "" && obj.GetName() != "" {
			return []printed{{obj, listed}}
		}
		return nil
	}
	var objects []printed
	for _, item := range field.List(content, "items") {
		if field.Text(item, "kind") == "" && kind != "" {
			item["kind"], item["apiVersion"] = kind, cmp.Or(field.Text(item, "apiVersion"), field.Text(content, "apiVersion"))
		}
		objects = append(objects, flatten(item, true)...)
	}
	return objects
}

// newest is the latest of the times in a value and at. Ends of certificates and
// leases lie ahead; what a controller wrote of the past counts.
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

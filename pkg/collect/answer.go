package collect

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
)

// answerError is an answer that came, but is not what was asked for. It says nothing
// of other answers.
type answerError string

func (e answerError) Error() string { return string(e) }

// maxText is how much of what another program said is worth repeating.
const maxText = 300

func malformed(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return answerError(strings.ToValidUTF8(text[:min(len(text), maxText)], ""))
}

const htmlPage = "the answer is an HTML page, not JSON"

// isHTML tells the page of a proxy or of a login from JSON, whatever its content
// type says.
func isHTML(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

// unmarshal decodes an answer that is to be an object of the kind that is named.
func unmarshal(body []byte, into any, kind string) error {
	err := stdjson.Unmarshal(body, into)
	var syntax *stdjson.SyntaxError
	var field *stdjson.UnmarshalTypeError
	trimmed := bytes.TrimSpace(body)
	switch {
	case bytes.Equal(trimmed, []byte("null")):
		return malformed("the answer is null, not %s", a(kind))
	case err == nil:
		return nil
	case len(trimmed) == 0:
		return malformed("the answer is empty")
	case isHTML(body):
		return malformed(htmlPage)
	case errors.As(err, &field):
		value, _, _ := strings.Cut(field.Value, " ") // "number 7"
		if field.Field == "" {
			return malformed("the answer is %s, not %s", a(value), a(kind))
		}
		return malformed("the %s is malformed: %s is %s", kind, field.Field, a(value))
	case errors.As(err, &syntax) && strings.HasPrefix(syntax.Error(), "unexpected end"):
		return malformed("the answer is truncated after %d bytes", len(body))
	}
	return malformed("the answer is not JSON: %v", err)
}

// otherKind is an answer that is JSON, but of another kind. Its message is a
// Status's.
func otherKind(kind, message, wanted string) error {
	if kind == "" {
		return malformed("the answer is an object without a kind, not %s", a(wanted))
	}
	if message != "" {
		message = ": " + message
	}
	return malformed("the answer is %s, not %s%s", a(kind), a(wanted), message)
}

// a is a word with its article.
func a(word string) string {
	if word != "" && strings.ContainsRune("aeioAEIO", rune(word[0])) {
		return "an " + word
	}
	return "a " + word
}

// listing is what a list must be to answer a want.
type listing struct {
	gvk        schema.GroupVersionKind
	namespaced bool
	// metadata is set when metadata alone was asked for.
	metadata bool
}

// kinds are those of the list and of its items.
func (l listing) kinds() (list, item schema.GroupVersionKind) {
	if l.metadata {
		version := metav1.SchemeGroupVersion
		return version.WithKind("PartialObjectMetadataList"), version.WithKind("PartialObjectMetadata")
	}
	return l.gvk.GroupVersion().WithKind(l.gvk.Kind + "List"), l.gvk
}

// decode reads a list's body, object by object: a page decoded as a whole would
// hold, for a moment, many times what is kept of it. What is not a whole list of the
// kind is an error: it must not pass for "there are none".
func (l listing) decode(body []byte, pool *pool) ([]*unstructured.Unstructured, string, error) {
	var list struct {
		metav1.TypeMeta
		Metadata struct {
			Continue string `json:"continue"`
		} `json:"metadata"`
		Items   []stdjson.RawMessage `json:"items"`
		Message string               `json:"message"`
	}
	want, _ := l.kinds()
	if err := unmarshal(body, &list, want.Kind); err != nil {
		return nil, "", err
	}
	// A custom resource may have another name for its list: its items tell.
	if list.Kind != want.Kind && (l.metadata || len(list.Items) == 0 || kindOf(list.Items[0]) != l.gvk.Kind) {
		return nil, "", otherKind(list.Kind, list.Message, want.Kind)
	}
	if groupOf(list.APIVersion) != want.Group {
		return nil, "", malformed("the answer is %s of %s, not of %s", a(list.Kind), list.APIVersion, want.GroupVersion())
	}
	if list.Items == nil && !hasItems(body) {
		return nil, "", malformed("the %s has no items", want.Kind)
	}
	objects := make([]*unstructured.Unstructured, len(list.Items))
	for i, item := range list.Items {
		obj, err := l.item(item)
		if err != nil {
			return nil, "", malformed("item %d of the %s %s", i+1, want.Kind, err)
		}
		obj.Object = pool.object(obj.Object)
		objects[i], list.Items[i] = obj, nil
	}
	return objects, list.Metadata.Continue, nil
}

// item reads one object of a list; the error goes on from "item 1". Those of built-in
// kinds come without their own apiVersion and kind; they get them here. Who wrote
// which field is left out at once; it is often half of an object.
func (l listing) item(body []byte) (*unstructured.Unstructured, error) {
	var content any
	if err := json.Unmarshal(body, &content); err != nil {
		return nil, fmt.Errorf("is malformed: %w", err)
	}
	fields, ok := content.(map[string]any)
	obj := &unstructured.Unstructured{Object: fields}
	_, want := l.kinds()
	switch {
	case !ok:
		return nil, errors.New("is not an object")
	case obj.GetKind() != "" && obj.GetKind() != want.Kind:
		return nil, fmt.Errorf("is %s", a(obj.GetKind()))
	case obj.GetAPIVersion() != "" && groupOf(obj.GetAPIVersion()) != want.Group:
		return nil, fmt.Errorf("is %s of %s", a(want.Kind), obj.GetAPIVersion())
	case obj.GetName() == "":
		return nil, errors.New("has no name")
	case l.namespaced && obj.GetNamespace() == "":
		return nil, errors.New("has no namespace")
	}
	obj.SetManagedFields(nil)
	obj.SetGroupVersionKind(l.gvk)
	return obj, nil
}

// groupOf is the group of an apiVersion; what can't be one is no group's.
func groupOf(apiVersion string) string {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return apiVersion
	}
	return gv.Group
}

// kindOf is the kind that an item says it is of.
func kindOf(item []byte) string {
	var typed metav1.TypeMeta
	if err := stdjson.Unmarshal(item, &typed); err != nil {
		return ""
	}
	return typed.Kind
}

// hasItems tells items that are null, as Go writes a list that was never filled,
// from none.
func hasItems(body []byte) bool {
	var fields map[string]stdjson.RawMessage
	if err := stdjson.Unmarshal(body, &fields); err != nil {
		return false
	}
	return fields["items"] != nil
}

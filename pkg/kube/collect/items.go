package collect

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
)

// list is a list for the messages of encoding/json about one that is malformed.
type list struct {
	metav1.TypeMeta
	Metadata page                 `json:"metadata"`
	Items    []stdjson.RawMessage `json:"items"`
	Message  string               `json:"message"`
}

// listReading is a list that is being decoded.
type listReading struct {
	listing listing
	decoder *decoder
	keep    func(*unstructured.Unstructured, int64) error
	head    head
	// count is the number of items, and seen has their names.
	count int
	seen  map[string]bool
	// wrong is the error of the first item that is not an object of the kind. What the list is
	// counts first, and may follow its items.
	wrong error
}

// notKeptError is the error of keep.
type notKeptError struct{ error }

// errNotList is the error of an answer that encoding/json can describe.
var errNotList = errors.New("the answer is not a list")

// read reads the list to the end of the answer.
func (r *listReading) read() error {
	if token, err := r.decoder.json.ReadToken(); err != nil || token.Kind() != '{' {
		return errors.Join(errNotList, err)
	}
	for r.decoder.json.PeekKind() != '}' {
		name, err := r.decoder.json.ReadToken()
		if err != nil {
			return err
		}
		if err := r.member(name.String()); err != nil {
			return err
		}
	}
	if _, err := r.decoder.json.ReadToken(); err != nil {
		return err
	}
	if _, err := r.decoder.json.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.Join(errNotList, err)
	}
	return nil
}

// member reads one field of the list.
func (r *listReading) member(name string) error {
	switch name {
	case "kind":
		return r.field(&r.head.Kind)
	case "apiVersion":
		return r.field(&r.head.APIVersion)
	case "message":
		return r.field(&r.head.Message)
	case "metadata":
		return r.field(&r.head.Metadata)
	case "items":
		if r.head.hasItems {
			return errors.New("it has items twice")
		}
		r.head.hasItems = true
		return r.items()
	}
	if strings.EqualFold(name, "items") { // encoding/json would read them
		return fmt.Errorf("it has %s", name)
	}
	return r.decoder.json.SkipValue()
}

func (r *listReading) field(into any) error {
	raw, err := r.decoder.json.ReadValue()
	if err != nil {
		return err
	}
	return stdjson.Unmarshal(raw, into)
}

// items reads the items. null is how Go writes a list that was never filled.
func (r *listReading) items() error {
	start, err := r.decoder.json.ReadToken()
	if err != nil || start.Kind() == 'n' {
		return err
	}
	if start.Kind() != '[' {
		return errNotList
	}
	for r.decoder.json.PeekKind() != ']' {
		if r.wrong != nil {
			if err := r.decoder.json.SkipValue(); err != nil {
				return err
			}
			continue
		}
		if err := r.next(); err != nil {
			return err
		}
	}
	_, err = r.decoder.json.ReadToken()
	return err
}

// next reads one item.
func (r *listReading) next() error {
	before := r.decoder.pool.weight
	depth := r.decoder.json.StackDepth()
	content, err := r.decoder.item(r.listing.fields)
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errNotUTF8) {
		return err
	}
	if fields, ok := content.(map[string]any); ok && r.count == 0 {
		r.head.first, _ = fields["kind"].(string)
	}
	if err := r.add(content, err, r.decoder.pool.weight-before); err != nil {
		return err
	}
	if r.wrong != nil {
		return r.skipTo(depth)
	}
	return nil
}

// add keeps an item, or records the error of it. Its own error is that of keep.
func (r *listReading) add(content any, err error, weight int64) error {
	r.count++
	var obj *unstructured.Unstructured
	if err == nil {
		obj, err = r.listing.item(content)
	}
	if err == nil {
		name := obj.GetNamespace() + "/" + obj.GetName()
		if r.seen[name] {
			err = fmt.Errorf("repeats %s", name)
		}
		r.seen[name] = true
	}
	if err != nil {
		want, _ := r.listing.kinds()
		r.wrong = request.Malformed("item %d of the %s %s", r.count, want.Kind, err)
		return nil
	}
	if err := r.keep(obj, weight); err != nil {
		return notKeptError{err}
	}
	return nil
}

// skipTo skips the rest of an item that was not decoded completely.
func (r *listReading) skipTo(depth int) error {
	for r.decoder.json.StackDepth() > depth {
		if _, err := r.decoder.json.ReadToken(); err != nil {
			return err
		}
	}
	return nil
}

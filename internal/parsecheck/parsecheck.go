// Package parsecheck checks the parsers of messages. Only tests import it.
package parsecheck

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Case is a message, its source, and what a parser must return for it; with a zero Want the
// parser must not recognize it. It is an alias, so that tables need not repeat the names of its
// fields.
type Case[T any] = struct {
	From, Message string
	Want          T
}

// Check runs cases against a parser.
func Check[T any](t *testing.T, parse func(string) (T, bool), cases []Case[T]) {
	t.Helper()
	for _, c := range cases {
		got, ok := parse(c.Message)
		var none T
		if wanted := !reflect.DeepEqual(c.Want, none); ok != wanted {
			t.Errorf("%s\n%q\nread: %v, want %v: %+v", c.From, c.Message, ok, wanted, got)
		} else if ok && !reflect.DeepEqual(got, c.Want) {
			t.Errorf("%s\n%q\n got %+v\nwant %+v", c.From, c.Message, got, c.Want)
		}
		if !testing.Short() {
			stretch(t, c.Message, parse)
		}
	}
}

// Bounded checks the result of a parser: every text is short, and every object has names that
// Kubernetes allows and that the message contains.
func Bounded(t *testing.T, message string, read reflect.Value) {
	switch read.Kind() {
	case reflect.String:
		if read.Len() > match.MaxDetail {
			t.Errorf("%d bytes", read.Len())
		}
	case reflect.Slice:
		if read.Len() > match.MaxItems {
			t.Errorf("%d items", read.Len())
		}
		for i := range read.Len() {
			Bounded(t, message, read.Index(i))
		}
	case reflect.Struct:
		if object, ok := read.Interface().(match.Object); ok {
			for _, name := range []string{object.Group, object.Version, object.Namespace, object.Name} {
				if name != "" && (!match.IsName(name) || !strings.Contains(message, name)) {
					t.Errorf("%q is no name in the message", name)
				}
			}
		}
		for i := range read.NumField() {
			Bounded(t, message, read.Field(i))
		}
	}
}

var words = regexp.MustCompile(`[A-Za-z0-9]+`)

// stretch makes one word of a message at a time longer than any text that a parser returns.
func stretch[T any](t *testing.T, message string, parse func(string) (T, bool)) {
	for _, at := range words.FindAllStringIndex(message, -1) {
		long := message[:at[1]] + strings.Repeat(message[at[1]-1:at[1]], match.MaxDetail+1) + message[at[1]:]
		if read, ok := parse(long); ok {
			Bounded(t, long, reflect.ValueOf(read))
		}
	}
}

package collect

import (
	stdjson "encoding/json"
	"reflect"
)

// items is the JSON array of a list's items, not decoded yet: a part of the answer itself. It
// is nil if the list has none.
type items []byte

// UnmarshalJSON keeps the array. The decoder has validated it; it is not copied, because the
// answer exists for longer than its items.
func (i *items) UnmarshalJSON(array []byte) error {
	switch array[0] {
	case '[', 'n': // null, as Go writes a list that was never filled
		*i = array[1:]
		return nil
	}
	value := map[byte]string{'"': "string", '{': "object", 't': "bool", 'f': "bool"}[array[0]]
	if value == "" {
		value = "number"
	}
	return &stdjson.UnmarshalTypeError{Value: value, Type: reflect.TypeFor[[]any]()}
}

// next is the first item and those after it; nil if there is none.
func (i items) next() (item []byte, rest items) {
	from := 0
	for from < len(i) && isSpace(i[from]) {
		from++
	}
	depth, quoted := 0, false
	for at := from; at < len(i); at++ {
		switch c := i[at]; {
		case quoted && c == '\\':
			at++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth > 0 && (c == '}' || c == ']'):
			depth--
		case depth == 0 && (c == ',' || c == ']'):
			if at == from {
				return nil, nil // an empty array
			}
			return i[from:at], i[at+1:]
		}
	}
	return nil, nil // "null" without its n, or the end
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

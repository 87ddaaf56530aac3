package snapshot

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// appendValue writes the value in YAML's flow style, which is JSON, indented:
// as readable as `kubectl get -o json`, and read ten times as fast as YAML's
// block style. Map keys are sorted. It is not encoding/json, which writes the
// float 1.0 as 1, an integer when it is read again, and "<" as \u003c.
func appendValue(to []byte, value any, indent int) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(to, "null"...), nil
	case bool:
		return strconv.AppendBool(to, v), nil
	case string:
		return appendString(to, v), nil
	case int64:
		return strconv.AppendInt(to, v, 10), nil
	case int:
		return strconv.AppendInt(to, int64(v), 10), nil
	case int32:
		return strconv.AppendInt(to, int64(v), 10), nil
	case float64:
		return appendFloat(to, v)
	case map[string]any:
		return appendMap(to, v, indent)
	case []any:
		return appendList(to, v, indent)
	}
	return to, fmt.Errorf("a %T can't be written as YAML", value)
}

func appendMap(to []byte, m map[string]any, indent int) ([]byte, error) {
	if len(m) == 0 {
		return append(to, "{}"...), nil
	}
	open := byte('{')
	var err error
	for _, key := range slices.Sorted(maps.Keys(m)) {
		to = append(to, open)
		to = appendBreak(to, indent+1)
		to = appendString(to, key)
		to = append(to, ':', ' ')
		if to, err = appendValue(to, m[key], indent+1); err != nil {
			return to, fmt.Errorf("%s: %w", key, err)
		}
		open = ','
	}
	to = appendBreak(to, indent)
	return append(to, '}'), nil
}

func appendList(to []byte, list []any, indent int) ([]byte, error) {
	if len(list) == 0 {
		return append(to, "[]"...), nil
	}
	open := byte('[')
	var err error
	for _, element := range list {
		to = append(to, open)
		to = appendBreak(to, indent+1)
		if to, err = appendValue(to, element, indent+1); err != nil {
			return to, err
		}
		open = ','
	}
	to = appendBreak(to, indent)
	return append(to, ']'), nil
}

func appendBreak(to []byte, indent int) []byte {
	to = append(to, '\n')
	for range indent {
		to = append(to, ' ', ' ')
	}
	return to
}

// appendFloat keeps a float a float: 1.0 stays "1.0".
func appendFloat(to []byte, v float64) ([]byte, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return to, fmt.Errorf("%v is not a JSON number", v)
	}
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return append(to, text...), nil
}

// appendString quotes the text so that both JSON and YAML read it: YAML takes
// control characters and its own line breaks only when they are escaped.
func appendString(to []byte, text string) []byte {
	to = append(to, '"')
	for i := 0; i < len(text); {
		c, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case c == '"' || c == '\\':
			to = append(to, '\\', byte(c))
		case c == '\n':
			to = append(to, '\\', 'n')
		case c == '\t':
			to = append(to, '\\', 't')
		case c < ' ' || c >= 0x7f && c < 0xa0 || c == '\u2028' || c == '\u2029' || c == '\ufeff' || c == 0xfffe || c == 0xffff:
			to = append(to, fmt.Sprintf(`\u%04x`, c)...)
		case c == utf8.RuneError && size == 1:
			to = append(to, `\ufffd`...)
		default:
			to = append(to, text[i:i+size]...)
		}
		i += size
	}
	return append(to, '"')
}

package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// width is the maximum length of a line with a whole map or list.
const width = 220

// encode writes a map as YAML: in block style, except that a value that fits on a line has flow
// style. Otherwise an object would be much longer and no clearer.
func encode(out *bytes.Buffer, m map[string]any, depth int) {
	for _, key := range sortedKeys(m) {
		out.WriteString(strings.Repeat("  ", depth) + scalar(key) + ":")
		value(out, m[key], depth)
	}
}

// value writes the value after "key:" or "-".
func value(out *bytes.Buffer, v any, depth int) {
	if text, ok := flow(v); ok && len(text)+2*depth <= width || !hasParts(v) {
		out.WriteString(" " + text + "\n")
		return
	}
	switch v := v.(type) {
	case map[string]any:
		out.WriteString("\n")
		encode(out, v, depth+1)
	case []any:
		out.WriteString("\n")
		for _, item := range v {
			list(out, item, depth)
		}
	}
}

// list writes an item of a list, whose dash has the same indentation as the key.
func list(out *bytes.Buffer, item any, depth int) {
	m, isMap := item.(map[string]any)
	if text, _ := flow(item); !isMap || len(text)+2*depth <= width || len(m) == 0 {
		out.WriteString(strings.Repeat("  ", depth) + "-")
		value(out, item, depth)
		return
	}
	var block bytes.Buffer
	encode(&block, m, depth+1)
	text := block.Bytes()
	// The dash takes the place of the first line's indentation.
	text[2*depth] = '-'
	out.Write(text)
}

func hasParts(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return false
}

// flow returns the value on one line.
func flow(v any) (text string, ok bool) {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, key := range sortedKeys(v) {
			text, _ := flow(v[key])
			parts = append(parts, scalar(key)+": "+text)
		}
		return "{" + strings.Join(parts, ", ") + "}", true
	case []any:
		var parts []string
		for _, item := range v {
			text, _ := flow(item)
			parts = append(parts, text)
		}
		return "[" + strings.Join(parts, ", ") + "]", true
	}
	return scalar(v), true
}

// plainText needs no quotes in any position: it begins with a letter and isn't one of words.
var (
	plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*$`)
	words     = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
)

func scalar(v any) string {
	if s, ok := v.(string); ok && plainText.MatchString(s) && !slices.Contains(words, strings.ToLower(s)) {
		return s
	}
	var text bytes.Buffer
	// JSON's scalars are valid YAML. HTML escaping is off: messages contain < and >.
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprintf("%q", fmt.Sprint(v))
	}
	return strings.TrimSpace(text.String())
}

func sortedKeys(m map[string]any) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

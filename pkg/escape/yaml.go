package escape

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"regexp"
	"strconv"
)

// An emitter of YAML quotes and escapes the controls of ASCII. It does not escape other
// invisible characters (bidirectional controls, zero-width spaces, tags), and
// sigs.k8s.io/yaml, which reads the output of encoding/json, fails at DEL and C1 controls. A
// scalar without quotes can't contain escape sequences. So a value is marked before it is
// emitted (YAMLValue): each such character becomes U+0001, which every emitter quotes and
// escapes (YAML 1.2, production 1), with the number of the character. Then YAML replaces the
// marks in the output with escape sequences.

// yamlMark is random: no text from other sources contains it.
var yamlMark = rand.Text()

var yamlMarked = regexp.MustCompile(`\\x01` + yamlMark + `([0-9A-F]+);`)

// YAMLValue marks what YAML has to escape in the strings of an unstructured value. It does
// not modify the value: what needs a mark is copied.
func YAMLValue(value any) any {
	switch v := value.(type) {
	case string:
		return yamlText(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = YAMLValue(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[yamlText(key)] = YAMLValue(item)
		}
		return out
	}
	return value
}

// yamlText marks characters that are not shown as themselves, and text that a CI system would
// interpret as a command if a block scalar has it at the beginning of a line.
func yamlText(text string) string {
	if plain(text) {
		return text
	}
	var b bytes.Buffer
	for i, r := range text {
		if r >= 0x7f && hidden(r) || (r == ':' || r == '#') && startsCommand(text, i) {
			fmt.Fprintf(&b, "\x01%s%X;", yamlMark, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// YAML replaces the marks in the output of an emitter with escape sequences (YAML 1.2,
// productions 60 and 61).
func YAML(text []byte) []byte {
	return yamlMarked.ReplaceAllFunc(text, func(found []byte) []byte {
		number, err := strconv.ParseUint(string(yamlMarked.FindSubmatch(found)[1]), 16, 32)
		if err != nil {
			return found
		}
		if number > 0xffff {
			return fmt.Appendf(nil, `\U%08x`, number)
		}
		return fmt.Appendf(nil, `\u%04x`, number)
	})
}

package escape

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON escapes the characters that are not shown as themselves in a JSON text (RFC 8259,
// section 7): the values stay the same, and the characters become visible.
func JSON(text []byte) []byte {
	return replace(text, func(b []byte, r rune) []byte {
		for _, unit := range utf16.Encode([]rune{r}) {
			b = fmt.Appendf(b, `\u%04x`, unit)
		}
		return b
	})
}

// XML replaces these characters with references in an XML text (XML 1.0, section 4.1). The
// encoder replaces those that XML does not allow at all.
func XML(text []byte) []byte {
	return replace(text, func(b []byte, r rune) []byte { return fmt.Appendf(b, "&#x%X;", r) })
}

// replace replaces characters that are not shown as themselves; line feeds and tabs
// lay out the text.
func replace(text []byte, with func([]byte, rune) []byte) []byte {
	clean := cleanPrefix(text)
	if clean == len(text) {
		return text
	}
	b := bytes.Clone(text[:clean])
	for i := clean; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r != '\n' && r != '\t' && r != '\r' && hidden(r) {
			b = with(b, r)
		} else {
			b = append(b, text[i:i+size]...)
		}
		i += size
	}
	return b
}

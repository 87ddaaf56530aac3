// Package escape prevents text from the cluster and other sources from being interpreted as
// control sequences, commands or markup: on a terminal, in a line, in the log of a CI system,
// in JSON, YAML and XML, and in a shell.
//
// There are two layers. Writer receives all bytes that leave the program, and shows every
// control character instead of sending it. Line, Sprintf and similar functions compose fields
// into lines, and prevent a field from beginning a new line, which no writer could
// distinguish from a line of the program.
//
// kubectl's printers.WriteEscaped replaces only ESC and CR: C1 controls, which terminals also
// interpret as escape sequences, BS, bidirectional controls and line separators pass.
// Libraries that strip escape sequences (charmbracelet/x/ansi) remove those that they
// recognize, and do not show what was removed. Therefore this package exists.
package escape

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hiddenTables are the characters that are not shown as themselves: controls, format
// characters (with bidirectional controls, zero-width spaces and tags), line and paragraph
// separators (Unicode Standard, chapter 4.5, general categories Cc, Cf, Zl and Zp); and
// characters without a width: variation selectors, fillers and noncharacters (UAX #44,
// Default_Ignorable_Code_Point and Noncharacter_Code_Point).
var hiddenTables = []*unicode.RangeTable{
	unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp,
	unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point, unicode.Noncharacter_Code_Point,
}

// hidden reports whether a character is shown by its number.
func hidden(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, hiddenTables...)
}

// breaks reports whether some programs treat a character as the end of a line or, within a
// line, as space (UAX #14, classes BK, CR, LF and NL, and the tab).
func breaks(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', 0x85, 0x2028, 0x2029:
		return true
	}
	return false
}

// appendVisible shows a character: C0 controls and DEL as less(1) does (^[), others
// by their number.
func appendVisible(b []byte, r rune) []byte {
	switch {
	case r < ' ' || r == 0x7f:
		return append(b, '^', byte(r)^0x40)
	case r <= 0xffff:
		return fmt.Appendf(b, `\u%04x`, r)
	}
	return fmt.Appendf(b, `\U%08x`, r)
}

// appendByte shows a byte that is not part of a character.
func appendByte(b []byte, c byte) []byte { return fmt.Appendf(b, `\x%02x`, c) }

// plain reports whether a text needs no further check: printable ASCII without a doubled sign
// that a CI system may interpret as a command.
func plain(text string) bool {
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c >= 0x7f || (c == ':' || c == '#') && i+1 < len(text) && text[i+1] == c {
			return false
		}
	}
	return true
}

// Line escapes a field for a line: line breaks become spaces, other control characters are
// shown, and text that a CI system would read as a command is broken. Other text is
// returned unchanged.
func Line(text string) string {
	if plain(text) {
		return text
	}
	b := make([]byte, 0, len(text)+16)
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = appendByte(b, text[i])
		case r == '\r' && strings.HasPrefix(text[i+1:], "\n"): // one line break
		case breaks(r):
			b = append(b, ' ')
		case hidden(r):
			b = appendVisible(b, r)
		case r == ':' && startsCommand(text, i) || r == '#' && startsCommand(text, i):
			b = appendByte(b, byte(r))
		default:
			b = append(b, text[i:i+size]...)
		}
		i += size
	}
	return string(b)
}

// Sentence is Line with each run of white space replaced by one space, and none around the
// text.
func Sentence(text string) string { return strings.Join(strings.Fields(Line(text)), " ") }

// List lists names on one line: "bhs, mhr".
func List(names []string) string { return Line(strings.Join(names, ", ")) }

// Lines escapes a message of several lines: the lines after the first are indented. Tabs
// within lines stay.
func Lines(text, indent string) string {
	if plain(text) {
		return text
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		parts := strings.Split(line, "\t")
		for j, part := range parts {
			parts[j] = Line(part)
		}
		if line = strings.Join(parts, "\t"); i > 0 && line != "" {
			line = indent + line
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}

// startsCommand reports whether a CI system may interpret the text at this position as a
// command in its log: "::error::" of GitHub at the beginning of a line, also after blanks;
// "##[" of GitHub and Azure and "##vso[" of Azure anywhere in a line; "##teamcity[" at the
// beginning of a line. It is not known where a field will be broken into lines: any word may
// become the first.
func startsCommand(text string, at int) bool {
	rest := text[at:]
	if marked, ok := strings.CutPrefix(rest, "##"); ok {
		return strings.HasPrefix(marked, "[") || strings.HasPrefix(marked, "vso[") || strings.HasPrefix(marked, "teamcity[")
	}
	name, ok := strings.CutPrefix(rest, "::")
	if !ok || at > 0 && !followsBreak(text[:at]) {
		return false
	}
	end := strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")
	if len(end) == len(name) {
		return false // "::1" is an address
	}
	next, _ := utf8.DecodeRuneInString(end)
	return end == "" || unicode.IsSpace(next) || strings.HasPrefix(end, "::")
}

// followsBreak reports whether a text ends with a character that may end a line or a word:
// white space, or a character that is not shown.
func followsBreak(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return unicode.IsSpace(r) || hidden(r)
}

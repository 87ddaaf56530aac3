package render

import (
	"strings"
	"unicode/utf8"
)

// wrap breaks a sentence into lines that fit the terminal, the first behind one
// indent, the others behind another. Where there is no terminal, or everything
// is wanted, it stays in one.
func (p explanation) wrap(text, first, others string) []string {
	if p.style.Width == 0 || p.style.Wide {
		return []string{first + text}
	}
	var lines []string
	line, indent := first, first
	for _, word := range strings.Fields(text) {
		if line != indent && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > p.style.Width {
			lines = append(lines, line)
			line, indent = others, others
		}
		if line != indent {
			line += " "
		}
		line += word
		for runes := []rune(line); len(runes) > p.style.Width && p.style.Width > len(others); runes = []rune(line) {
			lines = append(lines, string(runes[:p.style.Width]))
			line, indent = others+string(runes[p.style.Width:]), others
		}
	}
	return append(lines, line)
}

// commandIndent stands in front of a command.
const commandIndent = "         "

// wrapCommand breaks a command as a shell lets one, so that it can be copied. A
// word of it is never broken.
func (p explanation) wrapCommand(command string) []string {
	if command == "" {
		return nil
	}
	if p.style.Width == 0 || p.style.Wide {
		return []string{commandIndent + command}
	}
	var lines []string
	line := commandIndent
	words := strings.Fields(command)
	for i, word := range words {
		room := p.style.Width
		if i < len(words)-1 {
			room -= len(` \`)
		}
		if line != commandIndent && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > room {
			lines = append(lines, line+` \`)
			line = commandIndent
		}
		if line != commandIndent {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

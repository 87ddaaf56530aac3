package term

import (
	"strings"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// Wrap breaks a sentence into lines that fit the terminal: first is the indent of the first
// line, others that of the other lines. Without a terminal, or with Wide, the sentence stays
// on one line.
func (s Style) Wrap(text, first, others string) []string {
	text = escape.Line(text)
	if s.Width == 0 || s.Wide {
		return []string{first + text}
	}
	var lines []string
	line, indent := first, first
	for _, word := range strings.Fields(text) {
		if line != indent && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > s.Width {
			lines = append(lines, line)
			line, indent = others, others
		}
		if line != indent {
			line += " "
		}
		line += word
		for runes := []rune(line); len(runes) > s.Width && s.Width > len(others); runes = []rune(line) {
			lines = append(lines, string(runes[:s.Width]))
			line, indent = others+string(runes[s.Width:]), others
		}
	}
	return append(lines, line)
}

// commandIndent is the indent of a command.
const commandIndent = "         "

// WrapCommand breaks a command where a shell allows it, so that the command can be copied. It
// never breaks a word.
func (s Style) WrapCommand(command string) []string {
	if command == "" {
		return nil
	}
	command = escape.Line(command)
	if s.Width == 0 || s.Wide {
		return []string{commandIndent + command}
	}
	var lines []string
	line := commandIndent
	words := shellFields(command)
	for i, word := range words {
		room := s.Width
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

// shellFields splits a command where it may be continued on another line: at spaces
// that are not quoted.
func shellFields(command string) []string {
	var words []string
	var word strings.Builder
	var quote rune
	for _, r := range command {
		switch {
		case quote == 0 && r == ' ':
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
			continue
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case r == quote:
			quote = 0
		}
		word.WriteRune(r)
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}

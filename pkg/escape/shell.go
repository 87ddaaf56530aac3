package escape

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// shellSafe are the words that every shell takes as they are (the set of Python's
// shlex.quote; zsh expands a word that begins with "=").
var shellSafe = regexp.MustCompile(`^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$`)

// Shell is a part of a command that was composed already: Command takes it as it is.
type Shell string

// ShellWord quotes a text for a POSIX shell where one would read it otherwise. Control
// characters are shown first (Line): a terminal acts on those that are pasted. A text
// that begins like a flag is no name of anything, and must not become a flag. What is
// not known stays empty, for the user to fill in.
func ShellWord(text string) string {
	text = Line(text)
	if strings.HasPrefix(text, "-") && text != "-" {
		text = `\x2d` + text[1:]
	}
	if text == "" || shellSafe.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// ShellWords are several words.
func ShellWords(texts []string) Shell {
	words := make([]string, len(texts))
	for i, text := range texts {
		words[i] = ShellWord(text)
	}
	return Shell(strings.Join(words, " "))
}

// Command composes a command to copy: each text among the arguments is a word of it,
// quoted where that is needed; a Shell is taken as it is.
func Command(format string, args ...any) string {
	words := make([]any, len(args))
	for i, arg := range args {
		switch v := arg.(type) {
		case Shell:
			words[i] = string(v)
		case string:
			words[i] = ShellWord(v)
		case fmt.Stringer:
			words[i] = ShellWord(v.String())
		default:
			words[i] = arg
			if value := reflect.ValueOf(arg); value.Kind() == reflect.String {
				words[i] = ShellWord(value.String())
			}
		}
	}
	return fmt.Sprintf(format, words...)
}

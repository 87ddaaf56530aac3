package escape

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// shellSafe matches the words that no shell changes (the set of Python's shlex.quote; zsh
// expands a word that begins with "=").
var shellSafe = regexp.MustCompile(`^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$`)

// Shell is a part of a command that is already quoted: Command inserts it unchanged.
type Shell string

// ShellWord quotes a text for a POSIX shell if the shell would change it. Control characters
// are shown first (Line): a terminal acts on those that are pasted. A text that begins like a
// flag is not a valid name, and must not become a flag. An unknown value stays empty, for the
// user to fill in.
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

// ShellWords are several words, separated by spaces.
func ShellWords(texts []string) Shell {
	words := make([]string, len(texts))
	for i, text := range texts {
		words[i] = ShellWord(text)
	}
	return Shell(strings.Join(words, " "))
}

// Command composes a command to copy: each text among the arguments becomes one word, quoted
// if necessary; a Shell is inserted unchanged.
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

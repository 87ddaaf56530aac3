package plugin

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// templateFlags are those whose values may be of several lines.
var templateFlags = []string{"-o", "--output", "--template"}

// checkArguments refuses control characters on the command line: flags that take
// lists would read only what is before a line break, and no name has any.
func checkArguments(args []string) error {
	for i, arg := range args {
		at := strings.IndexFunc(arg, unicode.IsControl)
		if at < 0 || i > 0 && slices.Contains(templateFlags, args[i-1]) || isTemplate(arg) {
			continue
		}
		what := fmt.Sprintf("the argument %q", arg)
		if flag, value, ok := strings.Cut(arg, "="); ok && strings.HasPrefix(flag, "-") && at >= len(flag) {
			what = fmt.Sprintf("the value of %s, %q,", flag, value)
		} else if i > 0 && strings.HasPrefix(args[i-1], "-") {
			what = fmt.Sprintf("the value of %s, %q,", args[i-1], arg)
		}
		return withHint(fmt.Errorf("%s has a control character", what), "Remove it. Line breaks often come with what is copied or read from a file.")
	}
	return nil
}

// isTemplate tells a flag with its value that may be of several lines.
func isTemplate(arg string) bool {
	return strings.HasPrefix(arg, "-o") || slices.ContainsFunc(templateFlags[1:], func(flag string) bool {
		return strings.HasPrefix(arg, flag+"=")
	})
}

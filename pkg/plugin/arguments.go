package plugin

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
)

// templateFlags are the flags whose values may have several lines.
var templateFlags = []string{"-o", "--output", "--template"}

// checkArguments rejects control characters on the command line: flags that take
// lists would read only the part before a line break, and no name contains one.
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
		return advice.Add(fmt.Errorf("%s contains a control character", what), "Remove it. Text that was copied or read from a file often contains a line break.")
	}
	return nil
}

// isTemplate reports whether the argument is a flag with a value that may have several lines.
func isTemplate(arg string) bool {
	return strings.HasPrefix(arg, "-o") || slices.ContainsFunc(templateFlags[1:], func(flag string) bool {
		return strings.HasPrefix(arg, flag+"=")
	})
}

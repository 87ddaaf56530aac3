package hosts

import (
	"fmt"
	"strings"
)

// Problem is what is wrong with a line of the file.
type Problem struct {
	// Line is its number, from 1.
	Line int
	// Found is what is wrong there, without the number.
	Found string
}

// DamagedError is Parse's error: blocks that were changed so that their end, or the owner
// of their lines, is not certain. Problems has at least one, in the order of the file.
type DamagedError struct{ Problems []Problem }

// Error names every line, and how to fix the file.
func (e *DamagedError) Error() string {
	var found []string
	for _, problem := range e.Problems {
		found = append(found, fmt.Sprintf("line %d %s", problem.Line, problem.Found))
	}
	return "reading the hosts file: the lines of kubectl-orthweb in it were changed: " + strings.Join(found, "; ") +
		"; nothing was written; correct these lines in an editor, or delete everything from BEGIN to END, and try again"
}

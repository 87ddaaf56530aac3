// Package similar finds names that are similar to one that does not exist.
package similar

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// maxSteps limits how many letters are compared: a tree or a cluster can have many long names.
const maxSteps = 2_000_000

// Nearest is the name that is most similar to another, empty if none is similar: one that
// begins with it, or one that becomes it by a few changes of a letter, at most two or a third
// of its length (cobra suggests commands by the same measure).
func Nearest(name string, names []string) string {
	limit, steps := max(2, len(name)/3), 0
	nearest, least := "", limit+1
	for _, n := range names {
		if max(len(n), len(name)) > validation.DNS1123SubdomainMaxLength { // no name of Kubernetes
			continue
		}
		if steps += len(n) * len(name); steps > maxSteps {
			return ""
		}
		distance := Distance(strings.ToLower(name), strings.ToLower(n))
		if strings.HasPrefix(strings.ToLower(n), strings.ToLower(name)) {
			distance = 0
		}
		if distance < least {
			nearest, least = n, distance
		}
	}
	return nearest
}

// Distance is the Levenshtein distance: the number of letters to insert, remove or replace to
// make one text another.
func Distance(from, to string) int {
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(from) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(to) {
			replaced := diagonal
			if from[i] != to[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(to)]
}

package chart

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

// maxMessage is the length of a message, in bytes.
const maxMessage = 600

// place is a template in an error of Helm, with its line and column: "app/templates/pod.yaml:3:5".
var place = regexp.MustCompile(`([^\s()"<>:]+(?: [^\s()"<>:]+)*)(?::(\d+))?(?::(\d+))?`)

// locate finds the template in a message of Helm: the last that it names, because a template is
// named after those that include it. The message is what follows, in one line.
func locate(message string, paths map[string]string) (at tree.Position, shown string) {
	rest := message
	for _, found := range place.FindAllStringSubmatchIndex(message, -1) {
		text := func(group int) string {
			if found[2*group] < 0 {
				return ""
			}
			return message[found[2*group]:found[2*group+1]]
		}
		origin, ok := originOf(text(1), paths)
		line := number(text(2))
		if !ok || line == 0 && at.File != "" { // executing "app/templates/pod.yaml" at …
			continue
		}
		at = tree.Position{File: origin}
		if line > 0 && !strings.HasSuffix(origin, ".tgz") { // not in an archive
			at.Line = line
			at.Column = number(text(3)) + 1 // text/template counts from 0
		}
		rest = message[found[1]:]
	}
	message = strings.TrimLeft(strings.Join(strings.Fields(rest), " "), "): ")
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return at, strings.TrimSuffix(message, ".")
}

// originOf is the path in the tree of a template that a text ends with.
func originOf(text string, paths map[string]string) (string, bool) {
	for {
		if origin, ok := paths[text]; ok {
			return origin, true
		}
		_, after, ok := strings.Cut(text, " ")
		if !ok {
			return "", false
		}
		text = after
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxFile {
		return 0
	}
	return n
}

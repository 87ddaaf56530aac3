package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// kustomize-controller 1.9.6, internal/controller/tmpdir.go: a temporary directory
	// "kustomization-<digits>", in any directory that the system uses for those; up to 0.25
	// "<name of the Kustomization><digits>".
	treeRoot = match.Wording(`(?:(?:/[^/\s'"]+)*?/kustomization-\d+|/tmp/[a-z][-a-z0-9.]*?\d{6,})(?:/|\b)`)
	// sigs.k8s.io/kustomize/api v0.21, internal/target: the innermost file that could not be
	// read comes first, accumulation by accumulation.
	kustomizeFiles = []*match.Pattern{
		match.Wording(`\b(?:open|l?stat|evalsymlink failure on) '?([^'\s:]+)'?(?: )?: ?(?:l?stat \S+: )?no such file or directory`),
		match.Wording(`unable to find one of 'kustomization\.yaml', 'kustomization\.yml' or 'Kustomization' in directory '([^'\n]+)'`),
		match.Wording(`failed to decode Kubernetes YAML from ([^\s:]+): `),
		match.Wording(`(?:MalformedYAMLError|invalid Kustomization): .*? in File: (\S+)`),
		match.Wording(`accumulating resources from '([^'\n]+)'`),
	}
)

// withinTree returns a path within the artifact: the part after the temporary directory that
// the artifact was unpacked to.
func withinTree(path string) string {
	path = match.Detail(path)
	if at := treeRoot.FindStringIndex(path); at != nil && at[0] == 0 {
		path = strings.TrimPrefix(path[at[1]:], "/")
		if path == "" {
			return "."
		}
	}
	return path
}

// treeOnly removes every temporary directory from a text.
func treeOnly(text string) string {
	return treeRoot.ReplaceAllString(text, "")
}

func kustomizePath(text string) string {
	for _, expression := range kustomizeFiles {
		if found := expression.FindStringSubmatch(text); found != nil {
			return withinTree(found[1])
		}
	}
	return ""
}

package apierror

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// k8s.io/apimachinery v0.36, pkg/api/meta/errors.go, NoKindMatchError.
	noKind = match.Wording(`no matches for kind "(?P<kind>[^"\s]*)" in (?:version "(?P<gv>[^"\s]*)"|versions \["(?P<first>[^"\s]*)"[^\]]*\]|group "(?P<group>[^"\s]*)")`)

	// k8s.io/kubernetes 1.36, pkg/registry/core/namespace: the error of
	// creating something in a namespace that does not exist.
	noNamespace = match.Wording(`namespaces "(` + match.NamespaceShape + `)" not found`)
	// k8s.io/apiserver v0.36, pkg/admission/plugin/namespace/lifecycle.
	terminating = match.Wording(`unable to create new content in namespace (` + match.NamespaceShape + `) because it is being terminated`)
)

func readNoMatch(text string, _ bool, e *Error) bool {
	found := match.Groups(noKind, text)
	if found == nil || !match.IsKind(found["kind"]) {
		return false
	}
	unserved := match.Object{Kind: found["kind"], Group: found["group"]}
	if served := found["gv"] + found["first"]; served != "" {
		unserved.Group, unserved.Version = match.GroupVersion(served)
	}
	if unserved.Group != "" && !match.IsName(unserved.Group) {
		return false
	}
	e.Problem, e.Unserved = ProblemNoMatch, unserved
	e.Detail = match.Detail(match.FirstLine(text[strings.Index(text, "no matches for kind"):]))
	if e.Object.Name != "" && e.Object.Kind == "" {
		e.Object.Kind, e.Object.Group, e.Object.Version = unserved.Kind, unserved.Group, unserved.Version
	}
	return true
}

func readNamespace(text string, _ bool, e *Error) bool {
	problem, found := ProblemNamespaceTerminating, terminating.FindStringSubmatch(text)
	if found == nil {
		problem, found = ProblemNamespaceNotFound, noNamespace.FindStringSubmatch(text)
	}
	if found == nil || !match.IsNamespace(found[1]) {
		return false
	}
	e.Problem, e.Namespace, e.Detail = problem, found[1], match.Detail(found[0])
	return true
}

// kindTerminating matches the answer of the API server to the creation of an object
// whose definition is being deleted.
var kindTerminating = match.Wording(`\b[a-z]+ not allowed while custom resource definition is terminating`)

func readKindTerminating(text string, _ bool, e *Error) bool {
	found := kindTerminating.FindString(text)
	if found == "" {
		return false
	}
	e.Problem, e.Detail = ProblemKindTerminating, match.Detail(found)
	return true
}

package fluxmsg

import (
	"strings"
)

var (
	// k8s.io/apimachinery v0.36, pkg/api/meta/errors.go, NoKindMatchError.
	noKind = wording(`no matches for kind "(?P<kind>[^"\s]*)" in (?:version "(?P<gv>[^"\s]*)"|versions \["(?P<first>[^"\s]*)"[^\]]*\]|group "(?P<group>[^"\s]*)")`)

	// k8s.io/kubernetes 1.36, pkg/registry/core/namespace: the error of
	// creating something in a namespace that does not exist.
	noNamespace = wording(`namespaces "(` + namespaceShape + `)" not found`)
	// k8s.io/apiserver v0.36, pkg/admission/plugin/namespace/lifecycle.
	terminating = wording(`unable to create new content in namespace (` + namespaceShape + `) because it is being terminated`)
)

func readNoMatch(text string, _ bool, e *APIError) bool {
	found := groups(noKind, text)
	if found == nil || !isKind(found["kind"]) {
		return false
	}
	unserved := Object{Kind: found["kind"], Group: found["group"]}
	if served := found["gv"] + found["first"]; served != "" {
		unserved.Group, unserved.Version = groupVersion(served)
	}
	if unserved.Group != "" && !isName(unserved.Group) {
		return false
	}
	e.Problem, e.Unserved = APINoMatch, unserved
	e.Detail = detail(firstLine(text[strings.Index(text, "no matches for kind"):]))
	if e.Object.Name != "" && e.Object.Kind == "" {
		e.Object.Kind, e.Object.Group, e.Object.Version = unserved.Kind, unserved.Group, unserved.Version
	}
	return true
}

func readNamespace(text string, _ bool, e *APIError) bool {
	problem, found := APINamespaceTerminating, terminating.FindStringSubmatch(text)
	if found == nil {
		problem, found = APINamespaceNotFound, noNamespace.FindStringSubmatch(text)
	}
	if found == nil || !isNamespace(found[1]) {
		return false
	}
	e.Problem, e.Namespace, e.Detail = problem, found[1], detail(found[0])
	return true
}

// kindTerminating matches the answer of the API server to the creation of an object
// whose definition is being deleted.
var kindTerminating = wording(`\b[a-z]+ not allowed while custom resource definition is terminating`)

func readKindTerminating(text string, _ bool, e *APIError) bool {
	found := kindTerminating.FindString(text)
	if found == "" {
		return false
	}
	e.Problem, e.Detail = APIKindTerminating, detail(found)
	return true
}

package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Dependency is what a Kustomization or HelmRelease reports about an entry of its
// spec.dependsOn.
type Dependency struct {
	Namespace, Name string
	Problem         DependencyProblem
	// Detail is the underlying error, if the message has one.
	Detail string
}

// DependencyProblem is why a dependency is not satisfied.
type DependencyProblem string

const (
	// DependencyNotReady: its Ready condition is not True, or is of an older
	// generation (kustomize-controller 1.9.6, helm-controller 1.6.1).
	DependencyNotReady DependencyProblem = "NotReady"
	// DependencyNotFound: the object does not exist.
	DependencyNotFound DependencyProblem = "NotFound"
	// DependencyRevisionBehind: it has the same source and has not applied the
	// revision of the source yet; "is not updated yet" up to kustomize-controller
	// 0.29.
	DependencyRevisionBehind DependencyProblem = "RevisionBehind"
	// DependencyReadyExpr: according to the CEL expression, it is not ready, or the
	// expression can't be evaluated.
	DependencyReadyExpr DependencyProblem = "ReadyExpr"
	// DependencyUnreadable: the request for it failed, with an error other than not
	// found.
	DependencyUnreadable DependencyProblem = "Unreadable"
)

const quotedObject = `'(?P<object>(?:` + match.NamespaceShape + `/)?` + match.NameShape + `)'`

var (
	dependencyState = match.Wording(`^dependency ` + quotedObject + ` (?P<state>is not ready|is not updated yet|revision is not up to date|is not ready according to readyExpr eval)$`)
	// kustomize-controller 1.9.6 writes "not found" for any error; helm-controller and older
	// versions write "unable to get".
	dependencyError = match.Wording(`(?s)^(?:dependency ` + quotedObject + ` not found|unable to get '(?P<older>[^'\s]+)' dependency): (?P<error>.+)$`)
	dependencyCEL   = match.Wording(`(?s)^(?:[^\n]+: )?failed to evaluate dependency (?P<object>[^\s:]+): (?P<error>.+)$`)
	// helm-controller 1.6.1 wraps it in an event.
	dependencyEvent = match.Wording(`(?s)^dependencies do not meet ready condition \((.*)\): retrying in \S+$`)
)

var dependencyStates = map[string]DependencyProblem{
	"is not ready":                             DependencyNotReady,
	"is not updated yet":                       DependencyRevisionBehind,
	"revision is not up to date":               DependencyRevisionBehind,
	"is not ready according to readyExpr eval": DependencyReadyExpr,
}

// parseDependency parses "dependency 'ns/name' is not ready" and similar messages
// (kustomize-controller 1.9.6 and helm-controller 1.6.1, checkDependencies).
func parseDependency(message string) (Dependency, bool) {
	text := strings.TrimSpace(match.Bound(message))
	if event := dependencyEvent.FindStringSubmatch(text); event != nil {
		text = event[1]
	}
	if found := match.Groups(dependencyState, text); found != nil {
		return dependencyOn(found["object"], dependencyStates[found["state"]], "")
	}
	if found := match.Groups(dependencyError, text); found != nil {
		problem := DependencyUnreadable
		if strings.HasSuffix(strings.TrimSpace(found["error"]), "not found") {
			problem = DependencyNotFound
		}
		return dependencyOn(found["object"]+found["older"], problem, found["error"])
	}
	if found := match.Groups(dependencyCEL, text); found != nil {
		return dependencyOn(found["object"], DependencyReadyExpr, found["error"])
	}
	return Dependency{}, false
}

func dependencyOn(text string, problem DependencyProblem, reported string) (Dependency, bool) {
	object, ok := match.Namespaced(text)
	if !ok {
		return Dependency{}, false
	}
	return Dependency{Namespace: object.Namespace, Name: object.Name, Problem: problem, Detail: match.Detail(reported)}, true
}

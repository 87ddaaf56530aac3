package apierror

import (
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// k8s.io/apimachinery v0.36, NewAlreadyExists.
	alreadyExists = match.Wording(`(?:^|: |\* )([a-z][-a-z0-9.]* "[^"\s]+" already exists)`)
	// helm.sh/helm/v4 4.2.4, pkg/action/validate.go; Helm 3 too.
	notImported = match.Wording(`(?s)(?P<kind>` + match.KindShape + `) "(?P<name>[^"\s]+)" in namespace "(?P<namespace>[^"\s]*)" exists and cannot be imported into the current release: (?P<why>.*)$`)

	// k8s.io/apimachinery v0.36, NewConflict.
	changedMeanwhile = match.Wording(`Operation cannot be fulfilled on [a-zA-Z][-a-zA-Z0-9.]* "[^"\s]+": ([^\n]*)`)
	// k8s.io/apimachinery v0.36, NewApplyConflict, with the texts of
	// pkg/util/managedfields.
	managedByOther = match.Wording(`(?s)Apply failed with \d+ conflicts?: (conflicts? with "([^"\n]+)".*)$`)
)

func readExists(text string, refused bool, e *Error) bool {
	if found := match.Groups(notImported, text); found != nil {
		object := match.Object{Kind: found["kind"], Name: found["name"], Namespace: found["namespace"]}
		if !match.IsKind(object.Kind) || !match.IsName(object.Name) || (object.Namespace != "" && !match.IsNamespace(object.Namespace)) {
			return false
		}
		e.Problem, e.Object, e.Detail = ProblemExists, object, match.Detail(found["why"])
		return true
	}
	at := alreadyExists.FindStringSubmatchIndex(text)
	// Without a wrapper, it must be the whole message: others write "already exists" too.
	if at == nil || (!refused && (at[0] != 0 || at[1] != len(text))) {
		return false
	}
	e.Problem, e.Detail = ProblemExists, match.Detail(text[at[2]:at[3]])
	return true
}

func readConflict(text string, _ bool, e *Error) bool {
	if found := managedByOther.FindStringSubmatch(text); found != nil {
		e.Problem, e.Manager, e.Detail = ProblemConflict, match.Word(found[2]), match.Detail(found[1])
		return true
	}
	if found := changedMeanwhile.FindStringSubmatch(text); found != nil {
		e.Problem, e.Detail = ProblemConflict, match.Detail(found[1])
		return true
	}
	return false
}

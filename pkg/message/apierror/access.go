package apierror

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Access is what a user is not allowed to do.
type Access struct {
	// User is the name that the API server uses, for a service account
	// "system:serviceaccount:namespace:name".
	User, Verb         string
	Resource, APIGroup string
	// Namespace is empty at the cluster scope.
	Namespace string
	// Escalates are the permissions that the user would grant but does not have, as
	// the API server writes them; Verb and Resource are empty then.
	Escalates string
}

var (
	// k8s.io/apiserver v0.36, pkg/endpoints/handlers/responsewriters/errors.go.
	userCannot = match.Wording(`User "(?P<user>[^"\n]+)" cannot (?P<verb>[a-z*]+) resource "(?P<resource>[-a-z0-9./*]+)" in API group "(?P<group>[-a-z0-9.]*)" (?:in the namespace "(?P<namespace>[-a-z0-9]+)"|at the cluster scope)`)
	// k8s.io/kubernetes 1.36, pkg/registry/rbac/validation/rule.go; quotes around the
	// user in all versions, "User" before 1.9.
	escalation = match.Wording(`(?s)[Uu]ser "(?P<user>[^"\n]+)" (?:\(groups=[^)\n]*\) )?is attempting to grant RBAC permissions not currently held:\s*(?P<rules>[^\n]*)`)
	// k8s.io/pod-security-admission v0.36, admission/admission.go.
	podSecurity = match.Wording(`violates PodSecurity "[^"\n]*": [^\n]*`)
	// k8s.io/kubernetes 1.36, plugin/pkg/admission/serviceaccount.
	noServiceAccount = match.Wording(`error looking up service account (` + match.NamespaceShape + `/` + match.NameShape + `): serviceaccount "[^"\s]+" not found`)
	// k8s.io/apimachinery v0.36, NewForbidden.
	forbidden     = match.Wording(`(?:^|\bis )forbidden: ([^\n]*)`)
	forbiddenName = match.Wording(`^[a-z][-a-z0-9.]* "[^"\s]+" is forbidden: `)
)

func readAccess(text string, _ bool, e *Error) bool {
	if found := match.Groups(userCannot, text); found != nil {
		e.Problem, e.Detail = ProblemForbidden, match.Detail(userCannot.FindString(text))
		e.Access = Access{
			User: match.Word(found["user"]), Verb: match.Word(found["verb"]),
			Resource: match.Word(found["resource"]), APIGroup: match.Word(found["group"]), Namespace: match.Word(found["namespace"]),
		}
		if e.Object.Name != "" && e.Object.Namespace == "" {
			e.Object.Namespace = e.Access.Namespace
		}
		return true
	}
	if found := match.Groups(escalation, text); found != nil {
		e.Problem, e.Detail = ProblemForbidden, match.Detail("attempting to grant RBAC permissions not currently held: "+found["rules"])
		e.Access = Access{User: match.Word(found["user"]), Escalates: match.Detail(strings.TrimSpace(found["rules"]))}
		return true
	}
	if found := noServiceAccount.FindStringSubmatch(text); found != nil {
		account, ok := match.Namespaced(found[1])
		account.Kind = "ServiceAccount"
		e.Problem, e.Missing, e.Detail = ProblemServiceAccountNotFound, account, match.Detail(found[0])
		return ok
	}
	if message := podSecurity.FindString(text); message != "" {
		e.Problem, e.Detail = ProblemPodSecurity, match.Detail(message)
		return true
	}
	return false
}

// readForbidden reads the message of an admission plugin, such as LimitRanger.
func readForbidden(text string, refused bool, e *Error) bool {
	found := forbidden.FindStringSubmatch(text)
	if found == nil || (!refused && !forbiddenName.MatchString(text)) {
		return false
	}
	e.Problem, e.Detail = ProblemForbidden, match.Detail(found[1])
	return true
}

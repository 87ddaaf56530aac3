package apierror

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// wrappers are the texts that others add around a message of the API server. Those
// without an object still show that what follows is an error of the API server.
var wrappers = []*match.Pattern{
	// fluxcd/pkg/ssa v0.76, errors/dry_run.go: "X dry-run failed (R): …", in
	// older versions "X dry-run failed, reason: R, error: …".
	match.Wording(`(?P<slashed>` + match.SlashedShape + `) dry-run failed(?: \((?P<reason>\w+)\)|, reason: (?P<older>\w+))?(?:, error)?: `),
	// The same, for what the API server does not find.
	match.Wording(`(?P<slashed>` + match.SlashedShape + `) (?:not found|namespace not specified): `),
	// fluxcd/pkg/ssa v0.76, manager_apply.go and manager_delete.go.
	match.Wording(`(?P<slashed>` + match.SlashedShape + `) (?:apply failed|delete failed|query failed|immutable field detected, failed to delete object|failed to migrate API version|metadata\.managedFields cleanup failed): `),
	// helm-controller 1.6.1, internal/action/diff.go, correcting drift.
	match.Wording(`(?P<slashed>` + match.SlashedShape + `) (?:creation|patch) failure: `),
	// helm.sh/helm/v4 4.2.4, pkg/kube/client.go, patchResourceServerSide; a
	// cluster's own object is written "/name".
	match.Wording(`(?:server-side apply failed for|conflict occurred while applying) object (?P<namespaced>[^\s/]*/` + match.NameShape + `) (?P<gv>[^\s,]*), Kind=(?P<kind>` + match.KindShape + `): `),
	// The same file and Helm 3's, patchResourceClientSide.
	match.Wording(`cannot patch "(?P<name>` + match.NameShape + `)" with kind (?P<kind>` + match.KindShape + `): `),
	// k8s.io/cli-runtime v0.36, pkg/resource/mapper.go.
	match.Wording(`resource mapping not found for name: "(?P<name>[^"\s]*)" namespace: "(?P<namespace>[^"\s]*)" from "[^"]*": `),
	// Events of ReplicaSets, Jobs and DaemonSets (k8s.io/kubernetes 1.36,
	// pkg/controller/controller_utils.go) and of StatefulSets
	// (pkg/controller/statefulset/stateful_pod_control.go).
	match.Wording(`^Error creating: `),
	match.Wording(`create (?P<kind>Pod|Claim) (?P<name>` + match.NameShape + `) (?:for Pod \S+ )?in StatefulSet \S+ failed error: `),
	// helm.sh/helm/v4 4.2.4, pkg/kube/client.go and pkg/action; Helm 3 too.
	match.Wording(`failed to (?:create|replace) (?:resource|object|patch): `),
	match.Wording(`unable to build kubernetes objects? (?:from (?:current |new )?release manifest|for deleting hook \S+|for \S+ hook \S+): `),
	match.Wording(`unable to continue with (?:install|update): `),
	match.Wording(`warning: Hook \S+ \S+ failed: (?:\d+ errors? occurred:\s+\* )?`),
	match.Wording(`failed to install CRD [^\s:]+: `),
}

// Unwrap records the object that the first wrapper with an object names, and returns
// the text after that wrapper: the message of the API server.
func Unwrap(text string, e *Error) (rest string, refused bool) {
	first, rest := len(text), text
	for _, wrapper := range wrappers {
		at := wrapper.FindStringIndex(text)
		if at == nil {
			continue
		}
		refused = true
		if !noteObject(match.Groups(wrapper, text[at[0]:at[1]]), e, at[0] < first) {
			continue
		}
		first, rest = at[0], text[at[1]:]
	}
	return rest, refused
}

// noteObject records the object that a wrapper names, if it is the first to name one.
func noteObject(found map[string]string, e *Error, first bool) bool {
	object, ok := match.Object{Kind: found["kind"], Name: found["name"], Namespace: found["namespace"]}, true
	switch {
	case found["slashed"] != "":
		object, ok = match.Slashed(found["slashed"])
	case found["namespaced"] != "":
		object, ok = match.Namespaced(found["namespaced"])
		object.Kind = found["kind"]
		object.Group, object.Version = match.GroupVersion(strings.TrimPrefix(found["gv"], "/"))
	}
	if !ok || !first || !match.IsName(object.Name) || (object.Namespace != "" && !match.IsNamespace(object.Namespace)) {
		return false
	}
	if object.Kind != "" && !match.IsKind(object.Kind) {
		return false
	}
	e.Object, e.Reason = object, match.Word(found["reason"]+found["older"])
	return true
}

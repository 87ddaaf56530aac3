package apierror

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// Quota is the exceeded ResourceQuota.
type Quota struct {
	Name string
	// Exceeded are the resources that would exceed the quota; empty if the quota
	// requires limits or requests that the pod does not have (see Detail).
	Exceeded []QuotaUse
}

// QuotaUse is one resource of a quota, as Kubernetes quantities.
type QuotaUse struct {
	Resource, Requested, Used, Limited string
}

// maxUses is more than a quota has resources.
const maxUses = 64

var (
	// k8s.io/apiserver v0.36, pkg/admission/plugin/resourcequota/controller.go.
	quotaExceeded = match.Wording(`exceeded quota: (?P<name>` + match.NameShape + `), requested: (?P<requested>\S+), used: (?P<used>\S+), limited: (?P<limited>[^\s,]\S*)`)
	quotaFailed   = match.Wording(`failed quota: (?P<name>` + match.NameShape + `): (?P<why>[^\n]*)`)
)

func readQuota(text string, _ bool, e *Error) bool {
	if found := match.Groups(quotaExceeded, text); found != nil && match.IsName(found["name"]) {
		used, limited := quantities(found["used"]), quantities(found["limited"])
		e.Problem, e.Quota.Name = ProblemQuota, found["name"]
		for pair := range strings.SplitSeq(found["requested"], ",") {
			resource, requested, ok := strings.Cut(pair, "=")
			if ok && resource != "" && len(e.Quota.Exceeded) < maxUses {
				e.Quota.Exceeded = append(e.Quota.Exceeded, QuotaUse{
					Resource: match.Word(resource), Requested: match.Word(requested), Used: used[resource], Limited: limited[resource],
				})
			}
		}
		e.Detail = match.Detail(quotaExceeded.FindString(text))
		return true
	}
	if found := match.Groups(quotaFailed, text); found != nil && match.IsName(found["name"]) {
		e.Problem, e.Quota.Name, e.Detail = ProblemQuota, found["name"], match.Detail(found["why"])
		return true
	}
	return false
}

// quantities parses "limits.cpu=1,pods=10".
func quantities(text string) map[string]string {
	read := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if resource, quantity, ok := strings.Cut(pair, "="); ok && len(read) < maxUses {
			read[resource] = match.Word(quantity)
		}
	}
	return read
}

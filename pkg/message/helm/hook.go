package helm

import (
	"github.com/digihunch/kubectl-orthweb/pkg/message/healthcheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

const hookShape = `(?P<hook>(?:pre|post)-(?:install|upgrade|rollback|delete)|test)`

var hooks = []*match.Pattern{
	// helm.sh/helm/v4 4.2.4, pkg/action/install.go and upgrade.go; Helm 3 too.
	match.Wording(`(?s)^(?:[^\n]*: )?failed ` + hookShape + `: (?P<why>.*)$`),
	match.Wording(`(?s)^(?:[^\n]*: )?` + hookShape + ` hooks failed: (?P<why>.*)$`),
	// pkg/action/hooks.go.
	match.Wording(`(?s)(?:^|: )warning: Hook ` + hookShape + ` \S+ failed: (?P<why>.*)$`),
	match.Wording(`(?s)(?:^|: )unable to build kubernetes objects? for ` + hookShape + ` hook \S+: (?P<why>.*)$`),
}

var (
	// Helm 3 and helm.sh/helm/v4 4.2.4, pkg/kube/wait.go, waitForJob: some versions omit the
	// name.
	hookJob = match.Wording(`\b[Jj]ob (?:(` + match.NameShape + `) )?failed: (\w+)`)
	hookPod = match.Wording(`\b[Pp]od (` + match.NameShape + `) failed\b`)
	// pkg/kube/ready.go.
	hookJobFailed = match.Wording(`\bjob is failed: (` + match.NamespaceShape + `)/(` + match.NameShape + `)`)
)

// hook parses a failed hook and its failed objects.
func (h *Failure) hook(cause string) bool {
	for _, expression := range hooks {
		found := match.Groups(expression, cause)
		if found == nil {
			continue
		}
		h.Hook = found["hook"]
		h.Objects = waitedFor(found["why"])
		if len(h.Objects) == 0 {
			h.Objects = hookObjects(found["why"])
		}
		return true
	}
	return false
}

func hookObjects(why string) []healthcheck.Item {
	if found := hookJobFailed.FindStringSubmatch(why); found != nil && match.IsNamespace(found[1]) && match.IsName(found[2]) {
		return []healthcheck.Item{{Object: match.Object{Kind: "Job", Namespace: found[1], Name: found[2]}, Status: "Failed"}}
	}
	if found := hookJob.FindStringSubmatch(why); found != nil && (found[1] == "" || match.IsName(found[1])) {
		return []healthcheck.Item{{Object: match.Object{Kind: "Job", Name: found[1]}, Status: "Failed", Error: match.Word(found[2])}}
	}
	if found := hookPod.FindStringSubmatch(why); found != nil && match.IsName(found[1]) {
		return []healthcheck.Item{{Object: match.Object{Kind: "Pod", Name: found[1]}, Status: "Failed"}}
	}
	return nil
}

package fluxmsg

const hookShape = `(?P<hook>(?:pre|post)-(?:install|upgrade|rollback|delete)|test)`

var hooks = []*pattern{
	// helm.sh/helm/v4 4.2.4, pkg/action/install.go and upgrade.go; Helm 3 too.
	wording(`(?s)^(?:[^\n]*: )?failed ` + hookShape + `: (?P<why>.*)$`),
	wording(`(?s)^(?:[^\n]*: )?` + hookShape + ` hooks failed: (?P<why>.*)$`),
	// pkg/action/hooks.go.
	wording(`(?s)(?:^|: )warning: Hook ` + hookShape + ` \S+ failed: (?P<why>.*)$`),
	wording(`(?s)(?:^|: )unable to build kubernetes objects? for ` + hookShape + ` hook \S+: (?P<why>.*)$`),
}

var (
	// Helm 3 and helm.sh/helm/v4 4.2.4, pkg/kube/wait.go, waitForJob: some
	// versions leave the name out.
	hookJob = wording(`\b[Jj]ob (?:(` + nameShape + `) )?failed: (\w+)`)
	hookPod = wording(`\b[Pp]od (` + nameShape + `) failed\b`)
	// pkg/kube/ready.go.
	hookJobFailed = wording(`\bjob is failed: (` + namespaceShape + `)/(` + nameShape + `)`)
)

// hook parses a failed hook and its failed objects.
func (h *Helm) hook(cause string) bool {
	for _, expression := range hooks {
		found := groups(expression, cause)
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

func hookObjects(why string) []Item {
	if found := hookJobFailed.FindStringSubmatch(why); found != nil && isNamespace(found[1]) && isName(found[2]) {
		return []Item{{Object: Object{Kind: "Job", Namespace: found[1], Name: found[2]}, Status: "Failed"}}
	}
	if found := hookJob.FindStringSubmatch(why); found != nil && (found[1] == "" || isName(found[1])) {
		return []Item{{Object: Object{Kind: "Job", Name: found[1]}, Status: "Failed", Error: word(found[2])}}
	}
	if found := hookPod.FindStringSubmatch(why); found != nil && isName(found[1]) {
		return []Item{{Object: Object{Kind: "Pod", Name: found[1]}, Status: "Failed"}}
	}
	return nil
}

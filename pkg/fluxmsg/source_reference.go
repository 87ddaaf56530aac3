package fluxmsg

import (
	"strings"
)

var (
	// helm-controller 1.6.1, isReady, with the source's own message behind it.
	sourceNotReady = wording(`(?s)^(?P<kind>` + kindShape + `) '(?P<object>` + namespaceShape + `/` + nameShape + `)' is not ready(?:: (?P<why>.*))?$`)
	// kustomize-controller 1.9.6, "Source 'Kind/ns/name' not found".
	sourceMissing = wording(`^Source '(` + slashedShape + `)' not found$`)
	// source-controller 1.9.5 of a HelmChart's source, helm-controller 1.6.1
	// of a HelmChart: the error of Kubernetes' API behind it.
	sourceUnread = wording(`^(?:failed to get source|could not get Source object): (?P<what>[A-Za-z][-A-Za-z0-9.]*) "(?P<name>` + nameShape + `)" not found$`)
	// kustomize-controller 1.9.6, getSource.
	sourceUnable = wording(`(?s)^unable to get source '(?P<object>` + namespaceShape + `/` + nameShape + `)': (?P<why>.*)$`)
	// source-controller 1.9.5, helmchart_controller.go.
	sourceNoArtifact = wording(`^no artifact available for (?P<kind>` + kindShape + `) source '(?P<name>` + nameShape + `)'$`)
	// kustomize-controller 1.9.6 and helm-controller 1.6.1.
	sourceNotThere = wording(`^(?:Source is not ready, artifact not found|Source artifact not found|Source not ready: artifact not found)\b`)
	// kustomize-controller 1.9.6, then helm-controller 1.6.1, internal/acl.
	sourceDenied = wording(`^(?:can't access '(?P<object>` + namespaceShape + `/` + nameShape + `)', cross-namespace references have been blocked|cross-namespace references are not allowed: cannot access (?P<kind>` + kindShape + `) (?P<other>` + namespaceShape + `/` + nameShape + `)$)`)
)

// sourceReference parses what other objects report about a source that they reference.
func sourceReference(text string) (Source, bool) {
	source := Source{Detail: detail(withoutSecrets(text))}
	ok := true
	switch {
	case sourceMissing.MatchString(text):
		source.Problem = SourceMissing
		source.Object, ok = slashed(sourceMissing.FindStringSubmatch(text)[1])
	case sourceUnread.MatchString(text):
		found := groups(sourceUnread, text)
		source.Problem = SourceMissing
		source.Object, ok = qualified(found["what"])
		source.Object.Name = found["name"]
	case sourceUnable.MatchString(text):
		found := groups(sourceUnable, text)
		source.Problem = SourceNotReady
		source.Object, ok = namespaced(found["object"])
		if strings.HasSuffix(found["why"], "not found") {
			source.Problem = SourceMissing
		}
	case sourceNoArtifact.MatchString(text):
		found := groups(sourceNoArtifact, text)
		source.Problem, source.Object = SourceNoArtifact, Object{Kind: found["kind"], Name: found["name"]}
		ok = isKind(found["kind"])
	case sourceDenied.MatchString(text):
		found := groups(sourceDenied, text)
		source.Problem = SourceAccessDenied
		source.Object, ok = namespaced(found["object"] + found["other"])
		source.Object.Kind = word(found["kind"])
	case sourceNotThere.MatchString(text):
		source.Problem = SourceNoArtifact
		return source, true
	case sourceNotReady.MatchString(text):
		return wrappedSource(groups(sourceNotReady, text))
	default:
		return Source{}, false
	}
	return source, ok && isName(source.Object.Name)
}

// wrappedSource parses what a HelmRelease reports about its HelmChart: that it is not
// ready, and why.
func wrappedSource(found map[string]string) (Source, bool) {
	object, ok := namespaced(found["object"])
	object.Kind = found["kind"]
	if !ok || !isKind(object.Kind) {
		return Source{}, false
	}
	why := strings.TrimSpace(found["why"])
	source := Source{Problem: SourceNotReady, Detail: detail(withoutSecrets(why))}
	if !sourceNotReady.MatchString(why) {
		if inner, ok := parseSource(why); ok {
			source = inner
		}
	}
	if why == "does not have an artifact" {
		source.Problem = SourceNoArtifact
	}
	// The chart's own complaint names the source behind it, which is nearer.
	if source.Object == (Object{}) {
		source.Object = object
	}
	return source, true
}

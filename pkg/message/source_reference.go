package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// helm-controller 1.6.1, isReady, followed by the source's own message.
	sourceNotReady = match.Wording(`(?s)^(?P<kind>` + match.KindShape + `) '(?P<object>` + match.NamespaceShape + `/` + match.NameShape + `)' is not ready(?:: (?P<why>.*))?$`)
	// kustomize-controller 1.9.6, "Source 'Kind/ns/name' not found".
	sourceMissing = match.Wording(`^Source '(` + match.SlashedShape + `)' not found$`)
	// source-controller 1.9.5 of a HelmChart's source, helm-controller 1.6.1 of a HelmChart,
	// followed by the error of the API server.
	sourceUnread = match.Wording(`^(?:failed to get source|could not get Source object): (?P<what>[A-Za-z][-A-Za-z0-9.]*) "(?P<name>` + match.NameShape + `)" not found$`)
	// kustomize-controller 1.9.6, getSource.
	sourceUnable = match.Wording(`(?s)^unable to get source '(?P<object>` + match.NamespaceShape + `/` + match.NameShape + `)': (?P<why>.*)$`)
	// source-controller 1.9.5, helmchart_controller.go.
	sourceNoArtifact = match.Wording(`^no artifact available for (?P<kind>` + match.KindShape + `) source '(?P<name>` + match.NameShape + `)'$`)
	// kustomize-controller 1.9.6 and helm-controller 1.6.1.
	sourceNotThere = match.Wording(`^(?:Source is not ready, artifact not found|Source artifact not found|Source not ready: artifact not found)\b`)
	// kustomize-controller 1.9.6, then helm-controller 1.6.1, internal/acl.
	sourceDenied = match.Wording(`^(?:can't access '(?P<object>` + match.NamespaceShape + `/` + match.NameShape + `)', cross-namespace references have been blocked|cross-namespace references are not allowed: cannot access (?P<kind>` + match.KindShape + `) (?P<other>` + match.NamespaceShape + `/` + match.NameShape + `)$)`)
)

// sourceReference parses what other objects report about a source that they reference.
func sourceReference(text string) (Source, bool) {
	source := Source{Detail: match.Detail(withoutSecrets(text))}
	ok := true
	switch {
	case sourceMissing.MatchString(text):
		source.Problem = SourceMissing
		source.Object, ok = match.Slashed(sourceMissing.FindStringSubmatch(text)[1])
	case sourceUnread.MatchString(text):
		found := match.Groups(sourceUnread, text)
		source.Problem = SourceMissing
		source.Object, ok = match.Qualified(found["what"])
		source.Object.Name = found["name"]
	case sourceUnable.MatchString(text):
		found := match.Groups(sourceUnable, text)
		source.Problem = SourceNotReady
		source.Object, ok = match.Namespaced(found["object"])
		if strings.HasSuffix(found["why"], "not found") {
			source.Problem = SourceMissing
		}
	case sourceNoArtifact.MatchString(text):
		found := match.Groups(sourceNoArtifact, text)
		source.Problem, source.Object = SourceNoArtifact, match.Object{Kind: found["kind"], Name: found["name"]}
		ok = match.IsKind(found["kind"])
	case sourceDenied.MatchString(text):
		found := match.Groups(sourceDenied, text)
		source.Problem = SourceAccessDenied
		source.Object, ok = match.Namespaced(found["object"] + found["other"])
		source.Object.Kind = match.Word(found["kind"])
	case sourceNotThere.MatchString(text):
		source.Problem = SourceNoArtifact
		return source, true
	case sourceNotReady.MatchString(text):
		return wrappedSource(match.Groups(sourceNotReady, text))
	default:
		return Source{}, false
	}
	return source, ok && match.IsName(source.Object.Name)
}

// wrappedSource parses what a HelmRelease reports about its HelmChart: that it is not
// ready, and why.
func wrappedSource(found map[string]string) (Source, bool) {
	object, ok := match.Namespaced(found["object"])
	object.Kind = found["kind"]
	if !ok || !match.IsKind(object.Kind) {
		return Source{}, false
	}
	why := strings.TrimSpace(found["why"])
	source := Source{Problem: SourceNotReady, Detail: match.Detail(withoutSecrets(why))}
	if !sourceNotReady.MatchString(why) {
		if inner, ok := parseSource(why); ok {
			source = inner
		}
	}
	if why == "does not have an artifact" {
		source.Problem = SourceNoArtifact
	}
	// The chart's own message names its source, which is nearer to the cause.
	if source.Object == (match.Object{}) {
		source.Object = object
	}
	return source, true
}

package message

import (
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

var (
	// fluxcd/pkg/kustomize v1.35, kustomize_varsub.go.
	substituteFrom = match.Wording(`(?s)substitute from '(ConfigMap|Secret)/(` + match.NameShape + `)' error: (.*)$`)
	variableName   = match.Wording(`'([^'\n]+)' var name is invalid`)
	// fluxcd/pkg/envsubst v1.7, in strict mode.
	// The same module, parse/parse.go: "${" that begins no expression of its own.
	variableSyntax = match.Wording(`variable substitution failed: (bad substitution|missing closing brace|unable to parse (?:variable name|substitution within function|default function))`)
	variableUnset  = match.Wording(`variable not set \(strict mode\): "?([A-Za-z_][A-Za-z0-9_]*)"?`)
	// sigs.k8s.io/kustomize/kyaml v0.21, resid/gvk.go: "Kind.version.group",
	// and in older ones "group_version_Kind"; "[noGrp]" and "~G" for no group.
	gvkDotted = match.Wording(`^(` + match.KindShape + `)\.(\w+|\[noVer\])\.([-a-z0-9.]+|\[noGrp\])$`)
	gvkScored = match.Wording(`^([-a-z0-9.]+|~G)_(\w+|~V)_(` + match.KindShape + `)$`)
)

func (b *Build) substitution(why string) {
	if found := substituteFrom.FindStringSubmatch(why); found != nil && match.IsName(found[2]) {
		b.Reference = match.Object{Kind: found[1], Name: found[2]}
		b.Missing = strings.HasSuffix(strings.TrimSpace(found[3]), "not found")
	}
	if found := variableSyntax.FindStringSubmatch(why); found != nil {
		b.Syntax = found[1]
	}
	for _, expression := range []*match.Pattern{variableUnset, variableName} {
		if found := expression.FindStringSubmatch(why); found != nil {
			b.Variable = match.Word(found[1])
			return
		}
	}
}

// kustomizeObject reads "Deployment.v1.apps/name"; empty when it can't.
func kustomizeObject(text string) match.Object {
	gvk, name, _ := strings.Cut(text, "/")
	name = strings.TrimSuffix(name, ".[noNs]") // kyaml v0.21, resid/resid.go
	var object match.Object
	if found := gvkDotted.FindStringSubmatch(gvk); found != nil {
		object = match.Object{Kind: found[1], Version: found[2], Group: found[3], Name: name}
	} else if found := gvkScored.FindStringSubmatch(gvk); found != nil {
		object = match.Object{Group: found[1], Version: found[2], Kind: found[3], Name: name}
	}
	if object == (match.Object{}) && match.IsName(text) {
		return match.Object{Name: text} // older versions have no more
	}
	if object.Group == "[noGrp]" || object.Group == "~G" {
		object.Group = ""
	}
	if object.Version == "[noVer]" || object.Version == "~V" {
		object.Version = ""
	}
	for _, name := range []string{object.Group, object.Version} {
		if name != "" && !match.IsName(name) {
			return match.Object{}
		}
	}
	if !match.IsKind(object.Kind) || !match.IsName(object.Name) {
		return match.Object{}
	}
	return object
}

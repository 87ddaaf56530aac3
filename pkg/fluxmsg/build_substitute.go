package fluxmsg

import (
	"strings"
)

var (
	// fluxcd/pkg/kustomize v1.35, kustomize_varsub.go.
	substituteFrom = wording(`(?s)substitute from '(ConfigMap|Secret)/(` + nameShape + `)' error: (.*)$`)
	variableName   = wording(`'([^'\n]+)' var name is invalid`)
	// fluxcd/pkg/envsubst v1.7, in strict mode.
	// The same module, parse/parse.go: "${" that begins no expression of its own.
	variableSyntax = wording(`variable substitution failed: (bad substitution|missing closing brace|unable to parse (?:variable name|substitution within function|default function))`)
	variableUnset  = wording(`variable not set \(strict mode\): "?([A-Za-z_][A-Za-z0-9_]*)"?`)
	// sigs.k8s.io/kustomize/kyaml v0.21, resid/gvk.go: "Kind.version.group",
	// and in older ones "group_version_Kind"; "[noGrp]" and "~G" for no group.
	gvkDotted = wording(`^(` + kindShape + `)\.(\w+|\[noVer\])\.([-a-z0-9.]+|\[noGrp\])$`)
	gvkScored = wording(`^([-a-z0-9.]+|~G)_(\w+|~V)_(` + kindShape + `)$`)
)

func (b *Build) substitution(why string) {
	if found := substituteFrom.FindStringSubmatch(why); found != nil && isName(found[2]) {
		b.Reference = Object{Kind: found[1], Name: found[2]}
		b.Missing = strings.HasSuffix(strings.TrimSpace(found[3]), "not found")
	}
	if found := variableSyntax.FindStringSubmatch(why); found != nil {
		b.Syntax = found[1]
	}
	for _, expression := range []*pattern{variableUnset, variableName} {
		if found := expression.FindStringSubmatch(why); found != nil {
			b.Variable = word(found[1])
			return
		}
	}
}

// kustomizeObject reads "Deployment.v1.apps/name"; empty when it can't.
func kustomizeObject(text string) Object {
	gvk, name, _ := strings.Cut(text, "/")
	name = strings.TrimSuffix(name, ".[noNs]") // kyaml v0.21, resid/resid.go
	var object Object
	if found := gvkDotted.FindStringSubmatch(gvk); found != nil {
		object = Object{Kind: found[1], Version: found[2], Group: found[3], Name: name}
	} else if found := gvkScored.FindStringSubmatch(gvk); found != nil {
		object = Object{Group: found[1], Version: found[2], Kind: found[3], Name: name}
	}
	if object == (Object{}) && isName(text) {
		return Object{Name: text} // older versions give no more
	}
	if object.Group == "[noGrp]" || object.Group == "~G" {
		object.Group = ""
	}
	if object.Version == "[noVer]" || object.Version == "~V" {
		object.Version = ""
	}
	for _, name := range []string{object.Group, object.Version} {
		if name != "" && !isName(name) {
			return Object{}
		}
	}
	if !isKind(object.Kind) || !isName(object.Name) {
		return Object{}
	}
	return object
}

package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// substituteDisabled disables the substitution in one object (fluxcd/pkg/kustomize
// v1.35, kustomize_varsub.go).
const substituteDisabled = "kustomize.toolkit.fluxcd.io/substitute: disabled"

// substitution reports a variable without a value. Setting the value is correct for a
// variable of Flux and wrong for one of a script, whose text would permanently have the
// current value; so the two are told apart by evidence.
func (k kustomization) substitution(build fluxmsg.Build) {
	use := variableUse{name: build.Variable, in: k.builtObject(build.Object)}
	f := k.ownFinding(codeSubstitutionFailed, k.failedAt("BuildFailed"))
	if build.Variable == "" && build.Syntax == "" {
		f.Fixes = []finding.Fix{k.local("build", "Build it in a clone of the repository, like Flux does, to see the object after the substitution")}
		k.report(f)
		return
	}
	if build.Syntax != "" {
		use.forProgram = append(use.forProgram, "it does not have the form of a Flux variable ("+build.Syntax+")")
	} else if invalidName(build) {
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Rename %s in spec.postBuild.substitute or in the object that substituteFrom names: a name can have only letters, digits and _", build.Variable), File: k.x.definedIn(k.obj)}}
		k.report(f)
		return
	}
	k.weighDefined(&use)
	k.weighObject(&use)
	f.Evidence = append(f.Evidence, use.evidence...)
	f.Message, f.Fixes = k.variableAdvice(use)
	if len(use.forFlux) == 0 && (len(use.forProgram) > 0 || use.byName != "") {
		f.Code = codeNotVariable
	}
	k.report(f)
}

// invalidName reports whether Flux refuses the name of a variable, not its missing
// value.
func invalidName(build fluxmsg.Build) bool {
	return strings.Contains(build.Detail, "var name is invalid")
}

// builtObject is the object in which the substitution failed. kustomize appends
// the namespace to the name (kyaml v0.21, resid.String).
func (k kustomization) builtObject(object fluxmsg.Object) finding.Ref {
	ref := finding.Ref{APIVersion: cmp.Or(object.Version, "v1"), Kind: object.Kind, Name: object.Name, Namespace: object.Namespace}
	if object.Group != "" {
		ref.APIVersion = object.Group + "/" + ref.APIVersion
	}
	at := strings.LastIndex(ref.Name, ".")
	if at > 0 && k.knownNamespace(ref.Name[at+1:]) {
		ref.Name, ref.Namespace = ref.Name[:at], ref.Name[at+1:]
	}
	return ref
}

func (k kustomization) knownNamespace(name string) bool {
	if name == field.Text(k.obj.Object, "spec", "targetNamespace") || name == k.obj.GetNamespace() {
		return true
	}
	applied := slices.ContainsFunc(health.Inventory(k.obj), func(ref finding.Ref) bool { return ref.Namespace == name })
	return applied || k.x.snap.Lookup(finding.Ref{APIVersion: "v1", Kind: health.NamespaceKind.Kind, Name: name}).Presence == snapshot.Present
}

// variableAdvice composes the message and the fixes: for the program, for Flux, or for
// both if the evidence does not decide.
func (k kustomization) variableAdvice(use variableUse) (message string, fixes []finding.Fix) {
	what := "text that begins with ${"
	escaped := "$${…}"
	if use.name != "" {
		what, escaped = "${"+use.name+"}", "$${"+use.name+"}"
	}
	where := "an object that the message does not name"
	if use.in.Kind != "" {
		where = use.in.String()
	} else if use.in.Name != "" {
		where = "the object " + use.in.Name
	}
	message = fmt.Sprintf("%s can't be built: Flux reads %s in %s as a variable, and it has no value", finding.RefOf(k.obj), what, where)
	if use.name == "" {
		message = fmt.Sprintf("%s can't be built: Flux reads %s in %s as a variable, and can't parse it", finding.RefOf(k.obj), what, where)
	}
	program := finding.Fix{File: k.path(), Text: fmt.Sprintf("Write %s in the text, so that the program reads it with one $, or annotate %s with %s", escaped, where, substituteDisabled)}
	value := finding.Fix{File: k.x.definedIn(k.obj), Text: fmt.Sprintf("If Flux should replace %s, give it a value in spec.postBuild.substitute, or in the object that substituteFrom names", what)}
	if use.near != "" {
		value = finding.Fix{File: k.path(), Text: fmt.Sprintf("Write ${%s}, which has a value, instead of ${%s}", use.near, use.name)}
	}
	const frozen = "a value in spec.postBuild would replace it in the text"
	switch {
	case use.name == "": // nothing that could have a value
		return because(message, use.forProgram), []finding.Fix{program}
	case len(use.forFlux) > 0:
		return because(message, use.forFlux), []finding.Fix{value}
	case len(use.forProgram) > 0:
		return because(message, append(use.forProgram, frozen)), []finding.Fix{program}
	case use.byName != "" && use.unlike != "":
		return because(message, []string{use.byName, use.unlike, frozen}), []finding.Fix{program}
	case use.byName != "":
		return because(message, []string{use.byName}), []finding.Fix{program, value}
	case freeText(use.in):
		look := k.local("build", "Check in a clone of the repository whether a program reads the text or Flux should replace the variable")
		program.Text = "If a program reads it: " + strings.ToLower(program.Text[:1]) + program.Text[1:]
		return message + "; only the text shows whether it is for Flux or for a program", []finding.Fix{look, value, program}
	}
	value.Text = strings.Replace(value.Text, "If Flux should replace "+what+", give it", "Give "+what, 1)
	return message, []finding.Fix{value}
}

func because(message string, reasons []string) string {
	if len(reasons) == 0 {
		return message
	}
	return message + "; " + strings.Join(reasons, "; ")
}

package kustomize

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/similar"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// substituteDisabled disables the substitution in one object (fluxcd/pkg/kustomize
// v1.35, kustomize_varsub.go).
const substituteDisabled = "kustomize.toolkit.fluxcd.io/substitute: disabled"

// substitution reports a variable without a value. Setting the value is correct for a
// variable of Flux and wrong for one of a script, whose text would permanently have the
// current value; so evidence has to distinguish the two.
func substitution(k flux.Kustomization, build message.Build) {
	use := variableUse{name: build.Variable, in: builtObject(k, build.Object)}
	f := ownFinding(k, engine.CodeSubstitutionFailed, failedAt(k, "BuildFailed"))
	if build.Variable == "" && build.Syntax == "" {
		f.Fixes = []finding.Fix{local(k, "build", "Build it in a clone of the repository, like Flux does, to see the object after the substitution")}
		report(k, f)
		return
	}
	if build.Syntax != "" {
		use.forProgram = append(use.forProgram, "it does not have the form of a Flux variable ("+build.Syntax+")")
	} else if invalidName(build) {
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Rename %s in spec.postBuild.substitute or in the object that substituteFrom names: a name can have only letters, digits and _", build.Variable), File: k.X.DefinedIn(k.Obj)}}
		report(k, f)
		return
	}
	weighDefined(k, &use)
	weighObject(k, &use)
	f.Evidence = append(f.Evidence, use.evidence...)
	f.Message, f.Fixes = variableAdvice(k, use)
	if len(use.forFlux) == 0 && (len(use.forProgram) > 0 || use.byName != "") {
		f.Code = engine.CodeNotVariable
	}
	report(k, f)
}

// invalidName reports whether Flux refuses the name of a variable, not its missing
// value.
func invalidName(build message.Build) bool {
	return strings.Contains(build.Detail, "var name is invalid")
}

// builtObject is the object in which the substitution failed. kustomize appends
// the namespace to the name (kyaml v0.21, resid.String).
func builtObject(k flux.Kustomization, obj match.Object) object.Ref {
	ref := object.Ref{APIVersion: cmp.Or(obj.Version, "v1"), Kind: obj.Kind, Name: obj.Name, Namespace: obj.Namespace}
	if obj.Group != "" {
		ref.APIVersion = obj.Group + "/" + ref.APIVersion
	}
	at := strings.LastIndex(ref.Name, ".")
	if at > 0 && knownNamespace(k, ref.Name[at+1:]) {
		ref.Name, ref.Namespace = ref.Name[:at], ref.Name[at+1:]
	}
	return ref
}

func knownNamespace(k flux.Kustomization, name string) bool {
	if name == object.Text(k.Obj.Object, "spec", "targetNamespace") || name == k.Obj.GetNamespace() {
		return true
	}
	applied := slices.ContainsFunc(health.Inventory(k.Obj), func(ref object.Ref) bool { return ref.Namespace == name })
	return applied || k.X.Snap.Lookup(object.Ref{APIVersion: "v1", Kind: object.NamespaceKind.Kind, Name: name}).Presence == snapshot.Present
}

// variableAdvice composes the message and the fixes: for the program, for Flux, or for
// both if the evidence does not decide.
func variableAdvice(k flux.Kustomization, use variableUse) (message string, fixes []finding.Fix) {
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
	message = fmt.Sprintf("%s can't be built: Flux reads %s in %s as a variable, and it has no value", object.RefOf(k.Obj), what, where)
	if use.name == "" {
		message = fmt.Sprintf("%s can't be built: Flux reads %s in %s as a variable, and can't parse it", object.RefOf(k.Obj), what, where)
	}
	program := finding.Fix{File: path(k), Text: fmt.Sprintf("Write %s in the text, so that the program reads it with one $, or annotate %s with %s", escaped, where, substituteDisabled)}
	value := finding.Fix{File: k.X.DefinedIn(k.Obj), Text: fmt.Sprintf("If Flux should replace %s, give it a value in spec.postBuild.substitute, or in the object that substituteFrom names", what)}
	if use.near != "" {
		value = finding.Fix{File: path(k), Text: fmt.Sprintf("Write ${%s}, which has a value, instead of ${%s}", use.near, use.name)}
	}
	const frozen = "a value in spec.postBuild would replace it in the text"
	switch {
	case use.name == "": // no object that could have a value
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
		look := local(k, "build", "Check in a clone of the repository whether a program reads the text or Flux should replace the variable")
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

// variableUse is a variable that Flux could not replace, with the evidence for which program
// it is: Flux, or the program that reads the text later.
type variableUse struct {
	name string
	// in is the object that contains the text.
	in object.Ref
	// forFlux and forProgram are the evidence for each, one clause each; byName is the
	// evidence in the name of the object alone.
	forFlux, forProgram []string
	byName              string
	// unlike is set if it does not have the form of the variables that have a value.
	unlike   string
	evidence []finding.Evidence
	// near is a variable that has a value and a similar name.
	near string
}

// weighDefined compares the variable with those that have a value: one with a similar
// name indicates a misspelling. A missing optional ConfigMap or Secret may be where it
// should come from.
func weighDefined(k flux.Kustomization, use *variableUse) {
	if use.name == "" {
		return
	}
	least := max(1, min(2, len(use.name)/4)) + 1
	var defined []string
	consider := func(obj *unstructured.Unstructured, path string, names []string) {
		defined = append(defined, names...)
		for _, name := range names {
			far := similar.Distance(strings.ToLower(use.name), strings.ToLower(name))
			if far < least {
				least, use.near = far, name
				value, _ := object.Map(obj.Object, strings.Split(path, ".")...)[name].(string)
				use.evidence = []finding.Evidence{engine.Evidence(obj, path+"["+name+"]", value, time.Time{})}
			}
		}
	}
	consider(k.Obj, "spec.postBuild.substitute", slices.Sorted(maps.Keys(object.Map(k.Obj.Object, "spec", "postBuild", "substitute"))))
	for _, from := range object.List(k.Obj.Object, "spec", "postBuild", "substituteFrom") {
		ref := engine.CoreRef(object.Text(from, "kind"), k.Obj.GetNamespace(), object.Text(from, "name"))
		switch answer := k.X.Snap.Lookup(ref); {
		case answer.Presence == snapshot.Present:
			consider(answer.Object, "data", slices.Sorted(maps.Keys(object.Map(answer.Object.Object, "data"))))
		case answer.Presence == snapshot.Absent && object.Bool(from, "optional"):
			use.forFlux = append(use.forFlux, fmt.Sprintf("%s, from which it takes optional variables, does not exist", ref))
			use.evidence = append(use.evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		}
	}
	if use.near != "" {
		use.forFlux = append(use.forFlux, "variable "+use.near+" has a value")
	}
	use.unlike = otherCase(use.name, defined)
}

// otherCase reports a variable in upper case among variables in lower case, or the
// reverse: empty if those have no common form, or there are none.
func otherCase(name string, defined []string) string {
	upper, lower := strings.ToUpper(name) == name, strings.ToLower(name) == name
	if len(defined) == 0 || upper == lower {
		return ""
	}
	for _, other := range defined {
		if upper && strings.ToLower(other) != other || lower && strings.ToUpper(other) != other {
			return ""
		}
	}
	return fmt.Sprintf("the variables that have a value (%s) are written differently", strings.Join(defined[:min(len(defined), engine.MaxNamed)], ", "))
}

// programVariables are names that shells and dashboards set (POSIX Shell Command
// Language, 2.5.3; bash, Shell Variables; Grafana, exported dashboards).
var programVariables = []string{
	"HOME", "PATH", "PWD", "OLDPWD", "USER", "HOSTNAME", "SHELL", "IFS", "RANDOM", "SECONDS", "LINENO", "TMPDIR", "UID", "PPID",
	"PGDATA", "PGPASSWORD", "POD_NAME", "POD_NAMESPACE", "POD_IP", "NODE_NAME", "NAMESPACE_NAME",
}

// scriptWords are in the names of objects and keys that contain text for programs.
var scriptWords = []string{"script", "entrypoint", "hook", "init", "dashboard", "template", "cron", "backup", ".sh", ".bash", ".py", ".lua", ".tpl"}

// weighObject examines the object that contains the variable: its kind, and whether a
// program that reads the text has a variable of that name.
func weighObject(k flux.Kustomization, use *variableUse) {
	if use.in.Kind == "CustomResourceDefinition" {
		use.forProgram = append(use.forProgram, "the text belongs to a CustomResourceDefinition, most likely to a description")
	}
	if slices.Contains(programVariables, use.name) || strings.HasPrefix(use.name, "BASH_") || strings.HasPrefix(use.name, "DS_") || len(use.name) == 1 {
		use.forProgram = append(use.forProgram, "programs set a variable of that name themselves")
	}
	if use.in.GroupKind() == object.ConfigMapKind || use.in.GroupKind() == object.SecretKind {
		if word := scriptWord(k, use.in); word != "" {
			use.byName = fmt.Sprintf("the name of the object or of one of its keys contains %q, so it probably contains a script", word)
		}
	}
	if workload, path := readsVariable(k, use); workload != nil {
		use.forProgram = append(use.forProgram, fmt.Sprintf("a container of %s has an environment variable of that name", object.RefOf(workload)))
		use.evidence = append(use.evidence, engine.Evidence(workload, path, use.name, time.Time{}))
	}
}

// scriptWord is the word in the name of an object, or of one of its keys, that
// indicates a script.
func scriptWord(k flux.Kustomization, ref object.Ref) string {
	names := []string{ref.Name}
	if obj := k.X.Snap.Lookup(ref).Object; obj != nil {
		names = append(names, slices.Sorted(maps.Keys(object.Map(obj.Object, "data")))...)
	}
	for _, name := range names {
		for _, word := range scriptWords {
			if strings.Contains(strings.ToLower(name), word) {
				return word
			}
		}
	}
	return ""
}

// readsVariable finds a workload whose container has an environment variable of the
// name: the object itself, or any workload in its namespace.
func readsVariable(k flux.Kustomization, use *variableUse) (*unstructured.Unstructured, string) {
	if use.name == "" || use.in.Namespace == "" {
		return nil, ""
	}
	own := use.in.GroupKind()
	for _, kind := range []schema.GroupKind{object.DeploymentKind, object.StatefulSetKind, object.DaemonSetKind} {
		if kind != own && own != object.ConfigMapKind && own != object.SecretKind {
			continue
		}
		for _, obj := range k.X.Snap.List(kind, use.in.Namespace).Objects {
			if kind == own && obj.GetName() != use.in.Name {
				continue
			}
			for i, container := range object.List(obj.Object, "spec", "template", "spec", "containers") {
				for j, env := range object.List(container, "env") {
					if object.Text(env, "name") == use.name {
						return obj, fmt.Sprintf("spec.template.spec.containers[%d].env[%d].name", i, j)
					}
				}
			}
		}
	}
	return nil, ""
}

// freeText reports whether an object may contain text for any program.
func freeText(ref object.Ref) bool {
	return slices.Contains([]string{"", "ConfigMap", "Secret", "Job", "CronJob"}, ref.Kind)
}

package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/fluxmsg"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var configMapKind = schema.GroupKind{Kind: "ConfigMap"}

// substituteDisabled switches off the substitution in one object
// (fluxcd/pkg/kustomize v1.35, kustomize_varsub.go).
const substituteDisabled = "kustomize.toolkit.fluxcd.io/substitute: disabled"

// variableUse is a variable that Flux could not replace, and what tells for whom
// it is: Flux, or the program that reads the text later.
type variableUse struct {
	name string
	// in is the object whose text has it.
	in finding.Ref
	// forFlux and forProgram are what speaks for each, a clause apiece; byName is
	// what the object's name alone says for a program.
	forFlux, forProgram []string
	byName              string
	// unlike is set when it is not written as the variables that have a value.
	unlike   string
	evidence []finding.Evidence
	// near is a variable that has a value and a similar name.
	near string
}

// substitution reports a variable without a value. Giving it one is right for a
// variable of Flux's and wrong for one of a script's, which would get the value
// of today for good; so what tells the two apart is looked for.
func (k kustomization) substitution(build fluxmsg.Build) {
	use := variableUse{name: build.Variable, in: k.builtObject(build.Object)}
	f := k.plain(codeSubstitutionFailed, k.failedAt("BuildFailed"))
	if build.Variable == "" && build.Syntax == "" {
		f.Fixes = []finding.Fix{k.local("build", "Build it in a clone of the repository, as Flux does, to see what the substitution makes of the object")}
		k.report(f)
		return
	}
	if build.Syntax != "" {
		use.forProgram = append(use.forProgram, "it is not written as Flux's variables are ("+build.Syntax+")")
	} else if invalidName(build) {
		f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Rename %s in spec.postBuild.substitute or in what substituteFrom names: a name has letters, digits and _ only", build.Variable), File: k.x.definedIn(k.obj)}}
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

// invalidName tells whether it is a variable's own name that Flux refuses, not
// its lack of a value.
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

// weighDefined compares the variable with those that have a value: one of a
// similar name speaks for a misspelling. An optional ConfigMap or Secret that is
// missing may be where it should have come from.
func (k kustomization) weighDefined(use *variableUse) {
	if use.name == "" {
		return
	}
	least := max(1, min(2, len(use.name)/4)) + 1
	var defined []string
	consider := func(obj *unstructured.Unstructured, path string, names []string) {
		defined = append(defined, names...)
		for _, name := range names {
			far := distance(strings.ToLower(use.name), strings.ToLower(name))
			if far < least {
				least, use.near = far, name
				value, _ := field.Map(obj.Object, strings.Split(path, ".")...)[name].(string)
				use.evidence = []finding.Evidence{evidence(obj, path+"["+name+"]", value, time.Time{})}
			}
		}
	}
	consider(k.obj, "spec.postBuild.substitute", slices.Sorted(maps.Keys(field.Map(k.obj.Object, "spec", "postBuild", "substitute"))))
	for _, from := range field.List(k.obj.Object, "spec", "postBuild", "substituteFrom") {
		ref := coreRef(field.Text(from, "kind"), k.obj.GetNamespace(), field.Text(from, "name"))
		switch answer := k.x.snap.Lookup(ref); {
		case answer.Presence == snapshot.Present:
			consider(answer.Object, "data", slices.Sorted(maps.Keys(field.Map(answer.Object.Object, "data"))))
		case answer.Presence == snapshot.Absent && field.Bool(from, "optional"):
			use.forFlux = append(use.forFlux, fmt.Sprintf("%s, from which it takes optional variables, does not exist", ref))
			use.evidence = append(use.evidence, finding.Evidence{Ref: ref, Field: "object", Value: "does not exist"})
		}
	}
	if use.near != "" {
		use.forFlux = append(use.forFlux, "variable "+use.near+" has a value")
	}
	use.unlike = otherCase(use.name, defined)
}

// otherCase tells of a variable in capitals among those in small letters, or the
// reverse: empty where they don't all have one way, or are none.
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
	return fmt.Sprintf("the variables that have a value (%s) are written otherwise", strings.Join(defined[:min(len(defined), maxNamed)], ", "))
}

// programVariables are names that shells and dashboards set themselves (POSIX
// Shell Command Language, 2.5.3; bash, Shell Variables; Grafana, exported
// dashboards).
var programVariables = []string{
	"HOME", "PATH", "PWD", "OLDPWD", "USER", "HOSTNAME", "SHELL", "IFS", "RANDOM", "SECONDS", "LINENO", "TMPDIR", "UID", "PPID",
	"PGDATA", "PGPASSWORD", "POD_NAME", "POD_NAMESPACE", "POD_IP", "NODE_NAME", "NAMESPACE_NAME",
}

// scriptWords are in the names of objects and keys that hold text for programs.
var scriptWords = []string{"script", "entrypoint", "hook", "init", "dashboard", "template", "cron", "backup", ".sh", ".bash", ".py", ".lua", ".tpl"}

// weighObject looks at the object that has the variable: what kind it is of, and
// whether a program that reads its text has a variable of that name.
func (k kustomization) weighObject(use *variableUse) {
	if use.in.Kind == "CustomResourceDefinition" {
		use.forProgram = append(use.forProgram, "the text is of a CustomResourceDefinition, most likely a description")
	}
	if slices.Contains(programVariables, use.name) || strings.HasPrefix(use.name, "BASH_") || strings.HasPrefix(use.name, "DS_") || len(use.name) == 1 {
		use.forProgram = append(use.forProgram, "programs set a variable of that name themselves")
	}
	if use.in.GroupKind() == configMapKind || use.in.GroupKind() == secretKind {
		if word := k.scriptWord(use.in); word != "" {
			use.byName = fmt.Sprintf("its names say that it holds text for a program (%q)", word)
		}
	}
	if workload, path := k.readsVariable(use); workload != nil {
		use.forProgram = append(use.forProgram, fmt.Sprintf("a container of %s has an environment variable of that name", finding.RefOf(workload)))
		use.evidence = append(use.evidence, evidence(workload, path, use.name, time.Time{}))
	}
}

// scriptWord is what in the name of an object, or of a key of it, tells of a
// script.
func (k kustomization) scriptWord(ref finding.Ref) string {
	names := []string{ref.Name}
	if obj := k.x.snap.Lookup(ref).Object; obj != nil {
		names = append(names, slices.Sorted(maps.Keys(field.Map(obj.Object, "data")))...)
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

// readsVariable finds a workload beside the object whose container has an
// environment variable of the name: the object itself, or any in its namespace.
func (k kustomization) readsVariable(use *variableUse) (*unstructured.Unstructured, string) {
	if use.name == "" || use.in.Namespace == "" {
		return nil, ""
	}
	own := use.in.GroupKind()
	for _, kind := range []schema.GroupKind{health.DeploymentKind, health.StatefulSetKind, daemonSetKind} {
		if kind != own && own != configMapKind && own != secretKind {
			continue
		}
		for _, obj := range k.x.snap.List(kind, use.in.Namespace).Objects {
			if kind == own && obj.GetName() != use.in.Name {
				continue
			}
			for i, container := range field.List(obj.Object, "spec", "template", "spec", "containers") {
				for j, env := range field.List(container, "env") {
					if field.Text(env, "name") == use.name {
						return obj, fmt.Sprintf("spec.template.spec.containers[%d].env[%d].name", i, j)
					}
				}
			}
		}
	}
	return nil, ""
}

// variableAdvice words the finding: for the program, for Flux, or both where
// nothing decides.
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
	message = fmt.Sprintf("%s can't be built: Flux takes %s in %s for a variable, and it has no value", finding.RefOf(k.obj), what, where)
	if use.name == "" {
		message = fmt.Sprintf("%s can't be built: Flux takes %s in %s for a variable, and can't read it", finding.RefOf(k.obj), what, where)
	}
	program := finding.Fix{File: k.path(), Text: fmt.Sprintf("Write %s in the text for the program, which then reads it with one $, or annotate %s with %s", escaped, where, substituteDisabled)}
	value := finding.Fix{File: k.x.definedIn(k.obj), Text: fmt.Sprintf("If %s is to be replaced by Flux, give it a value in spec.postBuild.substitute, or in the object that substituteFrom names", what)}
	if use.near != "" {
		value = finding.Fix{File: k.path(), Text: fmt.Sprintf("Write ${%s}, which has a value, instead of ${%s}", use.near, use.name)}
	}
	const frozen = "a value in spec.postBuild would be written into the text in its place"
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
		look := k.local("build", "See in a clone of the repository whether a program reads the text or Flux is to replace the variable")
		program.Text = "If a program reads it: " + strings.ToLower(program.Text[:1]) + program.Text[1:]
		return message + "; whether it is Flux's or a program's, only its text tells", []finding.Fix{look, value, program}
	}
	value.Text = strings.Replace(value.Text, "If "+what+" is to be replaced by Flux, give it", "Give "+what, 1)
	return message, []finding.Fix{value}
}

func because(message string, reasons []string) string {
	if len(reasons) == 0 {
		return message
	}
	return message + "; " + strings.Join(reasons, "; ")
}

// freeText tells whether an object may hold texts for any program.
func freeText(ref finding.Ref) bool {
	return slices.Contains([]string{"", "ConfigMap", "Secret", "Job", "CronJob"}, ref.Kind)
}

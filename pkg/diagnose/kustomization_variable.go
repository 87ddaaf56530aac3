package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

var configMapKind = schema.GroupKind{Kind: "ConfigMap"}

// variableUse is a variable that Flux could not replace, with the evidence for whom it
// is: Flux, or the program that reads the text later.
type variableUse struct {
	name string
	// in is the object that contains the text.
	in finding.Ref
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
	return fmt.Sprintf("the variables that have a value (%s) are written differently", strings.Join(defined[:min(len(defined), maxNamed)], ", "))
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
func (k kustomization) weighObject(use *variableUse) {
	if use.in.Kind == "CustomResourceDefinition" {
		use.forProgram = append(use.forProgram, "the text belongs to a CustomResourceDefinition, most likely to a description")
	}
	if slices.Contains(programVariables, use.name) || strings.HasPrefix(use.name, "BASH_") || strings.HasPrefix(use.name, "DS_") || len(use.name) == 1 {
		use.forProgram = append(use.forProgram, "programs set a variable of that name themselves")
	}
	if use.in.GroupKind() == configMapKind || use.in.GroupKind() == secretKind {
		if word := k.scriptWord(use.in); word != "" {
			use.byName = fmt.Sprintf("its names indicate that it holds text for a program (%q)", word)
		}
	}
	if workload, path := k.readsVariable(use); workload != nil {
		use.forProgram = append(use.forProgram, fmt.Sprintf("a container of %s has an environment variable of that name", finding.RefOf(workload)))
		use.evidence = append(use.evidence, evidence(workload, path, use.name, time.Time{}))
	}
}

// scriptWord is the word in the name of an object, or of one of its keys, that
// indicates a script.
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

// readsVariable finds a workload whose container has an environment variable of the
// name: the object itself, or any workload in its namespace.
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

// freeText reports whether an object may contain text for any program.
func freeText(ref finding.Ref) bool {
	return slices.Contains([]string{"", "ConfigMap", "Secret", "Job", "CronJob"}, ref.Kind)
}

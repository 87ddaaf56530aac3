package helm

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/engine"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose/flux"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// values reports values that can't be composed: a Secret or ConfigMap in
// spec.valuesFrom does not exist or lacks the key. An optional one may be missing, but
// if it exists, it must have the key (helm-controller api v2).
func values(r flux.Release) bool {
	for i, from := range object.List(r.Obj.Object, "spec", "valuesFrom") {
		whole := engine.ConfigSource{Ref: engine.CoreRef(object.Text(from, "kind"), r.Obj.GetNamespace(), object.Text(from, "name"))}
		keyed := engine.ConfigSource{Ref: whole.Ref, Key: cmp.Or(object.Text(from, "valuesKey"), "values.yaml")}
		switch {
		case whole.Ref.Kind == "" || whole.Ref.Name == "":
		case r.X.Presence(whole) == snapshot.Absent:
			if !object.Bool(from, "optional") {
				lacks(r, i, whole)
			}
		case r.X.Presence(keyed) == snapshot.Absent:
			lacks(r, i, keyed)
		}
	}
	if len(r.Result.Findings) > 0 || r.Result.Verdict.Reason != "ValuesError" {
		return len(r.Result.Findings) > 0
	}
	badValues(r)
	return true
}

// lacks reports values that do not exist, and blames what should create them.
func lacks(r flux.Release, entry int, p engine.ConfigSource) {
	f := releaseFinding(r, engine.CodeValuesMissing, "ValuesError", fmt.Sprintf("%s takes values from %s, which does not exist", object.RefOf(r.Obj), p))
	f.Ref = p.Ref
	f.Evidence = append(f.Evidence, engine.Evidence(r.Obj, fmt.Sprintf("spec.valuesFrom[%d].name", entry), p.Ref.Name, r.Ready.Since))
	if p.Key == "" {
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: p.Ref, Field: "object", Value: "does not exist"})
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Create %s, or correct spec.valuesFrom", p), File: r.X.DefinedIn(r.Obj)}, retry(r)}
	r.Result.Findings = append(r.Result.Findings, f)
	if creator, ok := flux.FailingCreator(r.X, p.Ref, r.Result.Verdict.Ref); ok {
		r.Result.Blame = append(r.Result.Blame, creator)
	}
}

// badValues uses the message of the release if everything that it names exists or can't
// be read.
func badValues(r flux.Release) {
	self := object.RefOf(r.Obj)
	f := releaseFinding(r, engine.CodeValuesMissing, "ValuesError", fmt.Sprintf("the values of %s can't be composed: %s", self, health.FirstLine(r.Ready.Message)))
	f.Fixes = []finding.Fix{{Text: "Check which entry of spec.valuesFrom the message refers to", Command: escape.Command("kubectl describe helmrelease %s -n %s", r.Obj.GetName(), r.Obj.GetNamespace()), File: r.X.DefinedIn(r.Obj)}, retry(r)}
	parsed, _ := r.X.Message(r.Ready.Message).Helm()
	named := parsed.Values.Object
	if named.Name == "" {
		r.Result.Findings = append(r.Result.Findings, f)
		return
	}
	p := engine.ConfigSource{Ref: engine.CoreRef(named.Kind, cmp.Or(named.Namespace, r.Obj.GetNamespace()), named.Name)}
	if parsed.Values.MissingKey {
		p.Key = parsed.Values.Key
	}
	f.Ref = p.Ref
	f.Fixes[0] = finding.Fix{Text: fmt.Sprintf("Correct %s: %s", p, health.FirstLine(parsed.Values.Detail)),
		Command: escape.Command("kubectl get %s %s -n %s -o yaml", strings.ToLower(p.Ref.Kind), p.Ref.Name, p.Ref.Namespace)}
	if (parsed.Values.Missing || parsed.Values.MissingKey) && r.X.Presence(p) == snapshot.Present {
		f.Ref, f.Severity = self, finding.Warning
		f.Message = fmt.Sprintf("%s did not find %s, which exists now: the release uses it at the next retry", self, p)
		f.Fixes = []finding.Fix{retry(r)}
	}
	r.Result.Findings = append(r.Result.Findings, f)
}

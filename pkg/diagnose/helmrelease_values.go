package diagnose

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/field"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// values reports values that can't be composed: a Secret or ConfigMap in
// spec.valuesFrom does not exist or lacks the key. An optional one may be missing, but
// if it exists, it must have the key (helm-controller api v2).
func (r release) values() bool {
	for i, from := range field.List(r.obj.Object, "spec", "valuesFrom") {
		whole := part{ref: coreRef(field.Text(from, "kind"), r.obj.GetNamespace(), field.Text(from, "name"))}
		keyed := part{whole.ref, cmp.Or(field.Text(from, "valuesKey"), "values.yaml")}
		switch {
		case whole.ref.Kind == "" || whole.ref.Name == "":
		case r.x.presence(whole) == snapshot.Absent:
			if !field.Bool(from, "optional") {
				r.lacks(i, whole, "which does not exist")
			}
		case r.x.presence(keyed) == snapshot.Absent:
			r.lacks(i, keyed, "which is not in it")
		}
	}
	if len(r.exam.findings) > 0 || r.exam.verdict.Reason != "ValuesError" {
		return len(r.exam.findings) > 0
	}
	r.badValues()
	return true
}

// lacks reports values that do not exist, and blames what should create them.
func (r release) lacks(entry int, p part, gone string) {
	f := r.finding(codeValuesMissing, "ValuesError", fmt.Sprintf("%s takes values from %s, %s", finding.RefOf(r.obj), p, gone))
	f.Ref = p.ref
	f.Evidence = append(f.Evidence, evidence(r.obj, fmt.Sprintf("spec.valuesFrom[%d].name", entry), p.ref.Name, r.ready.Since))
	if p.key == "" {
		f.Evidence = append(f.Evidence, finding.Evidence{Ref: p.ref, Field: "object", Value: "does not exist"})
	}
	f.Fixes = []finding.Fix{{Text: fmt.Sprintf("Create %s, or correct spec.valuesFrom", p), File: r.x.definedIn(r.obj)}, r.retry()}
	r.exam.findings = append(r.exam.findings, f)
	if maker, ok := r.x.failingCreator(p.ref, r.exam.verdict.Ref); ok {
		r.exam.blame = append(r.exam.blame, maker)
	}
}

// badValues uses the message of the release if everything that it names exists or can't
// be read.
func (r release) badValues() {
	self := finding.RefOf(r.obj)
	f := r.finding(codeValuesMissing, "ValuesError", fmt.Sprintf("the values of %s can't be composed: %s", self, firstLine(r.ready.Message)))
	f.Fixes = []finding.Fix{{Text: "Check which entry of spec.valuesFrom the message refers to", Command: escape.Command("kubectl describe helmrelease %s -n %s", r.obj.GetName(), r.obj.GetNamespace()), File: r.x.definedIn(r.obj)}, r.retry()}
	said, _ := r.x.message(r.ready.Message).Helm()
	named := said.Values.Object
	if named.Name == "" {
		r.exam.findings = append(r.exam.findings, f)
		return
	}
	p := part{ref: coreRef(named.Kind, cmp.Or(named.Namespace, r.obj.GetNamespace()), named.Name)}
	if said.Values.MissingKey {
		p.key = said.Values.Key
	}
	f.Ref = p.ref
	f.Fixes[0] = finding.Fix{Text: fmt.Sprintf("Correct %s: %s", p, firstLine(said.Values.Detail)),
		Command: escape.Command("kubectl get %s %s -n %s -o yaml", strings.ToLower(p.ref.Kind), p.ref.Name, p.ref.Namespace)}
	if (said.Values.Missing || said.Values.MissingKey) && r.x.presence(p) == snapshot.Present {
		f.Ref, f.Severity = self, finding.Warning
		f.Message = fmt.Sprintf("%s did not find %s, which exists now: the next retry installs it", self, p)
		f.Fixes = []finding.Fix{r.retry()}
	}
	r.exam.findings = append(r.exam.findings, f)
}

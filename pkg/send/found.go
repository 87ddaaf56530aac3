package send

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate"
)

// CheckFound asks the tenant's archive for each instance that the peer said that it
// stored, by its SOP Instance UID. Those that it does not have are looked for in the
// other tenants' archives. More than were sent are no fault: others send as well.
// Details lists at most limit files of a kind; 0 for all.
func (r Result) CheckFound(ctx context.Context, own validate.Archive, others []validate.Archive, limit int) validate.Check {
	f := search{missing: map[digest]place{}}
	for _, uid := range slices.Sorted(maps.Keys(r.Studies)) {
		f.study(ctx, uid, r.Studies[uid], own, others)
	}
	r.name(ctx, f.missing)
	c := f.judge()
	places := slices.SortedFunc(maps.Values(f.missing), func(a, b place) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.study, b.study)) })
	var missing, misrouted []Outcome
	for _, p := range places {
		if len(p.in) == 0 {
			missing = append(missing, Outcome{Path: p.words(), Reason: "no archive that could be asked has it"})
			continue
		}
		misrouted = append(misrouted, Outcome{Path: p.words(), Reason: strings.Join(p.in, "; ")})
	}
	c.Details = slices.Concat(list("misrouted", misrouted, limit), list("missing", missing, limit), list("not asked for", f.unasked, limit))
	return c
}

// search is what came of looking for what was stored.
type search struct {
	// whole is how many studies are there with all of their instances, and instances
	// is how many these are.
	whole, instances int
	// missing are those that the tenant's archive does not have, and misrouted how
	// many of them another tenant's has.
	missing   map[digest]place
	misrouted int
	unasked   []Outcome
}

// place is where an instance is that is missing.
type place struct {
	study, path, instance string
	// in has a line for each other tenant's archive that has it.
	in []string
}

// words name the file, or where it can't be found again its study.
func (p place) words() string {
	if p.path == "" {
		return "an instance of study " + p.study
	}
	return fmt.Sprintf("%s (SOP Instance UID %s)", p.path, p.instance)
}

// study looks for the instances of one study.
func (f *search) study(ctx context.Context, uid string, sent []digest, own validate.Archive, others []validate.Archive) {
	if uid == "" {
		f.unasked = append(f.unasked, Outcome{Path: files(len(sent)), Reason: "the data set names no study to ask for"})
		return
	}
	has, err := own.Instances(ctx, uid)
	if err != nil {
		f.unasked = append(f.unasked, Outcome{Path: "study " + uid, Reason: err.Error()})
		return
	}
	missing := map[digest]bool{}
	for _, instance := range sent {
		missing[instance] = true
	}
	for instance := range has {
		delete(missing, digestOf(instance))
	}
	if len(missing) == 0 {
		f.whole++
		f.instances += len(sent)
		return
	}
	for instance := range missing {
		f.missing[instance] = place{study: uid}
	}
	for _, other := range others {
		f.elsewhere(ctx, uid, missing, other)
	}
}

// elsewhere looks for the instances in another tenant's archive. One that can't be
// asked is told of by the check that looks for the test study.
func (f *search) elsewhere(ctx context.Context, uid string, missing map[digest]bool, other validate.Archive) {
	has, err := other.Instances(ctx, uid)
	if err != nil {
		return
	}
	for _, instance := range slices.Sorted(maps.Keys(has)) {
		at := digestOf(instance)
		if !missing[at] {
			continue
		}
		p := f.missing[at]
		if len(p.in) == 0 {
			f.misrouted++
		}
		p.instance = instance
		p.in = append(p.in, fmt.Sprintf("it is with %s; remove it there with: %s", other.Tenant,
			escape.Command("curl --user admin --request DELETE %s", other.Base+"/instances/"+has[instance])))
		f.missing[at] = p
	}
}

// name says which files the missing instances are in.
func (r Result) name(ctx context.Context, missing map[digest]place) {
	s := scanner{ctx: ctx}
	for at, p := range missing {
		f := file{path: r.paths[at]}
		if f.path == "" || s.look(&f) != nil || digestOf(f.meta.SOPInstance) != at {
			continue // it was removed or changed meanwhile
		}
		p.path, p.instance = f.path, f.meta.SOPInstance
		missing[at] = p
	}
}

// judge is the check without its details.
func (f search) judge() validate.Check {
	missing := len(f.missing) - f.misrouted
	c := validate.Check{Outcome: validate.Pass, Found: fmt.Sprintf("Orthanc has all %d instances of %s", f.instances, studies(f.whole))}
	switch {
	case f.misrouted > 0:
		c = validate.Check{
			Outcome: validate.Fail, Code: codeFilesElsewhere,
			Found: fmt.Sprintf("files landed with another tenant: %d instances", f.misrouted),
			Fix: finding.Fix{
				Text:    "Send nothing more. Remove them where they are, with the commands above and that tenant's password; give each tenant's ingress a label of its own, and select it in the tenant's Gateways (spec.selector)",
				Command: "kubectl get gateways.networking.istio.io -A",
			},
		}
		if missing > 0 {
			c.Found += fmt.Sprintf("; %d more are in no archive that could be asked", missing)
		}
	case missing > 0:
		c = validate.Check{
			Outcome: validate.Fail, Code: codeStudyMissing, Found: fmt.Sprintf("Orthanc said that it stored them, and does not have %d instances", missing),
			Fix: finding.Fix{Text: "Keep the files. See whether Orthanc's storage is full, whether it removes studies by itself (MaximumStorageSize, MaximumPatientCount), a Lua script or plugin discards them (ReceivedInstanceFilter), or Orthanc gives them new UIDs since it compresses with loss (IngestTranscoding); then send again what is not there"},
		}
	case f.whole == 0 && len(f.unasked) == 0:
		return validate.Check{Outcome: validate.Skip, Found: "nothing was stored"}
	case f.whole == 0:
		return validate.Check{Outcome: validate.Skip, Found: "Orthanc could not be asked for " + studies(len(f.unasked))}
	case len(f.unasked) > 0:
		c.Outcome, c.Code = validate.Warn, codeWebOther
		c.Found += "; it could not be asked for " + studies(len(f.unasked))
		c.Fix.Text = "See the reasons with -o wide"
	}
	if c.Outcome == validate.Fail || c.Outcome == validate.Warn {
		c.Expected = "each file that was sent is in this tenant's Orthanc"
	}
	return c
}

func studies(n int) string {
	if n == 1 {
		return "1 study"
	}
	return fmt.Sprintf("%d studies", n)
}

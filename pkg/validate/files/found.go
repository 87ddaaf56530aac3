package files

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/transfer"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// Found looks in the tenant's archive for each instance that the peer reported as
// stored, by its SOP Instance UID. Missing instances are searched in the other tenants'
// archives. Additional instances are not an error: others send too. Details lists at most
// limit files of a kind; 0 for all.
func Found(ctx context.Context, r transfer.Result, own check.Archive, others []check.Archive, limit int) check.Check {
	f := search{missing: map[transfer.Digest]place{}}
	for _, uid := range slices.Sorted(maps.Keys(r.Studies)) {
		f.study(ctx, uid, r.Studies[uid], own, others)
	}
	name(ctx, r, f.missing)
	c := f.judge()
	places := slices.SortedFunc(maps.Values(f.missing), func(a, b place) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.study, b.study)) })
	var missing, misrouted []transfer.Outcome
	for _, p := range places {
		if len(p.in) == 0 {
			missing = append(missing, transfer.Outcome{Path: p.words(), Reason: "no archive that could be queried has it"})
			continue
		}
		misrouted = append(misrouted, transfer.Outcome{Path: p.words(), Reason: strings.Join(p.in, "; ")})
	}
	c.Details = slices.Concat(list("misrouted", misrouted, limit), list("missing", missing, limit), list("not queried", f.unasked, limit))
	return c
}

// search is the result of looking for the stored instances.
type search struct {
	// whole is how many studies are complete, and instances is how many instances these
	// have.
	whole, instances int
	// missing are the instances that the tenant's archive does not have, and misrouted is
	// how many of them another tenant's archive has.
	missing   map[transfer.Digest]place
	misrouted int
	unasked   []transfer.Outcome
}

// place describes a missing instance.
type place struct {
	study, path, instance string
	// in has a line for each other tenant's archive that has it.
	in []string
}

// words name the file, or its study if the file is not found.
func (p place) words() string {
	if p.path == "" {
		return "an instance of study " + p.study
	}
	return fmt.Sprintf("%s (SOP Instance UID %s)", p.path, p.instance)
}

// study looks for the instances of one study.
func (f *search) study(ctx context.Context, uid string, sent []transfer.Digest, own check.Archive, others []check.Archive) {
	if uid == "" {
		f.unasked = append(f.unasked, transfer.Outcome{Path: finding.Count(len(sent), "file"), Reason: "the data set has no Study Instance UID to query for"})
		return
	}
	has, err := own.Instances(ctx, uid)
	if err != nil {
		f.unasked = append(f.unasked, transfer.Outcome{Path: "study " + uid, Reason: err.Error()})
		return
	}
	missing := map[transfer.Digest]bool{}
	for _, instance := range sent {
		missing[instance] = true
	}
	for instance := range has {
		delete(missing, transfer.DigestOf(instance))
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
		f.inOtherTenant(ctx, uid, missing, other)
	}
}

// inOtherTenant looks for the instances in another tenant's archive. The check that looks
// for the test study reports an archive that can't be queried.
func (f *search) inOtherTenant(ctx context.Context, uid string, missing map[transfer.Digest]bool, other check.Archive) {
	has, err := other.Instances(ctx, uid)
	if err != nil {
		return
	}
	for _, instance := range slices.Sorted(maps.Keys(has)) {
		at := transfer.DigestOf(instance)
		if !missing[at] {
			continue
		}
		p := f.missing[at]
		if len(p.in) == 0 {
			f.misrouted++
		}
		p.instance = instance
		p.in = append(p.in, fmt.Sprintf("it is in the archive of %s; remove it there with: %s", other.Tenant,
			escape.Command("curl --user admin --request DELETE %s", other.Base+"/instances/"+has[instance])))
		f.missing[at] = p
	}
}

// name finds the files of the missing instances.
func name(ctx context.Context, r transfer.Result, missing map[transfer.Digest]place) {
	for at, p := range missing {
		if path, uid := r.Locate(ctx, at); path != "" {
			p.path, p.instance = path, uid
			missing[at] = p
		}
	}
}

// judge is the check without its details.
func (f search) judge() check.Check {
	missing := len(f.missing) - f.misrouted
	c := check.Check{Outcome: check.Pass, Found: fmt.Sprintf("Orthanc has all %d instances of %s", f.instances, studies(f.whole))}
	switch {
	case f.misrouted > 0:
		c = check.Check{
			Outcome: check.Fail, Code: check.CodeFilesElsewhere,
			Found: fmt.Sprintf("files are in another tenant's archive: %d instances", f.misrouted),
			Fix: finding.Fix{
				Text:    "Stop sending files. Remove the files from the other archive with the commands above and that tenant's password; give each tenant's ingress its own label, and select that label in the tenant's Gateways (spec.selector)",
				Command: "kubectl get gateways.networking.istio.io -A",
			},
		}
		if missing > 0 {
			c.Found += fmt.Sprintf("; %d more are in no archive that could be queried", missing)
		}
	case missing > 0:
		c = check.Check{
			Outcome: check.Fail, Code: check.CodeStudyMissing, Found: fmt.Sprintf("Orthanc reported that it stored the files, but does not have %d instances", missing),
			Fix: finding.Fix{Text: "Keep the files. Check whether Orthanc's storage is full, whether it removes studies by itself (MaximumStorageSize, MaximumPatientCount), whether a Lua script or plugin discards them (ReceivedInstanceFilter), or whether Orthanc gives them new UIDs because of lossy compression (IngestTranscoding); then send the missing files again"},
		}
	case f.whole == 0 && len(f.unasked) == 0:
		return check.Check{Outcome: check.Skip, Found: "nothing was stored"}
	case f.whole == 0:
		return check.Check{Outcome: check.Skip, Found: "Orthanc could not be queried for " + studies(len(f.unasked))}
	case len(f.unasked) > 0:
		c.Outcome, c.Code = check.Warn, check.CodeNotOrthanc
		c.Found += "; it could not be queried for " + studies(len(f.unasked))
		c.Fix.Text = "Check the reasons with -o wide"
	}
	if c.Outcome == check.Fail || c.Outcome == check.Warn {
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

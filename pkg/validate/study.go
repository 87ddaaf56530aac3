package validate

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// testInstances is how many images the test study has: two, so that a count can
// be wrong.
const testInstances = 2

// checkStore stores a generated study.
func (v *validation) checkStore(ctx context.Context) check.Check {
	if why := v.whyNotStored(); why != "" {
		return check.Skipped(why)
	}
	var seed [32]byte
	_, _ = rand.Read(seed[:]) // it never fails
	v.study = part10.NewTestStudy(seed, v.options.Now(), testInstances)
	if !accepts(v.association.Contexts(), part10.ExplicitVRLittleEndian) {
		for i := range v.study {
			v.study[i] = v.study[i].InImplicitVR()
		}
	}
	var warnings []string
	for i, instance := range v.study {
		before := v.stored
		v.stored, v.unanswered = true, true // also if the answer is lost
		status, err := v.association.Store(ctx, instance.Meta, bytes.NewReader(instance.File[instance.DataOffset:]))
		what := fmt.Sprintf("C-STORE of image %d of %d", i+1, len(v.study))
		var answered *dicom.StatusError
		v.unanswered = err != nil && !errors.As(err, &answered)
		if err != nil {
			v.stored = before || v.unanswered
			return check.Failed(check.CodeStoreFailed, what+" failed: "+check.DescribeError(err), "success",
				StoreFix(err, Attempt{Tenant: v.subject.Tenant, Calling: v.options.Calling, OthersStored: i > 0}))
		}
		if status.Warning() {
			warnings = append(warnings, what+": "+status.String())
		}
	}
	if len(warnings) > 0 {
		c := check.Warned(check.CodeStoreWarning, "the study was stored with warnings", "success", check.LogFix(v.subject.Tenant))
		c.Details = warnings
		return c
	}
	return check.Passed(fmt.Sprintf("stored a test study of %d images", len(v.study)), "Study Instance UID "+v.studyUID())
}

// readOnly is why nothing is stored if the user wants nothing to be changed.
const readOnly = "nothing is stored, because of --read-only"

// whyNotStored is the reason why nothing is stored, empty if storing is safe or the user
// requested it with --store.
func (v *validation) whyNotStored() string {
	switch {
	case v.options.ReadOnly:
		return readOnly
	case v.options.Store:
		return ""
	case v.whyNoWeb() != "":
		return "stored images could be neither found nor removed again: " + v.whyNoWeb() + "; " + storeHint
	case v.mayEvict != "":
		return "storing may cause the archive to remove patients: see archive-limits; " + storeHint
	}
	return ""
}

// whyNoWeb is the reason why Orthanc's web can't be queried, empty if it can.
func (v *validation) whyNoWeb() string {
	switch because := v.Stopped["web-system"]; {
	case because != "":
		return because + " failed"
	case v.Missing["web-system"] != "":
		return "there is no client certificate for Orthanc's web interface"
	case v.canQuery():
		return ""
	case v.withheld != "":
		return v.withheld
	}
	return "there is no password for Orthanc's web interface"
}

func (v *validation) studyUID() string { return v.study[0].StudyUID }

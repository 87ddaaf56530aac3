package validate

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// testInstances is how many images the test study has: two, so that a count can
// be wrong.
const testInstances = 2

// checkStore stores a generated study.
func (v *validation) checkStore(ctx context.Context) Check {
	if why := v.whyNotStored(); why != "" {
		return skip(why)
	}
	var seed [32]byte
	_, _ = rand.Read(seed[:]) // it never fails
	v.study = dicom.NewTestStudy(seed, v.options.Now(), testInstances)
	if !accepts(v.association.Contexts(), dicom.ExplicitVRLittleEndian) {
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
			return fail(codeStoreFailed, what+" failed: "+describeError(err), "success",
				StoreFix(err, Attempt{Tenant: v.subject.Tenant, Calling: v.options.Calling, OthersStored: i > 0}))
		}
		if status.Warning() {
			warnings = append(warnings, what+": "+status.String())
		}
	}
	if len(warnings) > 0 {
		c := warn(codeStoreWarning, "the study was stored with warnings", "success", logFix(v.subject.Tenant))
		c.Details = warnings
		return c
	}
	return pass(fmt.Sprintf("stored a test study of %d images", len(v.study)), "Study Instance UID "+v.studyUID())
}

// whyNotStored is the reason why nothing is stored, empty if storing is safe or the user
// requested it with --store.
func (v *validation) whyNotStored() string {
	switch {
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
	switch because := v.stopped["web-system"]; {
	case because != "":
		return because + " failed"
	case v.missing["web-system"] != "":
		return "there is no client certificate for Orthanc's web"
	case v.canQuery():
		return ""
	case v.withheld != "":
		return v.withheld
	}
	return "there is no password for Orthanc's web"
}

func (v *validation) studyUID() string { return v.study[0].StudyUID }

// statusError is an answer of another status than 200.
type statusError struct{ status int }

func (e *statusError) Error() string {
	return fmt.Sprintf("it returns %d %s", e.status, http.StatusText(e.status))
}

// orStatus is the error, or one of a status that isn't 200.
func orStatus(err error, status int) error {
	if err == nil && status != http.StatusOK {
		return &statusError{status}
	}
	return err
}

func logFix(tenant string) finding.Fix {
	return finding.Fix{
		Text:    "Check Orthanc's log for the reason, and whether its storage and database have free space and respond",
		Command: escape.Command("kubectl logs -n %s-orthweb deploy/orthanc", tenant),
	}
}

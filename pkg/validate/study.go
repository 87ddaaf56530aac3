package validate

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// testInstances is how many images the test study has: two, so that a count can
// be wrong.
const testInstances = 2

// checkStore stores a study made on the spot.
func (v *validation) checkStore(ctx context.Context) Check {
	if why := v.noWeb(); why != "" && !v.options.Keep {
		return skip(why + " the test study could be neither found nor removed again; --keep stores it all the same")
	}
	var seed [32]byte
	_, _ = rand.Read(seed[:]) // it never fails
	v.study = dicom.NewTestStudy(seed, v.options.Now(), testInstances)
	var warnings []string
	for i, instance := range v.study {
		before := v.stored
		v.stored = true // also where the answer gets lost
		status, err := v.association.Store(ctx, instance.Meta, bytes.NewReader(instance.File[instance.DataOffset:]))
		what := fmt.Sprintf("C-STORE of image %d of %d", i+1, len(v.study))
		if err != nil {
			var answered *dicom.StatusError
			v.stored = before || !errors.As(err, &answered)
			return fail(codeStoreFailed, what+" failed: "+plain(err), "success", logFix(v.subject.Tenant))
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

// noWeb says why Orthanc's web can't be asked, empty where it can.
func (v *validation) noWeb() string {
	switch because := v.stopped["web-system"]; {
	case because != "":
		return "since " + because + " failed,"
	case v.missing["web-system"] != "":
		return "without a client certificate for Orthanc's web"
	case v.subject.User == "":
		return "without a password for Orthanc's web"
	}
	return ""
}

func (v *validation) studyUID() string { return v.study[0].StudyUID }

// orStatus is the error, or one of a status that isn't 200.
func orStatus(err error, status int) error {
	if err == nil && status != http.StatusOK {
		return fmt.Errorf("it answers %d %s", status, http.StatusText(status))
	}
	return err
}

func logFix(tenant string) finding.Fix {
	return finding.Fix{
		Text:    "Look into Orthanc's log for the reason; see whether its storage and database have room and answer",
		Command: fmt.Sprintf("kubectl logs -n %s-orthweb deploy/orthanc", tenant),
	}
}

// lookUp asks an Orthanc for its id of the study, empty when it has none (Orthanc
// Book, /tools/lookup).
func lookUp(ctx context.Context, w *web, uid string) (string, error) {
	status, answer, err := w.ask(ctx, http.MethodPost, "/tools/lookup", strings.NewReader(uid), w.subject.User, w.subject.Password)
	if err != nil {
		return "", err
	}
	if err := orStatus(nil, status); err != nil {
		return "", fmt.Errorf("/tools/lookup: %w", err)
	}
	var found []struct{ ID, Type string }
	if err := json.Unmarshal(answer, &found); err != nil {
		return "", fmt.Errorf("/tools/lookup answers something else than Orthanc's: %w", err)
	}
	for _, f := range found {
		if f.Type == "Study" {
			return f.ID, nil
		}
	}
	return "", nil
}

// checkFound finds the study again: as many images, with the same pixels.
func (v *validation) checkFound(ctx context.Context) Check {
	if !v.stored {
		return skip("nothing was stored")
	}
	if v.subject.User == "" {
		return skip("no password for Orthanc's web was given")
	}
	expected := fmt.Sprintf("the test study with %d images in this tenant's Orthanc", len(v.study))
	id, err := lookUp(ctx, v.web, v.studyUID())
	if err != nil {
		return fail(codeWebOther, "asking Orthanc for the study failed: "+plain(err), expected, logFix(v.subject.Tenant))
	}
	v.found[v.subject.Tenant] = id
	if id == "" {
		return fail(codeStudyMissing, "Orthanc said that it stored the study, and this tenant's Orthanc does not have it", expected, finding.Fix{
			Text:    "See which tenant has it: Istio selects gateways by label across namespaces, and another tenant's Gateway may serve this port",
			Command: "kubectl get gateways.networking.istio.io -A",
		})
	}
	return v.comparePixels(ctx, id, expected)
}

func (v *validation) comparePixels(ctx context.Context, id, expected string) Check {
	status, answer, err := v.web.ask(ctx, http.MethodGet, "/studies/"+id+"/instances", nil, v.subject.User, v.subject.Password)
	var has []struct {
		ID            string
		MainDicomTags struct{ SOPInstanceUID string }
	}
	if err == nil && status == http.StatusOK {
		err = json.Unmarshal(answer, &has)
	}
	if err = orStatus(err, status); err != nil {
		return fail(codeWebOther, "asking Orthanc for the study's images failed: "+plain(err), expected, logFix(v.subject.Tenant))
	}
	same := 0
	for _, instance := range v.study {
		for _, h := range has {
			if h.MainDicomTags.SOPInstanceUID != instance.SOPInstance {
				continue
			}
			status, pixels, err := v.web.ask(ctx, http.MethodGet, "/instances/"+h.ID+"/frames/0/raw", nil, v.subject.User, v.subject.Password)
			if err = orStatus(err, status); err != nil {
				return fail(codeWebOther, "asking Orthanc for an image's pixels failed: "+plain(err), expected, logFix(v.subject.Tenant))
			}
			if sha256.Sum256(pixels) == instance.PixelSHA256 {
				same++
			}
		}
	}
	if len(has) != len(v.study) || same != len(has) {
		return fail(codeStudyDiffers, fmt.Sprintf("Orthanc has %d images of the study, %d of them with the pixels that were sent", len(has), same), expected,
			finding.Fix{Text: "See whether something between changes what it passes on, and whether Orthanc transcodes what it receives (IngestTranscoding)"})
	}
	return pass(fmt.Sprintf("found again in this tenant's Orthanc: %d images, every pixel the same", len(has)))
}

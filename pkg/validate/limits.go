package validate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"k8s.io/apimachinery/pkg/util/version"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/orthanc"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

// storeHint is the flag that stores even if that is not known to be safe.
const storeHint = "use --store to store anyway"

// checkLimits determines whether storing could cause Orthanc to remove patients, and records
// the content of the archive. If it could, or if that is not known, nothing is stored unless
// the user requests it.
func (v *validation) checkLimits(ctx context.Context) check.Check {
	if v.options.ReadOnly {
		return check.Skipped(readOnly)
	}
	if why := v.whyNoWeb(); why != "" {
		return check.Skipped("it is not known whether the archive removes patients to make room: " + why)
	}
	before, err := readCensus(ctx, v.web, v.login)
	if err != nil {
		return v.warnEviction("the contents of the archive could not be read: "+check.DescribeError(err), "")
	}
	v.before = &before
	limits, why := v.limits(ctx)
	more := orthanc.Contents{Patients: 1, Bytes: testBytes}
	if files := v.options.Files; files != nil && files.Size != nil && limits.Evict() {
		count, bytes := files.Size(ctx)
		if ctx.Err() != nil { // not all were counted
			return v.warnEviction("the archive has limits, and the files could not be counted in time", "use --timeout to allow more time")
		}
		more.Patients, more.Bytes = more.Patients+count, more.Bytes+bytes // each file may belong to a different patient
	}
	if evicts := limits.Evicts(before.contents(), more); evicts != "" {
		return v.warnEviction(evicts, why)
	}
	held := before.describe()
	switch {
	case limits.Rejects:
		return check.Passed("the archive removes nothing to make room: it rejects what does not fit (MaximumStorageMode)", held)
	case *limits.Patients == 0 && *limits.Size == 0:
		return check.Passed("the archive has no limits that make it remove patients", held)
	}
	return check.Passed("the archive has room: storing removes nothing", held)
}

// testBytes is more than the test study takes in an archive.
const testBytes = 1 << 20

// warnEviction is the warning that nothing is stored. unread is why limits are not known.
func (v *validation) warnEviction(why, unread string) check.Check {
	v.mayEvict = why
	c := check.Warned(check.CodeMayEvict, why, "storing removes nothing", finding.Fix{
		Text: "Check MaximumPatientCount and MaximumStorageSize in Orthanc's configuration. Nothing was stored, so C-ECHO is the only DICOM operation that was tested; " + storeHint,
	})
	if unread != "" {
		c.Details = []string{unread}
	}
	if v.options.Store {
		c.Fix.Text = "The study was stored because of --store. Compare the archive with a backup if archive-unchanged fails"
	}
	return c
}

// limits are those that Orthanc reports itself, or else those of its configuration in the
// cluster. why is what could not be read.
func (v *validation) limits(ctx context.Context) (known orthanc.Limits, why string) {
	var s struct {
		MaximumPatientCount, MaximumStorageSize *int64 // from Orthanc 1.12.4 and 1.11.3 on
		MaximumStorageMode                      string
	}
	if err := decode(ctx, v.web, "/system", v.login, &s); err == nil {
		known = orthanc.Limits{Patients: s.MaximumPatientCount, Size: s.MaximumStorageSize, Rejects: s.MaximumStorageMode == "Reject"}
	}
	if known.Known() {
		return known, ""
	}
	if v.subject.Limits == nil {
		return known, "this Orthanc does not report its limits; version 1.12.4 and later do"
	}
	configured, err := v.subject.Limits(ctx)
	if err != nil {
		return known, "Orthanc's configuration in the cluster could not be read: " + err.Error()
	}
	configured.Rejects = configured.Rejects && rejects(v.system.Version)
	return known.Or(configured), ""
}

// rejects reports whether an Orthanc of this version supports MaximumStorageMode. Versions
// before 1.11.2 remove patients regardless of it; for a version that is not a number, such
// as mainline, it is not known.
func rejects(orthancVersion string) bool {
	got, err := version.ParseGeneric(orthancVersion)
	return err == nil && got.AtLeast(version.MustParseGeneric("1.11.2"))
}

// census is the content of an archive at a point in time.
type census struct {
	CountPatients, CountStudies, CountSeries, CountInstances int64
	// TotalDiskSize is in bytes, as text (/statistics).
	TotalDiskSize string
	// patients and studies are Orthanc's ids; nil in an archive with more than
	// maxListed of them.
	patients, studies []string
}

// maxListed is the largest number of patients or studies that are compared by name.
const maxListed = 20_000

func (c census) contents() orthanc.Contents {
	bytes, _ := strconv.ParseInt(c.TotalDiskSize, 10, 64) // checked by readCensus
	return orthanc.Contents{Patients: c.CountPatients, Bytes: bytes}
}

func (c census) describe() string {
	return fmt.Sprintf("patients: %d, studies: %d, instances: %d", c.CountPatients, c.CountStudies, c.CountInstances)
}

// readCensus reads the counts, and if they are small the IDs (Orthanc Book, REST API:
// /statistics, /patients, /studies).
func readCensus(ctx context.Context, w *web.Client, login check.Credentials) (census, error) {
	c := census{CountPatients: -1, CountStudies: -1, CountInstances: -1}
	if err := decode(ctx, w, "/statistics", login, &c); err != nil {
		return c, err
	}
	if _, err := strconv.ParseInt(c.TotalDiskSize, 10, 64); err != nil || min(c.CountPatients, c.CountStudies, c.CountInstances) < 0 {
		return c, errors.New("the response of /statistics is not Orthanc's")
	}
	if max(c.CountPatients, c.CountStudies) > maxListed {
		return c, nil
	}
	for path, into := range map[string]*[]string{"/patients": &c.patients, "/studies": &c.studies} {
		*into = []string{}
		if err := decode(ctx, w, path, login, into); err != nil {
			return c, err
		}
	}
	return c, nil
}

// decode requests JSON and decodes it.
func decode(ctx context.Context, w *web.Client, path string, login check.Credentials, into any) error {
	status, answer, err := w.Request(ctx, http.MethodGet, path, nil, login)
	if err = check.OrStatus(err, status); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("the response of %s is not Orthanc's", path)
	}
	return nil
}

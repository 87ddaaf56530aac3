//go:build peers

package files

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/transfer"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// writeStudies writes test images of two studies, n in total.
func writeStudies(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 2 {
		for j, image := range part10.NewTestStudy([32]byte{byte(i), byte(n)}, time.Unix(1_700_000_000, 0), n/2) {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d-%04d.dcm", i, j)), image.File, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// instancesOf returns Orthanc's ids of a study's instances, by SOP Instance UID.
func instancesOf(t *testing.T, o *peers.Orthanc, study string) map[string]string {
	t.Helper()
	var studies []struct{ ID string }
	o.Ask(t, http.MethodPost, "/tools/lookup", study, &studies)
	if len(studies) != 1 {
		t.Fatalf("%d studies are %s", len(studies), study)
	}
	var instances []struct {
		ID            string
		MainDicomTags struct{ SOPInstanceUID string }
	}
	o.Ask(t, http.MethodGet, "/studies/"+studies[0].ID+"/instances", "", &instances)
	ids := map[string]string{}
	for _, i := range instances {
		ids[i.MainDicomTags.SOPInstanceUID] = i.ID
	}
	return ids
}

// TestPeersFoundInOrthanc sends files, queries which of them are stored, deletes one, and
// sends them again with the resume file, which still lists all.
func TestPeersFoundInOrthanc(t *testing.T) {
	orthanc := peers.StartOrthanc(t, nil)
	o := transfer.Options{
		Paths: []string{writeStudies(t, 300)}, Calling: "ORTHWEB", Called: "ORTHANC",
		Dial: func(ctx context.Context) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", peers.Address(orthanc.DICOMPort))
		},
		Resume: filepath.Join(t.TempDir(), "resume"), Server: "orthanc",
	}
	own := check.Archive{Tenant: "bhs", Base: orthanc.Base, Instances: func(_ context.Context, study string) (map[string]string, error) {
		return instancesOf(t, orthanc, study), nil
	}}
	r, err := transfer.Files(t.Context(), o)
	if c := Stored(r, err, 0); c.Outcome != check.Pass || r.Stored != 300 {
		t.Fatalf("%+v", c)
	}
	if c := Found(t.Context(), r, own, nil, 0); c.Outcome != check.Pass || c.Found != "Orthanc has all 300 instances of 2 studies" {
		t.Errorf("%+v", c)
	}
	lost := ""
	for study := range r.Studies {
		for uid, id := range instancesOf(t, orthanc, study) {
			if lost == "" {
				lost = uid
				orthanc.Ask(t, http.MethodDelete, "/instances/"+id, "", nil)
			}
		}
	}
	again, err := transfer.Files(t.Context(), o)
	if err != nil || again.Before != 300 {
		t.Errorf("before %d, %v", again.Before, err)
	}
	if c := Found(t.Context(), again, own, nil, 0); c.Outcome != check.Fail || len(c.Details) != 1 || !strings.Contains(c.Details[0], ".dcm (SOP Instance UID "+lost+")") {
		t.Errorf("%+v", c)
	}
}

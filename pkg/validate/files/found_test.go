package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/transfer"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// holds is an archive with studies and their SOP Instance UIDs; a query for a nil study fails.
func holds(tenant string, studies map[string][]string) check.Archive {
	return check.Archive{Tenant: tenant, Base: "https://web." + tenant + ".orthweb.com", Instances: func(_ context.Context, uid string) (map[string]string, error) {
		has := map[string]string{}
		instances, known := studies[uid]
		if known && instances == nil {
			return nil, errors.New("no route to host")
		}
		for _, instance := range instances {
			has[instance] = "id-of-" + instance
		}
		return has, nil
	}}
}

func TestCheckFound(t *testing.T) {
	dir := t.TempDir()
	sent, files := map[string][]transfer.Digest{}, map[transfer.Digest]string{}
	var uids, paths []string
	for i, image := range part10.NewTestStudy([32]byte{3}, time.Unix(1_700_000_000, 0), 3) {
		path := filepath.Join(dir, fmt.Sprintf("%d.dcm", i))
		if err := os.WriteFile(path, image.File, 0o600); err != nil {
			t.Fatal(err)
		}
		uids, paths = append(uids, image.SOPInstance), append(paths, path)
		files[transfer.DigestOf(image.SOPInstance)] = path
		sent["1.2"] = append(sent["1.2"], transfer.DigestOf(image.SOPInstance))
	}
	for _, c := range []struct {
		about    string
		sent     map[string][]transfer.Digest
		own, mhr map[string][]string
		outcome  check.Outcome
		code     finding.Code
		found    string
		details  []string
	}{
		{about: "all there", sent: sent, own: map[string][]string{"1.2": uids}, outcome: check.Pass, found: "all 3 instances of 1 study"},
		{about: "more are there", sent: sent, own: map[string][]string{"1.2": append([]string{"1.9"}, uids...)}, outcome: check.Pass, found: "all 3 instances of 1 study"},
		{about: "as many, but others", sent: sent, own: map[string][]string{"1.2": {uids[0], uids[1], "1.9"}}, outcome: check.Fail, code: check.CodeStudyMissing,
			found: "does not have 1 instances", details: []string{"missing: " + paths[2] + " (SOP Instance UID " + uids[2] + "): no archive that could be queried has it"}},
		{about: "with another tenant", sent: sent, mhr: map[string][]string{"1.2": uids[:1]}, outcome: check.Fail, code: check.CodeFilesElsewhere,
			found: "files are in another tenant's archive: 1 instances; 2 more are in no archive that could be queried", details: []string{
				"misrouted: " + paths[0] + " (SOP Instance UID " + uids[0] + "): it is in the archive of mhr; remove it there with: curl --user admin --request DELETE https://web.mhr.orthweb.com/instances/id-of-" + uids[0],
				"missing: " + paths[1], "missing: " + paths[2]}},
		{about: "with both", sent: sent, own: map[string][]string{"1.2": uids}, mhr: map[string][]string{"1.2": uids}, outcome: check.Pass, found: "all 3 instances"},
		{about: "the other can't be asked", sent: sent, own: map[string][]string{"1.2": uids[:2]}, mhr: map[string][]string{"1.2": nil}, outcome: check.Fail, code: check.CodeStudyMissing,
			found: "does not have 1 instances", details: []string{"missing: " + paths[2]}},
		{about: "the file is not there any longer", sent: map[string][]transfer.Digest{"1.5": {transfer.DigestOf("1.5.1")}}, outcome: check.Fail, code: check.CodeStudyMissing,
			found: "does not have 1 instances", details: []string{"missing: an instance of study 1.5: no archive"}},
		{about: "no answer", sent: sent, own: map[string][]string{"1.2": nil}, outcome: check.Skip, found: "could not be queried for 1 study",
			details: []string{"not queried: study 1.2: no route to host"}},
		{about: "some without a study", sent: map[string][]transfer.Digest{"1.2": sent["1.2"], "": {{1}}}, own: map[string][]string{"1.2": uids}, outcome: check.Warn, code: check.CodeNotOrthanc,
			found: "could not be queried for 1 study", details: []string{"not queried: 1 file: the data set has no Study Instance UID to query for"}},
		{about: "nothing sent", outcome: check.Skip, found: "nothing was stored"},
	} {
		t.Run(c.about, func(t *testing.T) {
			got := Found(t.Context(), transfer.Result{Studies: c.sent, Paths: files}, holds("bhs", c.own), []check.Archive{holds("mhr", c.mhr)}, 20)
			if got.Outcome != c.outcome || got.Code != c.code || !strings.Contains(got.Found, c.found) || len(got.Details) != len(c.details) {
				t.Fatalf("%+v", got)
			}
			for i, want := range c.details {
				if !strings.HasPrefix(got.Details[i], want) {
					t.Errorf("got %s\nwant %s", got.Details[i], want)
				}
			}
		})
	}
}

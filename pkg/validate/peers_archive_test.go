//go:build peers

package validate

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/orthanc"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// front is an Orthanc behind a proxy with TLS, for web and DICOM.
type front struct {
	*peers.Orthanc
	ca      *peers.Issuer
	subject check.Subject
}

// newFront starts both. The file that Orthanc has read is also the configuration in the
// cluster.
func newFront(t *testing.T, tenant string, settings map[string]any) *front {
	t.Helper()
	f := &front{Orthanc: peers.StartOrthanc(t, settings), ca: peers.Issue(t, nil, tenant+"-ca", nil)}
	dir, web, dcm := t.TempDir(), peers.Port(t), peers.Port(t)
	peers.Issue(t, f.ca, "localhost", nil).Write(t, dir, "server")
	f.listen(t, dir, web, dcm, f.DICOMPort)
	f.subject = check.Subject{
		Tenant: tenant, Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, CAs: []*x509.Certificate{f.ca.Certificate},
		Web: check.Endpoint{Host: "localhost", Port: int64(web), Known: true}, DICOM: check.Endpoint{Host: "localhost", Port: int64(dcm), Known: true},
	}
	file, err := os.ReadFile(filepath.Join(f.Dir, "orthanc.json"))
	if err != nil {
		t.Fatal(err)
	}
	config := orthanc.Configuration{}
	if err := config.Add(file, nil); err != nil {
		t.Fatal(err)
	}
	limits := config.Limits(nil)
	f.subject.Limits = configured(*limits.Patients, *limits.Size)
	return f
}

// listen starts the proxy: the web is that of the front, DICOM goes to a port.
func (f *front) listen(t *testing.T, dir string, web, dcm, backend int) *peers.Server {
	return peers.StartHAProxy(t, dir, fmt.Sprintf(`listen web
  mode http
  bind %s ssl crt server.both.pem
  server orthanc %s
listen dicom
  bind %s ssl crt server.both.pem
  server orthanc %s
`, peers.Address(web), peers.Address(f.HTTPPort), peers.Address(dcm), peers.Address(backend)), web, dcm)
}

func (f *front) run(t *testing.T, o check.Options) []check.Check {
	t.Helper()
	o.Calling, o.Called, o.Timeout, o.Via = "ORTHWEB", "ORTHANC", 20*time.Second, "address"
	return Run(t.Context(), f.subject, o, nil)
}

// fill stores studies of the given number of patients, with some images each, and returns their
// files.
func (f *front) fill(t *testing.T, random *rand.Rand, patients int) {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for i := range patients {
		var seed [32]byte
		for j := range seed {
			seed[j] = byte(random.Uint32())
		}
		for j, image := range part10.NewTestStudy(seed, time.Unix(1_700_000_000, 0), 1+random.IntN(3)) {
			path := filepath.Join(dir, fmt.Sprintf("%d-%d.dcm", i, j))
			if err := os.WriteFile(path, image.File, 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, path)
		}
	}
	if len(files) > 0 {
		f.Store(t, files...)
	}
}

// content is the whole content of an archive: each instance's id, with the digest of its file
// and its metadata.
func (f *front) content(t *testing.T) map[string]string {
	t.Helper()
	var ids []string
	f.Ask(t, http.MethodGet, "/instances", "", &ids)
	has := map[string]string{}
	for _, id := range ids {
		var attachment, metadata json.RawMessage
		f.Ask(t, http.MethodGet, "/instances/"+id+"/attachments/dicom/info", "", &attachment)
		f.Ask(t, http.MethodGet, "/instances/"+id+"/metadata?expand", "", &metadata)
		has[id] = string(attachment) + string(metadata)
	}
	return has
}

// TestNothingElseChanges validates archives with random settings and contents: their content
// must be the same before and after, for any result of the checks.
func TestNothingElseChanges(t *testing.T) {
	t.Parallel()
	const archives = 100
	var stored, skipped atomic.Int32
	t.Cleanup(func() {
		if stored.Load() < archives/5 || skipped.Load() < archives/10 {
			t.Errorf("stored in %d archives, skipped in %d: both should be seen often", stored.Load(), skipped.Load())
		}
		t.Logf("stored in %d archives, skipped in %d", stored.Load(), skipped.Load())
	})
	for n := range uint64(archives) {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(n, 13))
			settings := map[string]any{
				"MaximumPatientCount": random.IntN(2) * random.IntN(14), "MaximumStorageSize": random.IntN(2) * random.IntN(4),
				"StorageCompression": random.IntN(2) == 0, "OverwriteInstances": random.IntN(2) == 0, "StableAge": 1 + random.IntN(3),
				"DicomAlwaysAllowStore": random.IntN(8) > 0, "KeepAlive": random.IntN(2) == 0, "StoreMD5ForAttachments": random.IntN(2) == 0,
			}
			if random.IntN(3) == 0 {
				settings["IngestTranscoding"] = []string{part10.ImplicitVRLittleEndian, "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50"}[random.IntN(4)]
			}
			f := newFront(t, "bhs", settings)
			if settings["DicomAlwaysAllowStore"] == true {
				f.fill(t, random, random.IntN(14))
			}
			before := f.content(t)
			checks := f.run(t, check.Options{})
			after := f.content(t)
			for id, was := range before {
				if after[id] != was {
					t.Errorf("instance %s was\n%s\nand is\n%s\nwith %v", id, was, after[id], settings)
				}
			}
			if len(after) != len(before) {
				t.Errorf("%d instances before, %d after, with %v:\n%s", len(before), len(after), settings, verdicts(checks))
			}
			if named(t, checks, "dicom-store").Outcome == check.Skip {
				skipped.Add(1)
			} else {
				stored.Add(1)
			}
		})
	}
}

// TestRecyclingArchive has an archive that removes its oldest patient when the next one
// arrives: storescu causes that, and a validation does not, unless it is explicitly requested
// to store.
func TestRecyclingArchive(t *testing.T) {
	f := newFront(t, "bhs", map[string]any{"MaximumPatientCount": 5})
	f.fill(t, rand.New(rand.NewPCG(1, 1)), 5)
	before := f.Counts(t)
	checks := f.run(t, check.Options{})
	outcome{"archive-limits", check.Warn, check.CodeMayEvict, "at most 5 patients, has 5"}.check(t, checks)
	outcome{"dicom-echo", check.Pass, "", ""}.check(t, checks)
	outcome{"dicom-store", check.Skip, "", "use --store to store anyway"}.check(t, checks)
	if after := f.Counts(t); after != before {
		t.Errorf("%+v before, %+v after", before, after)
	}
	f.fill(t, rand.New(rand.NewPCG(2, 2)), 1) // the effect of DCMTK's client
	if after := f.Counts(t); after.CountPatients != 5 {
		t.Errorf("it does not recycle: %+v", after)
	}
	checks = f.run(t, check.Options{Store: true})
	outcome{"archive-unchanged", check.Fail, check.CodeArchiveLost, "1 of 5 patients"}.check(t, checks)
	if after := f.Counts(t); after.CountPatients != 4 {
		t.Errorf("%+v after --store", after)
	}
}

// TestOtherArchive routes DICOM to another tenant's archive: no data of the user may be sent,
// and nothing of the test study may remain.
func TestOtherArchive(t *testing.T) {
	bhs, mhr := newFront(t, "bhs", nil), newFront(t, "mhr", nil)
	dir, web, dcm := t.TempDir(), peers.Port(t), peers.Port(t)
	peers.Issue(t, bhs.ca, "localhost", nil).Write(t, dir, "server")
	bhs.listen(t, dir, web, dcm, mhr.DICOMPort)
	bhs.subject.Web.Port, bhs.subject.DICOM.Port, bhs.subject.Others = int64(web), int64(dcm), []check.Subject{mhr.subject}
	checks := bhs.run(t, check.Options{Files: &check.Files{Store: storeUsersStudy(t), Size: func(context.Context) (int64, int64) { return 1, 1 }}})
	for _, want := range []outcome{
		{"study-found", check.Fail, check.CodeStudyMissing, ""}, {"study-elsewhere", check.Fail, check.CodeStudyMisrouted, "is in the archive of mhr"},
		{"clean-up", check.Pass, "", "removed from mhr; none of it is left"}, {"dicom-store-files", check.Skip, "", ""}, {"files-found", check.Skip, "", ""}, {"archive-unchanged", check.Pass, "", ""},
	} {
		want.check(t, checks)
	}
	if a, b := bhs.Counts(t), mhr.Counts(t); a.CountInstances+b.CountInstances != 0 {
		t.Errorf("%+v with bhs, %+v with mhr", a, b)
	}
	// The user of storescu would not notice.
	file := filepath.Join(dir, "user.dcm")
	if err := os.WriteFile(file, usersStudy()[0].File, 0o600); err != nil {
		t.Fatal(err)
	}
	anchor, _ := bhs.ca.Write(t, dir, "ca")
	if a := peers.Ask(t, "storescu", "--anonymous-tls", "--add-cert-file", anchor, "-aec", "ORTHANC", "localhost", fmt.Sprint(dcm), file); !a.OK() || mhr.Counts(t).CountInstances != 1 {
		t.Errorf("storescu: %s", a.Text)
	}
}

// TestLostConnections breaks DICOM during an image, and the web after it.
func TestLostConnections(t *testing.T) {
	f := newFront(t, "bhs", nil)
	dir, web, dcm := t.TempDir(), peers.Port(t), peers.Port(t)
	peers.Issue(t, f.ca, "localhost", nil).Write(t, dir, "server")
	proxy := f.listen(t, dir, web, dcm, f.DICOMPort)
	f.subject.Web.Port, f.subject.DICOM.Port = int64(web), int64(dcm)
	again := make(chan struct{})
	cut := false
	o := check.Options{Calling: "ORTHWEB", Called: "ORTHANC", Timeout: 20 * time.Second, Via: "address"}
	checks := Run(t.Context(), f.subject, o, func(c check.Check) {
		if c.Name != "dicom-store" || cut {
			return
		}
		cut = true
		proxy.Stop()
		go func() {
			defer close(again)
			time.Sleep(500 * time.Millisecond) // the outage, within the time limit of the clean-up
			f.listen(t, dir, web, dcm, f.DICOMPort)
		}()
	})
	<-again
	outcome{"dicom-store", check.Pass, "", ""}.check(t, checks)
	outcome{"clean-up", check.Pass, "", "removed from bhs; none of it is left"}.check(t, checks)
	if named(t, checks, "study-found").Outcome == check.Pass {
		t.Error("the web was not cut off")
	}
	if n := f.Counts(t).CountInstances; n != 0 {
		t.Errorf("%d images are left", n)
	}
}

// TestInterrupted cancels as soon as the study is stored, as Ctrl-C does: it must be removed
// within the time limit for that.
func TestInterrupted(t *testing.T) {
	f := newFront(t, "bhs", nil)
	ctx, cancel := context.WithCancel(t.Context())
	var cancelled time.Time
	checks := Run(ctx, f.subject, check.Options{Calling: "ORTHWEB", Called: "ORTHANC", Timeout: 20 * time.Second, Via: "address"}, func(c check.Check) {
		if c.Name == "dicom-store" {
			if n := f.Counts(t).CountInstances; n != 2 {
				t.Errorf("%d images are stored", n)
			}
			cancelled = time.Now()
			cancel()
		}
	})
	outcome{"clean-up", check.Pass, "", "removed from bhs; none of it is left"}.check(t, checks)
	if n := f.Counts(t).CountInstances; n != 0 || checks[len(checks)-1].Name != "clean-up" {
		t.Errorf("%d images are left after %s:\n%s", n, time.Since(cancelled), verdicts(checks))
	}
}

// TestOldOrthancIgnoresReject has an Orthanc older than MaximumStorageMode (1.11.2) with that
// set to Reject: it still removes patients, so nothing may be stored.
func TestOldOrthancIgnoresReject(t *testing.T) {
	f := newFront(t, "bhs", map[string]any{"MaximumPatientCount": 3, "MaximumStorageMode": "Reject"})
	known := f.subject.Limits
	f.subject.Limits = func(ctx context.Context) (orthanc.Limits, error) {
		limits, err := known(ctx)
		limits.Rejects = true
		return limits, err
	}
	f.fill(t, rand.New(rand.NewPCG(1, 1)), 3)
	before := f.content(t)
	checks := f.run(t, check.Options{})
	outcome{"archive-limits", check.Warn, check.CodeMayEvict, "at most 3 patients, has 3"}.check(t, checks)
	outcome{"dicom-store", check.Skip, "", "see archive-limits"}.check(t, checks)
	if after := f.content(t); !maps.Equal(before, after) {
		t.Errorf("%d instances before, %d after", len(before), len(after))
	}
	f.fill(t, rand.New(rand.NewPCG(2, 2)), 1) // the effect of storescu
	for id := range before {
		if _, kept := f.content(t)[id]; !kept {
			return
		}
	}
	t.Error("storescu removed nothing: it does reject")
}

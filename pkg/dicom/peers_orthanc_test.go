//go:build peers

package dicom

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/octets"
	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

// orthanc starts an Orthanc.
func orthanc(t testing.TB) *peers.Orthanc {
	t.Helper()
	return peers.StartOrthanc(t, map[string]any{"DicomCheckCalledAet": true})
}

func TestOrthancStores(t *testing.T) {
	archive := orthanc(t)
	port := archive.DICOMPort
	study := newStudy(5)
	a := open(t, port, peerOptions("ORTHANC", study[0].Meta))
	t.Logf("%+v", a.Peer())
	if status, err := a.Echo(context.Background()); err != nil || !status.Success() {
		t.Fatal(status, err)
	}
	for _, instance := range study {
		if status, err := store(a, instance); err != nil || !status.Success() {
			t.Fatal(status, err)
		}
	}
	release(t, a)
	var studies []string
	query := fmt.Sprintf(`{"Level": "Study", "Query": {"PatientID": %q, "StudyInstanceUID": %q}}`, study[0].PatientID, study[0].StudyUID)
	if archive.Ask(t, "POST", "/tools/find", query, &studies); len(studies) != 1 {
		t.Fatalf("Orthanc has the studies %q", studies)
	}
	for _, instance := range study {
		var found []struct{ ID, Type string }
		if archive.Ask(t, "POST", "/tools/lookup", instance.SOPInstance, &found); len(found) != 1 {
			t.Fatalf("Orthanc has the instances %+v", found)
		}
		file := archive.Get(t, "/instances/"+found[0].ID+"/file")
		back, err := part10.Scan(bytes.NewReader(file))
		if err != nil || back.StudyUID != instance.StudyUID {
			t.Fatalf("%+v: %v", back, err)
		}
		if sha256.Sum256(file[back.PixelOffset:][:back.PixelLength]) != instance.PixelSHA256 {
			t.Error("the pixels came back changed")
		}
	}
}

func TestOrthancRejects(t *testing.T) {
	port := orthanc(t).DICOMPort
	_, err := Associate(context.Background(), dial(t, port), peerOptions("NOBODY", someInstance))
	holds(t, err, "called-AE-title-not-recognized")
	a := open(t, port, peerOptions("ORTHANC", someInstance))
	_, err = a.Store(context.Background(), someInstance, bytes.NewReader(octets.Parse(t, identity)))
	if err == nil {
		t.Error("Orthanc took an instance of no study")
	}
	t.Log(err)
	a.Abort()
}

// These benchmarks measure how much of the time is spent on this side instead of the peer.

func BenchmarkStorescp(b *testing.B) {
	port, _ := storescp(b, "--ignore")
	benchmarkPeer(b, port, "STORESCP")
}

func BenchmarkOrthanc(b *testing.B) {
	port := orthanc(b).DICOMPort
	benchmarkPeer(b, port, "ORTHANC")
}

func benchmarkPeer(b *testing.B, port int, called string) {
	study := newStudy(5000)
	a := open(b, port, peerOptions(called, study[0].Meta))
	i := 0
	for b.Loop() {
		if _, err := store(a, study[i%len(study)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
	release(b, a)
}

//go:build peers

package dicom

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// orthanc runs an Orthanc of its own.
func orthanc(t testing.TB) (dicomPort, base string) {
	t.Helper()
	dir, dicomPort, httpPort := t.TempDir(), freePort(t), freePort(t)
	config := fmt.Sprintf(`{"Name": "test", "StorageDirectory": %q, "IndexDirectory": %q, "HttpPort": %s, "DicomPort": %s,
		"DicomAet": "ORTHANC", "DicomCheckCalledAet": true, "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
		"DicomAlwaysAllowEcho": true, "DicomAlwaysAllowStore": true, "Plugins": [], "HttpServerEnabled": true}`, dir, dir, httpPort, dicomPort)
	name := filepath.Join(dir, "orthanc.json")
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	listening(t, dicomPort, "Orthanc", name)
	return dicomPort, "http://127.0.0.1:" + httpPort
}

// rest asks Orthanc's REST API.
func rest(t testing.TB, method, url, body string) []byte {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer rsp.Body.Close()
	answer, err := io.ReadAll(rsp.Body)
	if err != nil || rsp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s, %v", method, url, rsp.Status, err)
	}
	return answer
}

func TestOrthancStores(t *testing.T) {
	port, base := orthanc(t)
	study := anew(5)
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
	if err := json.Unmarshal(rest(t, "POST", base+"/tools/find", query), &studies); err != nil || len(studies) != 1 {
		t.Fatalf("Orthanc has the studies %q: %v", studies, err)
	}
	for _, instance := range study {
		var found []struct{ ID, Type string }
		if err := json.Unmarshal(rest(t, "POST", base+"/tools/lookup", instance.SOPInstance), &found); err != nil || len(found) != 1 {
			t.Fatalf("Orthanc has the instances %+v: %v", found, err)
		}
		file := rest(t, "GET", base+"/instances/"+found[0].ID+"/file", "")
		back, err := Scan(bytes.NewReader(file))
		if err != nil || back.StudyUID != instance.StudyUID {
			t.Fatalf("%+v: %v", back, err)
		}
		if sha256.Sum256(file[back.PixelOffset:][:back.PixelLength]) != instance.PixelSHA256 {
			t.Error("the pixels came back changed")
		}
	}
}

func TestOrthancRejects(t *testing.T) {
	port, _ := orthanc(t)
	_, err := Associate(context.Background(), dial(t, port), peerOptions("NOBODY", someInstance))
	holds(t, err, "called-AE-title-not-recognized")
	a := open(t, port, peerOptions("ORTHANC", someInstance))
	_, err = a.Store(context.Background(), someInstance, bytes.NewReader(identity()))
	if err == nil {
		t.Error("Orthanc took an instance of no study")
	}
	t.Log(err)
	a.Abort()
}

// These benchmarks show how far this side is from being what a peer waits for.

func BenchmarkStorescp(b *testing.B) {
	port, _ := storescp(b, "--ignore")
	benchmarkPeer(b, port, "STORESCP")
}

func BenchmarkOrthanc(b *testing.B) {
	port, _ := orthanc(b)
	benchmarkPeer(b, port, "ORTHANC")
}

func benchmarkPeer(b *testing.B, port, called string) {
	study := anew(5000)
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

package peers

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Orthanc is a running Orthanc with its own storage.
type Orthanc struct {
	*Server
	DICOMPort, HTTPPort int
	// Base is the address of its REST API: http://127.0.0.1:PORT.
	Base string
	// Dir holds its storage and its configuration.
	Dir string
}

// StartOrthanc starts an Orthanc. Settings are added to its configuration, and replace the
// defaults: the AE title ORTHANC, no passwords, and every caller may echo and store (the names
// are those of Orthanc 1.10.1, Resources/Configuration.json).
func StartOrthanc(t testing.TB, settings map[string]any) *Orthanc {
	t.Helper()
	o := &Orthanc{Dir: t.TempDir(), DICOMPort: Port(t), HTTPPort: Port(t)}
	o.Base = "http://" + Address(o.HTTPPort)
	config := map[string]any{
		"Name": "test", "StorageDirectory": filepath.Join(o.Dir, "storage"), "IndexDirectory": filepath.Join(o.Dir, "storage"),
		"HttpPort": o.HTTPPort, "DicomPort": o.DICOMPort, "DicomAet": "ORTHANC", "RemoteAccessAllowed": false,
		"AuthenticationEnabled": false, "DicomAlwaysAllowEcho": true, "DicomAlwaysAllowStore": true, "Plugins": []string{},
	}
	maps.Copy(config, settings)
	data, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(o.Dir, "orthanc.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	o.Server = Start(t, []int{o.DICOMPort, o.HTTPPort}, o.Dir, "Orthanc", name)
	return o
}

// Ask sends a request to its REST API and decodes the JSON answer, unless into is nil. It
// fails the test on any other status than 200.
func (o *Orthanc) Ask(t testing.TB, method, path, body string, into any) {
	t.Helper()
	answer := o.exchange(t, method, path, body)
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer, into); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, answer)
	}
}

// Get reads data other than JSON from its REST API.
func (o *Orthanc) Get(t testing.TB, path string) []byte {
	t.Helper()
	return o.exchange(t, http.MethodGet, path, "")
}

func (o *Orthanc) exchange(t testing.TB, method, path, body string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, o.Base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s, %v: %s", method, path, resp.Status, err, answer)
	}
	return answer
}

// Counts are the counts of an Orthanc (/statistics).
type Counts struct{ CountPatients, CountStudies, CountSeries, CountInstances int }

// Counts reads the counts.
func (o *Orthanc) Counts(t testing.TB) (c Counts) {
	t.Helper()
	o.Ask(t, http.MethodGet, "/statistics", "", &c)
	return c
}

// Store sends files with DCMTK's storescu, and fails the test unless all are stored.
func (o *Orthanc) Store(t testing.TB, files ...string) {
	t.Helper()
	args := append([]string{"-aec", "ORTHANC", "127.0.0.1", strconv.Itoa(o.DICOMPort)}, files...)
	if a := Ask(t, "storescu", args...); !a.OK() {
		t.Fatalf("storescu: exit status %d\n%s", a.Status, a.Text)
	}
}

//go:build peers

package peers

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestOrthanc stores with DCMTK into an Orthanc, through a proxy that the test configures.
func TestOrthanc(t *testing.T) {
	o := StartOrthanc(t, map[string]any{"DicomAet": "ARCHIVE"})
	var system struct{ DicomAet string }
	if o.Ask(t, http.MethodGet, "/system", "", &system); system.DicomAet != "ARCHIVE" {
		t.Errorf("its AE title is %q", system.DicomAet)
	}
	if counts := o.Counts(t); counts != (Counts{}) {
		t.Errorf("%+v in a new archive", counts)
	}
	ca := Issue(t, nil, "CA", nil)
	dir, port := t.TempDir(), Port(t)
	Issue(t, ca, "dicom.example.com", nil).Write(t, dir, "server")
	anchor, _ := ca.Write(t, dir, "ca")
	StartHAProxy(t, dir, "listen dicom\n  bind "+Address(port)+" ssl crt server.both.pem\n  server orthanc "+Address(o.DICOMPort)+"\n", port)
	echo := Ask(t, "echoscu", "--anonymous-tls", "--add-cert-file", anchor, "-aec", "ARCHIVE", "127.0.0.1", strconv.Itoa(port))
	if !echo.OK() {
		t.Errorf("echoscu: %+v", echo)
	}
	plain := Ask(t, "echoscu", "-aec", "ARCHIVE", "127.0.0.1", strconv.Itoa(port))
	if plain.OK() || !strings.Contains(plain.Text, "Failed") {
		t.Errorf("echoscu without TLS: %+v", plain)
	}
}

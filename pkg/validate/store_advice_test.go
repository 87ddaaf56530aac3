package validate

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

func TestStoreFix(t *testing.T) {
	status := func(code uint16) error {
		return fmt.Errorf("C-STORE: %w", &dicom.StatusError{Operation: "C-STORE", Status: dicom.Status{Code: code}})
	}
	closed := func(before, waiting time.Duration) error {
		return fmt.Errorf("C-STORE: %w", &dicom.ClosedError{Before: before, Waiting: waiting, Err: io.EOF})
	}
	others := Attempt{OthersStored: true}
	for _, c := range []struct {
		about   string
		err     error
		attempt Attempt
		fix     string
	}{
		{"out of resources", status(0xA700), Attempt{}, "storage and database have free space"},
		{"out of resources, and others were stored", status(0xA701), others, "Check the file first"},
		{"out of resources, and a UID is missing", status(0xA700), Attempt{MissingUIDs: []string{"Study Instance UID"}}, "has no Study Instance UID"},
		{"resource limitation", status(0x0213), others, "storage and database have free space"},
		{"cannot understand", status(0xC123), Attempt{}, "can't understand its data set"},
		{"another SOP class", status(0xA900), Attempt{}, "does not match its SOP class"},
		{"SOP class not supported", status(0x0122), Attempt{}, "UnknownSopClassAccepted"},
		{"not authorized", status(0x0124), Attempt{}, "AllowStore"},
		{"duplicate", status(0x0111), Attempt{}, "already"},
		{"of its own", status(0x1234), Attempt{}, "Check Orthanc's log"},
		{"aborted at once", &dicom.AbortError{}, Attempt{Calling: "SCANNER"}, "Add SCANNER to DicomModalities"},
		{"aborted after others", &dicom.AbortError{}, others, "Check Orthanc's log"},
		{"aborted after it was idle", &dicom.AbortError{Before: 31 * time.Second}, others, "DicomScpTimeout"},
		{"closed after it was idle", closed(5*time.Minute, time.Millisecond), Attempt{}, "the idle timeout of 5m0s or less"},
		{"closed while it was awaited", closed(0, time.Minute), Attempt{}, "Compare 1m0s"},
		{"closed at once", closed(0, time.Millisecond), Attempt{}, "restarted while it stored"},
		{"late", &dicom.TimeoutError{Waiting: "response"}, Attempt{}, "takes this long"},
		{"deflated", &dicom.RefusedError{SOPClass: part10.SecondaryCaptureStorage, TransferSyntax: "1.2.840.10008.1.2.1.99", Proposed: true, Result: 4}, Attempt{},
			"before Orthanc 1.9.0: DeflatedTransferSyntaxAccepted"},
		{"a manufacturer's class", &dicom.RefusedError{SOPClass: "1.3.12.2.1107.5.9.1", TransferSyntax: part10.ExplicitVRLittleEndian, Proposed: true, Result: 3}, Attempt{},
			"Set UnknownSopClassAccepted, if Orthanc does not know the SOP class 1.3.12.2.1107.5.9.1; or add "},
	} {
		c.attempt.Tenant = "bhs"
		fix := StoreFix(c.err, c.attempt)
		if !strings.Contains(fix.Text, c.fix) {
			t.Errorf("%s: %+v", c.about, fix)
		}
		if first := strings.ToLower(fix.Text); strings.Contains(first, "delete") || strings.HasPrefix(first, "disable") {
			t.Errorf("%s: %+v", c.about, fix)
		}
	}
}

// TestSyntaxOption covers each option of Orthanc's configuration, and transfer syntaxes without
// one.
func TestSyntaxOption(t *testing.T) {
	for uid, want := range map[string]string{
		"1.2.840.10008.1.2": "", part10.ExplicitVRLittleEndian: "", "1.2.840.10008.1.2.5": "Rle",
		"1.2.840.10008.1.2.4.50": "Jpeg", "1.2.840.10008.1.2.4.70": "Jpeg", "1.2.840.10008.1.2.4.80": "JpegLossless", "1.2.840.10008.1.2.4.91": "Jpeg2000",
		"1.2.840.10008.1.2.4.94": "Jpip", "1.2.840.10008.1.2.4.100": "Mpeg2", "1.2.840.10008.1.2.4.106": "Mpeg4", "1.2.840.10008.1.2.4.107": "H265",
		"1.2.840.10008.1.2.4.201": "", "1.2.3": "",
	} {
		if want != "" {
			want += "TransferSyntaxAccepted"
		}
		if got := syntaxOption(uid); got != want {
			t.Errorf("%s: %q, want %q", uid, got, want)
		}
	}
}

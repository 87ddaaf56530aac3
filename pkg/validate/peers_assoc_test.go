//go:build peers

package validate

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// gatewayed is a real Orthanc behind HAProxy with TLS, like that of an ingress.
type gatewayed struct {
	*peers.Orthanc
	subject check.Subject
	options check.Options
}

func startGatewayed(t *testing.T, settings map[string]any) *gatewayed {
	t.Helper()
	f := newFront(t, "bhs", settings)
	g := &gatewayed{Orthanc: f.Orthanc, subject: f.subject}
	g.options = check.Options{Calling: "ORTHWEB", Called: "ORTHANC", Via: "address", Timeout: 20 * time.Second}
	return g
}

// scu runs echoscu or storescu with the AE titles of the options, without the proxy.
func (g *gatewayed) scu(t *testing.T, program string, files ...string) peers.Answer {
	t.Helper()
	args := append([]string{"-v", "-aet", g.options.Calling, "-aec", g.options.Called, "127.0.0.1", strconv.Itoa(g.DICOMPort)}, files...)
	return peers.Ask(t, program, args...)
}

// testImage writes an image like the one that a validation sends.
func testImage(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.dcm")
	if err := os.WriteFile(path, part10.NewTestStudy([32]byte{1}, time.Unix(1_700_000_000, 0), 1)[0].File, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// modality is an entry of DicomModalities.
func modality(title, host string, echo, store bool) map[string]any {
	return map[string]any{"scanner": map[string]any{"AET": title, "Host": host, "Port": 104, "AllowEcho": echo, "AllowStore": store}}
}

// TestPeersWhatOrthancAllows compares the permissions of a modality with echoscu and storescu,
// and checks the advice for the configuration.
func TestPeersWhatOrthancAllows(t *testing.T) {
	closed := func(more map[string]any) map[string]any {
		settings := map[string]any{"DicomAlwaysAllowEcho": false, "DicomAlwaysAllowStore": false}
		for k, v := range more {
			settings[k] = v
		}
		return settings
	}
	for _, c := range []struct {
		about    string
		settings map[string]any
		called   string
		// echo and store are the results of the client programs; fails is the check that then
		// fails, with its code and words of its advice.
		echo, store bool
		fails       string
		code        finding.Code
		fix         string
	}{
		{about: "everything", echo: true, store: true},
		{about: "any called AE title", called: "OTHER", echo: true, store: true},
		{about: "its own AE title alone", settings: map[string]any{"DicomCheckCalledAet": true, "DicomAet": "ARCHIVE"}, called: "OTHER",
			fails: "dicom-association", code: check.CodeAssociationRejected, fix: "kubectl orthweb validate bhs --aec=ARCHIVE"},
		{about: "its own AE title, as called", settings: map[string]any{"DicomCheckCalledAet": true}, echo: true, store: true},
		{about: "no modality", settings: closed(nil), fails: "dicom-association", code: check.CodeAssociationRejected, fix: "DicomModalities"},
		{about: "another modality", settings: closed(map[string]any{"DicomModalities": modality("OTHER", "127.0.0.1", true, true)}),
			fails: "dicom-association", code: check.CodeAssociationRejected, fix: "add ORTHWEB to its DicomModalities"},
		{about: "the modality", settings: closed(map[string]any{"DicomModalities": modality("ORTHWEB", "10.1.2.3", true, true)}), echo: true, store: true},
		{about: "the modality from its host alone", settings: closed(map[string]any{"DicomCheckModalityHost": true, "DicomModalities": modality("ORTHWEB", "10.1.2.3", true, true)}),
			fails: "dicom-association", code: check.CodeAssociationRejected, fix: "behind an ingress is the proxy's"},
		{about: "the modality, echo alone", settings: closed(map[string]any{"DicomModalities": modality("ORTHWEB", "127.0.0.1", true, false)}),
			echo: true, fails: "dicom-store"},
		{about: "the modality, storing alone", settings: closed(map[string]any{"DicomModalities": modality("ORTHWEB", "127.0.0.1", false, true)}),
			store: true, fails: "dicom-echo", code: check.CodeEchoFailed, fix: "AllowEcho"},
		{about: "no storing", settings: map[string]any{"DicomAlwaysAllowStore": false}, echo: true, fails: "dicom-store"},
		{about: "no echo", settings: map[string]any{"DicomAlwaysAllowEcho": false}, store: true, fails: "dicom-echo", code: check.CodeEchoFailed, fix: "DicomAlwaysAllowEcho"},
		{about: "the default transfer syntax alone", settings: map[string]any{"AcceptedTransferSyntaxes": []string{"1.2.840.10008.1.2"}}, echo: true, store: true},
		{about: "no transfer syntax of ours", settings: map[string]any{"AcceptedTransferSyntaxes": []string{"1.2.840.10008.1.2.4.50"}},
			echo: true, fails: "dicom-association", code: check.CodeContextRefused, fix: "Add 1.2.840.10008.1.2.1 (Explicit VR Little Endian) to AcceptedTransferSyntaxes"},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			g := startGatewayed(t, c.settings)
			if c.called != "" {
				g.options.Called = c.called
			}
			// echoscu ends with 0 even if the answer to C-ECHO is an abort.
			if a := g.scu(t, "echoscu"); (a.OK() && !strings.Contains(a.Text, "Echo Failed")) != c.echo {
				t.Errorf("echoscu: %+v", a)
			}
			if a := g.scu(t, "storescu", testImage(t)); a.OK() != c.store {
				t.Errorf("storescu: %+v", a)
			}
			checks := Run(t.Context(), g.subject, g.options, nil)
			for _, test := range checks {
				if (test.Outcome == check.Fail) != (test.Name == c.fails) {
					t.Errorf("%+v", test)
				}
				if test.Name == c.fails && c.code != "" && (test.Code != c.code || !strings.Contains(test.Fix.Text+"\n"+test.Fix.Command, c.fix)) {
					t.Errorf("%+v", test)
				}
			}
		})
	}
}

// TestPeersStoreFix checks the advice after each failure of Orthanc to store.
func TestPeersStoreFix(t *testing.T) {
	for _, c := range []struct {
		about    string
		settings map[string]any
		change   func(*part10.TestInstance)
		attempt  Attempt
		stores   bool
		fix      string
	}{
		{about: "it may", stores: true},
		{about: "it may not", settings: map[string]any{"DicomAlwaysAllowStore": false}, fix: "AllowStore"},
		{about: "no Study Instance UID", change: hideStudyUID, attempt: Attempt{MissingUIDs: []string{"Study Instance UID"}}, fix: "Correct the file, which has no Study Instance UID"},
		{about: "no Study Instance UID, which nobody noticed", change: hideStudyUID, attempt: Attempt{OthersStored: true}, fix: "Check the file first"},
		{about: "no such transfer syntax", settings: map[string]any{"AcceptedTransferSyntaxes": []string{"1.2.840.10008.1.2.4.50"}}, fix: "AcceptedTransferSyntaxes"},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			g := startGatewayed(t, c.settings)
			instance := part10.NewTestStudy([32]byte{2}, time.Unix(1_700_000_000, 0), 1)[0]
			if c.change != nil {
				c.change(&instance)
			}
			path := filepath.Join(t.TempDir(), "image.dcm")
			if err := os.WriteFile(path, instance.File, 0o600); err != nil {
				t.Fatal(err)
			}
			if a := g.scu(t, "storescu", path); strings.Contains(a.Text, "Store Response (Success)") != c.stores {
				t.Errorf("storescu: %+v", a)
			}
			err := g.store(t, instance)
			if (err == nil) != c.stores {
				t.Fatalf("C-STORE: %v", err)
			}
			if n := g.Counts(t).CountInstances; (n == 1) != c.stores {
				t.Errorf("Orthanc has %d images", n)
			}
			if err == nil {
				return
			}
			c.attempt.Calling, c.attempt.Tenant = "ORTHWEB", "bhs"
			if fix := StoreFix(err, c.attempt); !strings.Contains(fix.Text, c.fix) {
				t.Errorf("%v: %+v", err, fix)
			}
		})
	}
}

// hideStudyUID gives the Study Instance UID the tag of another element.
func hideStudyUID(i *part10.TestInstance) {
	i.File = []byte(strings.Replace(string(i.File), "\x20\x00\x0D\x00UI", "\x20\x00\x0C\x00UI", 1))
}

// store sends an instance over a separate association.
func (g *gatewayed) store(t *testing.T, i part10.TestInstance) error {
	t.Helper()
	conn, err := g.options.Secure(t.Context(), g.subject, g.subject.DICOM)
	if err != nil {
		t.Fatal(err)
	}
	a, err := dicom.Associate(t.Context(), conn, dicom.Options{Calling: "ORTHWEB", Called: "ORTHANC", Contexts: dicom.Propose(i.Meta)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Abort()
	_, err = a.Store(t.Context(), i.Meta, strings.NewReader(string(i.File[i.DataOffset:])))
	return err
}

// TestPeersIngestTranscoding has an Orthanc that stores in other transfer syntaxes than those
// it receives. A lossless transcoding is the same image.
func TestPeersIngestTranscoding(t *testing.T) {
	for _, c := range []struct {
		syntax  string
		outcome check.Outcome
		code    finding.Code
		message string
	}{
		{"1.2.840.10008.1.2", check.Pass, "", "all pixels identical"},
		{"1.2.840.10008.1.2.1.99", check.Pass, "", "all pixels identical"},
		{"1.2.840.10008.1.2.2", check.Pass, "", "all pixels identical"},
		{"1.2.840.10008.1.2.4.57", check.Pass, "", "stored as JPEG Lossless"},
		{"1.2.840.10008.1.2.4.70", check.Pass, "", "stored as JPEG Lossless"},
		{"1.2.840.10008.1.2.4.80", check.Pass, "", "stored as JPEG-LS Lossless"},
		{"1.2.840.10008.1.2.4.50", check.Warn, check.CodeStudyLossy, "Orthanc stores images with lossy compression, as JPEG Baseline (Process 1)"},
		{"1.2.840.10008.1.2.4.51", check.Warn, check.CodeStudyLossy, "JPEG Extended"},
		{"1.2.840.10008.1.2.4.81", check.Warn, check.CodeStudyLossy, "lost detail, and have new SOP Instance UIDs"},
	} {
		t.Run(c.syntax, func(t *testing.T) {
			t.Parallel()
			g := startGatewayed(t, map[string]any{"IngestTranscoding": c.syntax})
			g.options.Keep = true
			got := named(t, Run(t.Context(), g.subject, g.options, nil), "study-found")
			if got.Outcome != c.outcome || got.Code != c.code || !strings.Contains(got.Found, c.message) {
				t.Errorf("%+v", got)
			}
			if n := g.Counts(t).CountInstances; n != testInstances {
				t.Errorf("Orthanc has %d images", n)
			}
		})
	}
}

// TestPeersDiscarded has an Orthanc that answers with success and discards the images, also
// those of storescu.
func TestPeersDiscarded(t *testing.T) {
	for about, script := range map[string]string{
		"a filter": "function ReceivedInstanceFilter(dicom, origin, info) return false end",
		"a script": "function OnStoredInstance(id, tags, metadata, origin) Delete(id) end",
	} {
		t.Run(about, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "script.lua")
			if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
				t.Fatal(err)
			}
			g := startGatewayed(t, map[string]any{"LuaScripts": []string{path}})
			if a := g.scu(t, "storescu", testImage(t)); !a.OK() {
				t.Errorf("storescu: %+v", a)
			}
			checks := Run(t.Context(), g.subject, g.options, nil)
			got := named(t, checks, "study-found")
			if named(t, checks, "dicom-store").Outcome != check.Pass || got.Outcome != check.Fail || got.Code != check.CodeStudyMissing || !strings.Contains(got.Fix.Text, "ReceivedInstanceFilter") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestPeersIdleInOrthanc leaves an association without traffic until Orthanc aborts it: that
// must not be reported as a missing permission.
func TestPeersIdleInOrthanc(t *testing.T) {
	g := startGatewayed(t, map[string]any{"DicomScpTimeout": 1})
	conn, err := g.options.Secure(t.Context(), g.subject, g.subject.DICOM)
	if err != nil {
		t.Fatal(err)
	}
	waiting := &peekable{conn, bufio.NewReader(conn)}
	i := part10.NewTestStudy([32]byte{3}, time.Unix(1_700_000_000, 0), 1)[0]
	a, err := dicom.Associate(t.Context(), waiting, dicom.Options{Calling: "ORTHWEB", Called: "ORTHANC", Contexts: dicom.Propose(i.Meta)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Abort()
	if _, err := waiting.in.Peek(1); err != nil {
		t.Fatalf("Orthanc sent nothing: %v", err)
	}
	_, err = a.Store(t.Context(), i.Meta, strings.NewReader(string(i.File[i.DataOffset:])))
	if fix := StoreFix(err, Attempt{Tenant: "bhs", Calling: "ORTHWEB"}); err == nil || !strings.Contains(err.Error(), "which suggests an idle timeout") || !strings.Contains(fix.Text, "DicomScpTimeout") {
		t.Errorf("%v: %+v", err, fix)
	}
}

// peekable is a connection on which the test can wait for bytes without consuming them.
type peekable struct {
	net.Conn
	in *bufio.Reader
}

// Read first returns the bytes that the test waited for.
func (p *peekable) Read(b []byte) (int, error) { return p.in.Read(b) }

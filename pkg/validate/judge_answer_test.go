package validate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

func TestJudgeNoRequest(t *testing.T) {
	for _, c := range []struct {
		about           string
		place           Endpoint
		withoutPassword bool
		outcome         Outcome
		code            finding.Code
		says            string
	}{
		{about: "the web, SIMPLE", place: Endpoint{Known: true}, outcome: Pass, says: "access is protected by password only"},
		{about: "the web, not known", outcome: Pass, says: "access is protected by password only"},
		{about: "DICOM, SIMPLE", place: Endpoint{Known: true}, withoutPassword: true, outcome: Warn, code: codeNoClientCertificate, says: "anyone who can reach the port"},
		{about: "DICOM, not known", withoutPassword: true, outcome: Warn, code: codeNoClientCertificate, says: "anyone who can reach the port"},
		{about: "the web, MUTUAL", place: Endpoint{Known: true, Mutual: true}, outcome: Fail, code: codeAnyClientAccepted, says: "although the Gateway requires one"},
		{about: "DICOM, MUTUAL", place: Endpoint{Known: true, Mutual: true}, withoutPassword: true, outcome: Fail, code: codeAnyClientAccepted, says: "although the Gateway requires one"},
	} {
		judged(t, c.about, judgeNoRequest(c.place, "bhs", c.withoutPassword), c.outcome, c.code, c.says)
	}
}

func TestJudgeAssociation(t *testing.T) {
	proposed := dicom.Propose(dicom.Meta{SOPClass: dicom.SecondaryCaptureStorage, TransferSyntax: dicom.ExplicitVRLittleEndian})
	answered := func(refuse func(dicom.Proposal) bool) (out []dicom.Result) {
		for _, p := range proposed {
			r := dicom.Result{Proposal: p, TransferSyntax: p.TransferSyntaxes[0]}
			if refuse(p) {
				r.Result = 3
			}
			out = append(out, r)
		}
		return out
	}
	never := func(dicom.Proposal) bool { return false }
	is := func(uid string) func(dicom.Proposal) bool {
		return func(p dicom.Proposal) bool { return p.AbstractSyntax == uid }
	}
	for _, c := range []struct {
		about    string
		contexts []dicom.Result
		err      error
		outcome  Outcome
		code     finding.Code
		says     string
	}{
		{about: "taken", contexts: answered(never), outcome: Pass, says: "ORTHANC accepted the association from ORTHWEB"},
		{about: "what isn't needed is refused", contexts: answered(func(p dicom.Proposal) bool {
			return p.AbstractSyntax != dicom.Verification && !slices.Contains(p.TransferSyntaxes, dicom.ExplicitVRLittleEndian)
		}), outcome: Pass, says: "accepted the association"},
		{about: "no echo", contexts: answered(is(dicom.Verification)), outcome: Fail, code: codeContextRefused, says: "Verification with "},
		{about: "no images", contexts: answered(is(dicom.SecondaryCaptureStorage)), outcome: Fail, code: codeContextRefused, says: "Secondary Capture Image Storage with "},
		{about: "rejected", err: fmt.Errorf("asking: %w", &dicom.RejectError{Result: 1, Source: 1, Reason: 3}), outcome: Fail, code: codeAssociationRejected, says: "calling-AE-title-not-recognized"},
		{about: "aborted", err: &dicom.AbortError{Source: 2, Reason: 1}, outcome: Fail, code: codeAssociationAborted, says: "the peer aborted the association"},
		{about: "no DICOM", err: &dicom.ProtocolError{What: "sent an HTTP response"}, outcome: Fail, code: codeAssociationFailed, says: "sent an HTTP response"},
		{about: "not known", err: fmt.Errorf("TLS: %w", context.DeadlineExceeded), outcome: Fail, code: codeAssociationFailed, says: "timed out waiting for a response"},
	} {
		got := judgeAssociation(c.contexts, dicom.Peer{}, c.err, Options{Calling: "ORTHWEB", Called: "ORTHANC"}, "bhs", "")
		judged(t, c.about, got, c.outcome, c.code, c.says)
		if c.err == nil && len(got.Details) != 1+len(proposed) {
			t.Errorf("%s: %q", c.about, got.Details)
		}
	}
}

// TestRejectFix has advice for each source and reason of PS3.8 table 9-21.
func TestRejectFix(t *testing.T) {
	for _, c := range []struct {
		about                  string
		result, source, reason byte
		title                  string
		code                   finding.Code
		fix                    string
	}{
		{"called, known", 1, 1, 7, "AR CHIVE", codeAssociationRejected, "kubectl orthweb validate bhs --aec='AR CHIVE'"},
		{"called, not known", 1, 1, 7, "", codeAssociationRejected, "DicomAet in its configuration"},
		{"called as the web says", 1, 1, 7, "ORTHANC", codeAssociationRejected, "Check where DICOM is routed to"},
		{"calling", 1, 1, 3, "ORTHANC", codeAssociationRejected, "add ORTHWEB to its DicomModalities"},
		{"application context", 1, 1, 2, "", codeAssociationRejected, "application context"},
		{"protocol version", 1, 2, 2, "", codeAssociationRejected, "another version"},
		{"congestion", 2, 3, 1, "", codeAssociationLimit, "--concurrency"},
		{"local limit", 2, 3, 2, "", codeAssociationLimit, "--concurrency"},
		{"local limit, for good", 1, 3, 2, "", codeAssociationLimit, "--concurrency"},
		{"no reason", 1, 1, 1, "", codeAssociationRejected, "gives no reason"},
		{"no reason, by the provider", 1, 2, 1, "", codeAssociationRejected, "gives no reason"},
		{"no reason, for now", 2, 1, 1, "", codeAssociationRejected, "Run the command again"},
		{"a reserved reason", 1, 1, 9, "", codeAssociationRejected, "gives no reason"},
	} {
		err := fmt.Errorf("asking: %w", &dicom.RejectError{Result: c.result, Source: c.source, Reason: c.reason})
		got := judgeAssociation(nil, dicom.Peer{}, err, Options{Calling: "ORTHWEB", Called: "ORTHANC"}, "bhs", c.title)
		if got.Outcome != Fail || got.Code != c.code || !strings.Contains(got.Fix.Text+"\n"+got.Fix.Command, c.fix) {
			t.Errorf("%s: %+v", c.about, got)
		}
	}
}

func TestWorst(t *testing.T) {
	for _, c := range []struct {
		about string
		of    []Outcome
		// skipped is a check that was, by name.
		skipped string
		want    Outcome
	}{
		{about: "nothing", want: Skip},
		{about: "skipped alone", of: []Outcome{Skip, Skip}, want: Skip},
		{about: "passed and skipped", of: []Outcome{Skip, Pass, Skip}, want: Pass},
		{about: "with a warning", of: []Outcome{Pass, Warn, Pass, Skip}, want: Warn},
		{about: "without what can be left out", of: []Outcome{Pass}, skipped: "study-found", want: Pass},
		{about: "without the page", of: []Outcome{Pass, Warn}, skipped: "web-page", want: Skip},
		{about: "without an association", of: []Outcome{Pass}, skipped: "dicom-association", want: Skip},
		{about: "failed, without an association", of: []Outcome{Pass, Fail}, skipped: "dicom-association", want: Fail},
		{about: "with a failure", of: []Outcome{Pass, Fail, Warn, Skip}, want: Fail},
	} {
		var checks []Check
		for _, o := range c.of {
			checks = append(checks, Check{Outcome: o})
		}
		if c.skipped != "" {
			checks = append(checks, Check{Name: c.skipped, Outcome: Skip})
		}
		if got := Worst(checks); got != c.want {
			t.Errorf("%s: %s, want %s", c.about, got, c.want)
		}
	}
}

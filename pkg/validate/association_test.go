package validate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/checktest"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

func TestJudgeAssociation(t *testing.T) {
	proposed := dicom.Propose(part10.Meta{SOPClass: part10.SecondaryCaptureStorage, TransferSyntax: part10.ExplicitVRLittleEndian})
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
		outcome  check.Outcome
		code     finding.Code
		message  string
	}{
		{about: "taken", contexts: answered(never), outcome: check.Pass, message: "ORTHANC accepted the association from ORTHWEB"},
		{about: "what isn't needed is refused", contexts: answered(func(p dicom.Proposal) bool {
			return p.AbstractSyntax != part10.Verification && !slices.Contains(p.TransferSyntaxes, part10.ExplicitVRLittleEndian)
		}), outcome: check.Pass, message: "accepted the association"},
		{about: "no echo", contexts: answered(is(part10.Verification)), outcome: check.Fail, code: check.CodeContextRefused, message: "Verification with "},
		{about: "no images", contexts: answered(is(part10.SecondaryCaptureStorage)), outcome: check.Fail, code: check.CodeContextRefused, message: "Secondary Capture Image Storage with "},
		{about: "rejected", err: fmt.Errorf("asking: %w", &dicom.RejectError{Result: 1, Source: 1, Reason: 3}), outcome: check.Fail, code: check.CodeAssociationRejected, message: "calling-AE-title-not-recognized"},
		{about: "aborted", err: &dicom.AbortError{Source: 2, Reason: 1}, outcome: check.Fail, code: check.CodeAssociationAborted, message: "the peer aborted the association"},
		{about: "no DICOM", err: &dicom.ProtocolError{What: "sent an HTTP response"}, outcome: check.Fail, code: check.CodeAssociationFailed, message: "sent an HTTP response"},
		{about: "not known", err: fmt.Errorf("TLS: %w", context.DeadlineExceeded), outcome: check.Fail, code: check.CodeAssociationFailed, message: "timed out waiting for a response"},
	} {
		got := judgeAssociation(c.contexts, dicom.Peer{}, c.err, check.Options{Calling: "ORTHWEB", Called: "ORTHANC"}, "bhs", "")
		checktest.Expect(t, c.about, got, c.outcome, c.code, c.message)
		if c.err == nil && len(got.Details) != 1+len(proposed) {
			t.Errorf("%s: %q", c.about, got.Details)
		}
	}
}

// TestRejectFix checks that each source and reason of PS3.8 table 9-21 has advice.
func TestRejectFix(t *testing.T) {
	for _, c := range []struct {
		about                  string
		result, source, reason byte
		title                  string
		code                   finding.Code
		fix                    string
	}{
		{"called, known", 1, 1, 7, "AR CHIVE", check.CodeAssociationRejected, "kubectl orthweb validate bhs --aec='AR CHIVE'"},
		{"called, not known", 1, 1, 7, "", check.CodeAssociationRejected, "DicomAet in its configuration"},
		{"called as the web says", 1, 1, 7, "ORTHANC", check.CodeAssociationRejected, "Check where DICOM is routed to"},
		{"calling", 1, 1, 3, "ORTHANC", check.CodeAssociationRejected, "add ORTHWEB to its DicomModalities"},
		{"application context", 1, 1, 2, "", check.CodeAssociationRejected, "application context"},
		{"protocol version", 1, 2, 2, "", check.CodeAssociationRejected, "another version"},
		{"congestion", 2, 3, 1, "", check.CodeAssociationLimit, "--concurrency"},
		{"local limit", 2, 3, 2, "", check.CodeAssociationLimit, "--concurrency"},
		{"local limit, for good", 1, 3, 2, "", check.CodeAssociationLimit, "--concurrency"},
		{"no reason", 1, 1, 1, "", check.CodeAssociationRejected, "gives no reason"},
		{"no reason, by the provider", 1, 2, 1, "", check.CodeAssociationRejected, "gives no reason"},
		{"no reason, for now", 2, 1, 1, "", check.CodeAssociationRejected, "Run the command again"},
		{"a reserved reason", 1, 1, 9, "", check.CodeAssociationRejected, "gives no reason"},
	} {
		err := fmt.Errorf("asking: %w", &dicom.RejectError{Result: c.result, Source: c.source, Reason: c.reason})
		got := judgeAssociation(nil, dicom.Peer{}, err, check.Options{Calling: "ORTHWEB", Called: "ORTHANC"}, "bhs", c.title)
		if got.Outcome != check.Fail || got.Code != c.code || !strings.Contains(got.Fix.Text+"\n"+got.Fix.Command, c.fix) {
			t.Errorf("%s: %+v", c.about, got)
		}
	}
}

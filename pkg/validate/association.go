package validate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

func (v *validation) checkAssociation(ctx context.Context) Check {
	conn, err := v.options.secure(ctx, v.subject, v.subject.DICOM)
	if err != nil {
		return judgeAssociation(nil, dicom.Peer{}, err, v.options, v.subject.Tenant)
	}
	v.association, err = dicom.Associate(ctx, conn, dicom.Options{
		Calling: v.options.Calling, Called: v.options.Called,
		Contexts: dicom.Propose(dicom.Meta{SOPClass: dicom.SecondaryCaptureStorage, TransferSyntax: dicom.ExplicitVRLittleEndian}),
		Timeouts: dicom.Timeouts{Association: v.options.Timeout, Response: v.options.Timeout},
	})
	if err != nil {
		_ = conn.Close()
		return judgeAssociation(nil, dicom.Peer{}, err, v.options, v.subject.Tenant)
	}
	return judgeAssociation(v.association.Contexts(), v.association.Peer(), nil, v.options, v.subject.Tenant)
}

// judgeAssociation is pure.
func judgeAssociation(contexts []dicom.Result, peer dicom.Peer, err error, o Options, tenant string) Check {
	expected := fmt.Sprintf("an association of %s with %s", o.Calling, o.Called)
	inside := finding.Fix{Text: "See whether Orthanc runs, and whether the VirtualService leads DICOM to it", Command: "kubectl orthweb explain " + escape.ShellWord(tenant)}
	var rejected *dicom.RejectError
	var aborted *dicom.AbortError
	switch {
	case errors.As(err, &rejected):
		return fail(codeAssociationRejected, rejected.Error(), expected, finding.Fix{
			Text: "Give the AE titles that Orthanc expects: its own (DicomAet) with --aec, one of its DicomModalities with --aet",
		})
	case errors.As(err, &aborted):
		return fail(codeAssociationAborted, aborted.Error(), expected, logFix(tenant))
	case err != nil:
		return fail(codeAssociationFailed, "there was no association: "+plain(err), expected, inside)
	}
	details := []string{fmt.Sprintf("the peer is %s (%s), and takes PDUs of up to %d bytes", orUnnamed(peer.VersionName), peer.ImplementationClass, peer.MaxPDU)}
	refused := ""
	for _, c := range contexts {
		what := className(c.Proposal.AbstractSyntax)
		line := fmt.Sprintf("%s: accepted with %s", what, dicom.TransferSyntaxName(c.TransferSyntax))
		if !c.Accepted() {
			line = fmt.Sprintf("%s with %s: refused, %s", what, dicom.TransferSyntaxName(c.Proposal.TransferSyntaxes[0]), c.Result)
			if needed(c.Proposal) {
				refused = line
			}
		}
		details = append(details, line)
	}
	c := pass(fmt.Sprintf("%s took the association of %s", o.Called, o.Calling), details...)
	if refused != "" {
		c = fail(codeContextRefused, "not all that was asked for is accepted: "+refused, "that both are", finding.Fix{
			Text: "See DicomAlwaysAllowEcho, DicomAlwaysAllowStore and the accepted transfer syntaxes in Orthanc's configuration",
		})
		c.Details = details
	}
	return c
}

// needed tells whether the checks that follow use the context. The others are
// proposed because the standard wants them to be.
func needed(p dicom.Proposal) bool {
	return p.AbstractSyntax == dicom.Verification || slices.Contains(p.TransferSyntaxes, dicom.ExplicitVRLittleEndian)
}

func className(uid string) string {
	switch uid {
	case dicom.Verification:
		return "Verification"
	case dicom.SecondaryCaptureStorage:
		return "Secondary Capture Image Storage"
	}
	return uid
}

func orUnnamed(text string) string {
	if text == "" {
		return "unnamed"
	}
	return text
}

func (v *validation) checkEcho(ctx context.Context) Check {
	_, err := v.association.Echo(ctx)
	expected := "C-ECHO answered with success"
	look := finding.Fix{Text: "See DicomAlwaysAllowEcho in Orthanc's configuration"}
	if err != nil {
		return fail(codeEchoFailed, "C-ECHO failed: "+plain(err), expected, look)
	}
	return pass("C-ECHO was answered with success")
}

// endAssociation releases the association, or aborts it where that fails.
func (v *validation) endAssociation() {
	if v.association == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := v.association.Release(ctx); err != nil {
		v.association.Abort()
	}
}

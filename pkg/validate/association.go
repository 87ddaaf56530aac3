package validate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
)

func (v *validation) checkAssociation(ctx context.Context) check.Check {
	conn, err := v.options.Secure(ctx, v.subject, v.subject.DICOM)
	if err != nil {
		return judgeAssociation(nil, dicom.Peer{}, err, v.options, v.subject.Tenant, v.system.DicomAet)
	}
	v.association, err = dicom.Associate(ctx, conn, dicom.Options{
		Calling: v.options.Calling, Called: v.options.Called,
		Contexts: dicom.Propose(part10.Meta{SOPClass: part10.SecondaryCaptureStorage, TransferSyntax: part10.ExplicitVRLittleEndian}),
		Timeouts: dicom.Timeouts{Association: v.options.Timeout, Response: v.options.Timeout},
	})
	if err != nil {
		_ = conn.Close()
		return judgeAssociation(nil, dicom.Peer{}, err, v.options, v.subject.Tenant, v.system.DicomAet)
	}
	return judgeAssociation(v.association.Contexts(), v.association.Peer(), nil, v.options, v.subject.Tenant, v.system.DicomAet)
}

// judgeAssociation is pure. title is Orthanc's own AE title, as its web reports it; "" if
// it is not known.
func judgeAssociation(contexts []dicom.Result, peer dicom.Peer, err error, o check.Options, tenant, title string) check.Check {
	expected := fmt.Sprintf("an association from %s to %s", o.Calling, o.Called)
	inside := finding.Fix{Text: "Check whether Orthanc is running and whether the VirtualService routes DICOM to it", Command: "kubectl orthweb explain " + escape.ShellWord(tenant)}
	var rejected *dicom.RejectError
	var aborted *dicom.AbortError
	switch {
	case errors.As(err, &rejected):
		code := check.CodeAssociationRejected
		if rejected.Source == byPresentation {
			code = check.CodeAssociationLimit
		}
		return check.Failed(code, rejected.Error(), expected, rejectFix(rejected, o, tenant, title))
	case errors.As(err, &aborted):
		return check.Failed(check.CodeAssociationAborted, aborted.Error(), expected, check.LogFix(tenant))
	case err != nil:
		return check.Failed(check.CodeAssociationFailed, "no association was established: "+check.DescribeError(err), expected, inside)
	}
	details := []string{fmt.Sprintf("the peer is %s (%s) and accepts PDUs of up to %d bytes", orUnnamed(peer.VersionName), peer.ImplementationClass, peer.MaxPDU)}
	var refused, fixes []string
	for _, c := range contexts {
		what := className(c.Proposal.AbstractSyntax)
		line := fmt.Sprintf("%s: accepted with %s", what, part10.TransferSyntaxName(c.TransferSyntax))
		if !c.Accepted() {
			syntax := c.Proposal.TransferSyntaxes[0]
			line = fmt.Sprintf("%s with %s: refused, %s", what, part10.TransferSyntaxName(syntax), c.Result)
			if needed(c.Proposal, contexts) {
				refused = append(refused, line)
				fixes = append(fixes, acceptText(c.Proposal.AbstractSyntax, syntax, c.Result))
			}
		}
		details = append(details, line)
	}
	if len(refused) == 0 {
		return check.Passed(fmt.Sprintf("%s accepted the association from %s", o.Called, o.Calling), details...)
	}
	c := check.Failed(check.CodeContextRefused, "not all required presentation contexts are accepted: "+strings.Join(refused, "; "), "Verification and Secondary Capture Image Storage are accepted", finding.Fix{
		Text: strings.Join(slices.Compact(fixes), "; "),
	})
	c.Details = details
	return c
}

// The sources of an A-ASSOCIATE-RJ (PS3.8 table 9-21).
const (
	byUser         = 1
	byACSE         = 2
	byPresentation = 3
)

// rejectFix is the fix for a rejection, by its source and reason (PS3.8 table 9-21).
// Orthanc 1.10.1 has two of them: the called AE title is not its own (with
// DicomCheckCalledAet), and the calling one may neither echo nor store.
func rejectFix(r *dicom.RejectError, o check.Options, tenant, title string) finding.Fix {
	const user = "kubectl orthweb validate %s --aec=%s"
	explain := escape.Command("kubectl orthweb explain %s", tenant)
	switch {
	case r.Source == byUser && r.Reason == 7 && title == "":
		return finding.Fix{Text: "Set --aec, and the called AE title in the modalities, to Orthanc's own AE title: DicomAet in its configuration, which its web interface shows at /system"}
	case r.Source == byUser && r.Reason == 7 && title != o.Called:
		return finding.Fix{Text: "Use Orthanc's own AE title, which is " + title + " (DicomAet), here and in the modalities", Command: escape.Command(user, tenant, title)}
	case r.Source == byUser && r.Reason == 7:
		return finding.Fix{Text: "Check where DICOM is routed to: the Orthanc behind this tenant's web interface has the AE title that was given, but the server at its DICOM port has another one", Command: explain}
	case r.Source == byUser && r.Reason == 3:
		return finding.Fix{Text: "Set --aet to the AE title of a modality that Orthanc knows, or add " + o.Calling + " to its DicomModalities with AllowEcho and AllowStore; " +
			"with DicomCheckModalityHost, the entry needs the client address that Orthanc sees, which behind an ingress is the proxy's; Orthanc's log shows it", Command: check.LogFix(tenant).Command}
	case r.Source == byPresentation:
		return finding.Fix{Text: "Wait until other associations have ended and run the command again; if the error remains, raise the number of associations that the server accepts, or send files with a lower --concurrency"}
	case r.Source == byUser && r.Reason == 2:
		return finding.Fix{Text: "Check what answers at the DICOM port: it does not accept DICOM's application context, so it is not a DICOM archive", Command: explain}
	case r.Source == byACSE && r.Reason == 2:
		return finding.Fix{Text: "Check what answers at the DICOM port: it uses another version of the DICOM upper layer protocol", Command: explain}
	case !r.Permanent():
		return finding.Fix{Text: "Run the command again: the rejection is transient; if it remains, check the server's log", Command: check.LogFix(tenant).Command}
	}
	return finding.Fix{Text: "Check the server's log, since the rejection gives no reason: for Orthanc, compare --aec with DicomAet and --aet with DicomModalities", Command: check.LogFix(tenant).Command}
}

// needed reports whether the following checks require the context. The test study is sent
// in Implicit VR if its own encoding is refused.
func needed(p dicom.Proposal, all []dicom.Result) bool {
	return p.AbstractSyntax == part10.Verification || slices.Contains(p.TransferSyntaxes, part10.ExplicitVRLittleEndian) && !accepts(all, part10.ImplicitVRLittleEndian)
}

// accepts reports whether images are accepted in a transfer syntax.
func accepts(all []dicom.Result, syntax string) bool {
	return slices.ContainsFunc(all, func(r dicom.Result) bool {
		return r.Accepted() && r.Proposal.AbstractSyntax == part10.SecondaryCaptureStorage && r.TransferSyntax == syntax
	})
}

func className(uid string) string {
	switch uid {
	case part10.Verification:
		return "Verification"
	case part10.SecondaryCaptureStorage:
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

func (v *validation) checkEcho(ctx context.Context) check.Check {
	_, err := v.association.Echo(ctx)
	expected := "C-ECHO succeeds"
	if err != nil {
		return check.Failed(check.CodeEchoFailed, "C-ECHO failed: "+check.DescribeError(err), expected, echoFix(err, Attempt{Tenant: v.subject.Tenant, Calling: v.options.Calling}))
	}
	return check.Passed("C-ECHO succeeded")
}

// endAssociation releases the association, or aborts it if that fails.
func (v *validation) endAssociation() {
	if v.association == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), endpoint.RefusalTimeout)
	defer cancel()
	if err := v.association.Release(ctx); err != nil {
		v.association.Abort()
	}
}

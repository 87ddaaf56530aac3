package validate

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// Attempt is what is known about a failed C-ECHO or C-STORE in addition to its error.
type Attempt struct {
	// Tenant owns the Orthanc, "" if it is not known, and Calling is the AE title that was
	// used.
	Tenant, Calling string
	// OthersStored: the same peer stored other instances in the same run.
	OthersStored bool
	// MissingUIDs are the names of required UIDs that the data set does not have.
	MissingUIDs []string
}

// StoreFix is the fix for a C-STORE that failed with err. It is based on the answers of
// Orthanc 1.10.1.
func StoreFix(err error, a Attempt) finding.Fix {
	var aborted *dicom.AbortError
	var closed *dicom.ClosedError
	var refused *dicom.RefusedError
	var answered *dicom.StatusError
	var late *dicom.TimeoutError
	var rejected *dicom.RejectError
	switch {
	case errors.As(err, &rejected):
		return rejectFix(rejected, check.Options{Calling: a.Calling}, a.Tenant, "")
	case errors.As(err, &answered):
		return a.statusFix(answered.Status.Code)
	case errors.As(err, &refused):
		return finding.Fix{Text: acceptText(refused.SOPClass, refused.TransferSyntax, refused.Result)}
	case errors.As(err, &closed):
		return a.closedFix(closed)
	case errors.As(err, &aborted) && aborted.IdleBefore():
		return idleFix(aborted.Before)
	case errors.As(err, &aborted) && !a.OthersStored:
		return a.permissionFix("store", "AllowStore", "DicomAlwaysAllowStore")
	case errors.As(err, &late):
		return a.log("Check Orthanc's log for why storing takes this long: a slow storage or database, or Lua scripts and plugins that are called for each instance")
	}
	return a.log("Check Orthanc's log for the reason")
}

// echoFix is StoreFix for a C-ECHO.
func echoFix(err error, a Attempt) finding.Fix {
	var aborted *dicom.AbortError
	var closed *dicom.ClosedError
	switch {
	case errors.As(err, &aborted) && aborted.IdleBefore():
		return idleFix(aborted.Before)
	case errors.As(err, &aborted):
		return a.permissionFix("echo", "AllowEcho", "DicomAlwaysAllowEcho")
	case errors.As(err, &closed):
		return a.closedFix(closed)
	}
	return a.log("Check Orthanc's log for the reason")
}

// permissionFix is for an A-ABORT in answer to an operation: Orthanc aborts if the modality
// is not allowed to do it.
func (a Attempt) permissionFix(verb, allow, always string) finding.Fix {
	return a.log(fmt.Sprintf("Add %s to DicomModalities with %s, or check whether %s is meant to be false: "+
		"Orthanc aborts if a modality may not %s, and logs \"Rejected\"; with DicomCheckModalityHost, the entry needs the client address that Orthanc sees, which behind an ingress is the proxy's", a.Calling, allow, always, verb))
}

func (a Attempt) closedFix(closed *dicom.ClosedError) finding.Fix {
	switch {
	case closed.IdleBefore():
		return idleFix(closed.Before)
	case closed.IdleWaiting():
		return a.pods(fmt.Sprintf("Compare %s, after which the connection was closed while waiting for Orthanc's response, with the idle timeouts of the proxies and load balancers in between; if none is as long, check whether Orthanc restarted", closed.Waiting.Round(time.Millisecond)))
	}
	return a.pods("Check whether Orthanc restarted while it stored (out of memory, a failed liveness probe): the connection was closed without a DICOM message")
}

// idleFix is for an association that ended after it was idle for a time.
func idleFix(idle time.Duration) finding.Fix {
	return finding.Fix{Text: fmt.Sprintf("Find the idle timeout of %s or less and raise it: DicomScpTimeout in Orthanc's configuration (30 s by default), "+
		"or that of a load balancer, proxy or firewall in between", idle.Round(time.Millisecond))}
}

// statusFix is by status (PS3.4 table B.2-1, PS3.7 annex C).
func (a Attempt) statusFix(code uint16) finding.Fix {
	const file = "Check the file with dciodvfy or dcmdump: "
	switch {
	case code>>8 == 0xA7 && len(a.MissingUIDs) > 0:
		return finding.Fix{Text: "Correct the file, which has no " + strings.Join(a.MissingUIDs, ", ") + ": Orthanc returns A700 if one of these is missing, regardless of its free space"}
	case code>>8 == 0xA7 && a.OthersStored:
		return a.log("Check the file first, since Orthanc stored others: it also returns A700 if the Study, Series or SOP Instance UID is missing, or if it can't read the data set; its log shows which")
	case code>>8 == 0xA7, code == 0x0213, code == 0x0110:
		return a.log("Check Orthanc's log for the reason, and whether its storage and database have free space and respond")
	case code == 0x0122:
		return finding.Fix{Text: "Check whether Orthanc should accept this SOP class: UnknownSopClassAccepted is for classes that it does not know"}
	case code == 0x0124:
		return a.permissionFix("store", "AllowStore", "DicomAlwaysAllowStore")
	case code == 0x0111:
		return finding.Fix{Text: "No action is needed, unless two files share one UID: the peer already has this SOP Instance UID"}
	case code>>8 == 0xA9:
		return finding.Fix{Text: file + "its content does not match its SOP class"}
	case code>>12 == 0xC:
		return finding.Fix{Text: file + "the peer can't understand its data set"}
	}
	return a.log("Check Orthanc's log for the reason")
}

// log adds the command that shows Orthanc's log.
func (a Attempt) log(text string) finding.Fix {
	f := finding.Fix{Text: text}
	if a.Tenant != "" {
		f.Command = check.LogFix(a.Tenant).Command
	}
	return f
}

// pods adds the command that shows restarts.
func (a Attempt) pods(text string) finding.Fix {
	f := finding.Fix{Text: text}
	if a.Tenant != "" {
		f.Command = escape.Command("kubectl get pods -n %s-orthweb", a.Tenant)
	}
	return f
}

// acceptText names the option with which Orthanc accepts a presentation context. Orthanc
// 1.10.1 returns abstract-syntax-not-supported in both cases: for a SOP class that it does
// not know, and for one of which it accepts none of the transfer syntaxes.
func acceptText(sopClass, syntax string, result dicom.ContextResult) string {
	text := fmt.Sprintf("Add %s (%s) to AcceptedTransferSyntaxes in Orthanc's configuration, if it should accept what modalities send in that syntax", syntax, part10.TransferSyntaxName(syntax))
	if option := syntaxOption(syntax); option != "" {
		text += " (before Orthanc 1.9.0: " + option + ")"
	}
	if result != dicom.AbstractSyntaxNotSupported {
		return text
	}
	unknown := "set UnknownSopClassAccepted, if Orthanc does not know the SOP class " + className(sopClass)
	if strings.HasPrefix(sopClass, standardStorage) {
		return text + "; or " + unknown
	}
	return strings.ToUpper(unknown[:1]) + unknown[1:] + "; or a" + text[1:]
}

// standardStorage is how the UIDs of the standard's own storage classes begin (PS3.6 table
// an Orthanc knows most of these, and none of a manufacturer's.
const standardStorage = "1.2.840.10008.5.1.4.1.1."

// syntaxOption is the option for a transfer syntax that Orthanc had before version 1.9.0,
// and still reads (Resources/Configuration.json); "" for none.
func syntaxOption(uid string) string {
	const jpeg = "1.2.840.10008.1.2.4."
	switch number := strings.TrimPrefix(uid, jpeg); {
	case uid == "1.2.840.10008.1.2.1.99":
		return "DeflatedTransferSyntaxAccepted"
	case uid == "1.2.840.10008.1.2.5":
		return "RleTransferSyntaxAccepted"
	case number == uid:
		return ""
	case len(number) == 2 && number >= "50" && number <= "70":
		return "JpegTransferSyntaxAccepted"
	case number == "80" || number == "81":
		return "JpegLosslessTransferSyntaxAccepted"
	case len(number) == 2 && number >= "90" && number <= "93":
		return "Jpeg2000TransferSyntaxAccepted"
	case number == "94" || number == "95":
		return "JpipTransferSyntaxAccepted"
	case number == "100" || number == "101":
		return "Mpeg2TransferSyntaxAccepted"
	case number >= "102" && number <= "106":
		return "Mpeg4TransferSyntaxAccepted"
	case number == "107" || number == "108":
		return "H265TransferSyntaxAccepted"
	}
	return ""
}

package validate

import "github.com/digihunch/kubectl-orthweb/pkg/finding"

// The codes of what is seen from outside: see finding.Code. A code never changes
// its meaning.
const (
	codeNameUnknown   finding.Code = "OW9101"
	codeNameElsewhere finding.Code = "OW9102"
	codeRefused       finding.Code = "OW9103"
	codeNoAnswer      finding.Code = "OW9104"
	codeNoRoute       finding.Code = "OW9105"
	codeNoConnection  finding.Code = "OW9106"

	codeNoTLS           finding.Code = "OW9201"
	codeServerUntrusted finding.Code = "OW9202"
	codeServerName      finding.Code = "OW9203"
	codeServerExpired   finding.Code = "OW9204"
	codeAuthorityUnread finding.Code = "OW9205"
	codeOldTLS          finding.Code = "OW9206"
	codeClientRefused   finding.Code = "OW9207"
	codeAnybodyLetIn    finding.Code = "OW9208"
	codeStrangerLetIn   finding.Code = "OW9209"
	codeClientNotAsked  finding.Code = "OW9210"
	codeServerEndsSoon  finding.Code = "OW9211"

	codeServerNoNames       finding.Code = "OW9220"
	codeServerUsage         finding.Code = "OW9221"
	codeServerIssuerMissing finding.Code = "OW9222"
	codeIntermediateDates   finding.Code = "OW9223"
	codePathTooLong         finding.Code = "OW9224"
	codeNotCA               finding.Code = "OW9225"
	codeServerRule          finding.Code = "OW9226"
	codeServerWeak          finding.Code = "OW9227"
	codeAuthorityExpired    finding.Code = "OW9228"
	codeServerNamesake      finding.Code = "OW9229"

	codeWebStatus       finding.Code = "OW9301"
	codeWebPassword     finding.Code = "OW9302"
	codeDefaultPassword finding.Code = "OW9303"
	codeWebOther        finding.Code = "OW9304"
	codeWebOpen         finding.Code = "OW9305"

	codeAssociationRejected finding.Code = "OW9401"
	codeAssociationAborted  finding.Code = "OW9402"
	codeAssociationFailed   finding.Code = "OW9403"
	codeContextRefused      finding.Code = "OW9404"
	codeEchoFailed          finding.Code = "OW9405"
	codeStoreFailed         finding.Code = "OW9406"
	codeStoreWarning        finding.Code = "OW9407"

	codeStudyMissing   finding.Code = "OW9501"
	codeStudyDiffers   finding.Code = "OW9502"
	codeStudyElsewhere finding.Code = "OW9503"
	codeLeftBehind     finding.Code = "OW9504"
)

package message

import (
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

// TLSProblem is why a TLS connection was not accepted.
type TLSProblem string

// The problems that TLS has (crypto/x509 and crypto/tls of Go 1.26).
const (
	TLSUnknownCA         TLSProblem = "UnknownCA"
	TLSExpired           TLSProblem = "Expired"
	TLSOtherName         TLSProblem = "OtherName" // the certificate is for another host
	TLSPlainHTTP         TLSProblem = "PlainHTTP" // the server does not use TLS
	TLSClientCertificate TLSProblem = "ClientCertificate"
	TLSOther             TLSProblem = "Other"
)

var tlsWordings = []struct {
	problem TLSProblem
	words   *match.Pattern
}{
	{TLSExpired, match.Wording(`certificate has expired or is not yet valid`)},
	{TLSOtherName, match.Wording(`x509: certificate is valid for |because it doesn't contain any IP SANs|x509: certificate is not valid for any names|x509: certificate relies on legacy Common Name`)},
	{TLSPlainHTTP, match.Wording(`server gave HTTP response to HTTPS client|first record does not look like a TLS handshake`)},
	{TLSClientCertificate, match.Wording(`remote error: tls: (?:certificate required|bad certificate|handshake failure)`)},
	{TLSUnknownCA, match.Wording(`certificate signed by unknown authority|certificate is not trusted|x509: invalid signature`)},
}

func tlsProblem(text string) TLSProblem {
	for _, kind := range tlsWordings {
		if kind.words.MatchString(text) {
			return kind.problem
		}
	}
	return TLSOther
}

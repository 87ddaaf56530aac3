package endpoint

import (
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// certificateFix has the expected result of a code, and the fix of each fault that has the
// code.
type certificateFix struct {
	Code     finding.Code
	Expected string
	Fixes    map[certs.FaultKind]string
}

// certificateFixes are the faults that a server's certificate can have. The rest of
// certs.FaultKind is CodeServerRule.
var certificateFixes = []certificateFix{
	{check.CodeServerUntrusted, "a certificate signed by the tenant's own CA", map[certs.FaultKind]string{
		certs.OtherCA:      "Check which Gateway answers: that tenant's Gateway may select these gateway pods, or this address may be that tenant's",
		certs.UnknownCA:    "Check what answers at this address: a load balancer or proxy that terminates TLS in front of the ingress has its own certificate; or spec.issuerRef of the tenant's Certificate names another issuer",
		certs.SelfSigned:   "Reference the tenant's CA issuer in spec.issuerRef of its Certificate, or check what answers at this address: a proxy in front of the ingress may present a certificate that it generated itself",
		certs.BadSignature: "Reissue the certificate: it was changed after it was signed",
	}},
	{check.CodeServerOtherKey, "a certificate signed with the current key of the tenant's CA", map[certs.FaultKind]string{
		certs.NamesakeCA: "Check which certificate is served: the ingress may have one from before the CA got a new key, or another CA has the same name. Reissue it from the current CA",
	}},
	{check.CodeServerIssuerMissing, "a chain from the server's certificate to the tenant's CA", map[certs.FaultKind]string{
		certs.IssuerMissing: "If the issuer is an intermediate CA below the tenant's CA, add its certificate to tls.crt of the server's Secret, after the server's own; otherwise check what answers at this address",
	}},
	{check.CodeCAExpired, "a CA that is currently valid", map[certs.FaultKind]string{
		certs.CAExpired:     "Renew the tenant's CA first, then every certificate that it signed, and give the new CA certificate to the clients",
		certs.CANotYetValid: "Check the clocks of this machine and of the cluster (NTP)",
	}},
	{check.CodeServerExpired, "a certificate that is currently valid", map[certs.FaultKind]string{
		certs.Expired:     "Check why it was not renewed, and whether this machine's clock is correct",
		certs.NotYetValid: "Check the clocks of this machine and of the cluster (NTP), or wait",
	}},
	{check.CodeServerNoNames, "subject alternative names", map[certs.FaultKind]string{
		certs.NoNames: "Add the host to spec.dnsNames of the tenant's Certificate",
	}},
	{check.CodeServerName, "a certificate for the host", map[certs.FaultKind]string{
		certs.WrongHost: "Add the name to spec.dnsNames of the tenant's Certificate, or check which Gateway answers",
	}},
	{check.CodeServerUsage, "a certificate for TLS servers", map[certs.FaultKind]string{
		certs.WrongUsage: "Add \"server auth\" and \"digital signature\" to spec.usages of the tenant's Certificate; a CA that is limited to other usages cannot sign it",
	}},
	{check.CodeIntermediateDates, "a chain of currently valid certificates", map[certs.FaultKind]string{
		certs.IntermediateExpired:     "Renew the intermediate CA, then reissue the server's certificate so that its chain has the renewed CA",
		certs.IntermediateNotYetValid: "Check the clocks of this machine and of the cluster (NTP), or wait",
	}},
	{check.CodeNotCA, "a chain of CA certificates", map[certs.FaultKind]string{
		certs.NotCA: "Set spec.isCA: true in the Certificate of the issuer's CA, and reissue both",
	}},
	{check.CodePathTooLong, "as few intermediate CAs as the CAs allow", map[certs.FaultKind]string{
		certs.PathTooLong: "Issue the certificate from a CA that is closer to the tenant's CA, or reissue the CA with a greater path length",
	}},
	{check.CodeServerRule, "a certificate that its CAs allow", map[certs.FaultKind]string{
		certs.NameConstrained: "Use a host that the CA allows, or reissue the CA with name constraints that allow this host",
		certs.OtherRule:       "Reissue the certificate without the part that clients do not accept",
	}},
	{check.CodeServerWeak, "a SHA-256 signature, and an RSA key of at least 2048 bits or a P-256 key", map[certs.FaultKind]string{
		certs.WeakSignature: "Reissue it from a CA that signs with SHA-256: OpenSSL, browsers and Java refuse this signature",
		certs.WeakKey:       "Set spec.privateKey to RSA with size 2048, or to ECDSA, in its Certificate, with rotationPolicy: Always: OpenSSL at its default security level refuses this key",
	}},
}

package validate

import (
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// remedy is what a code means for a server's certificate, and what to do about each
// fault that has the code.
type remedy struct {
	code     finding.Code
	expected string
	fixes    map[certs.FaultKind]string
}

// remedies are the faults that a server's certificate can have. The rest of
// certs.FaultKind is codeServerRule.
var remedies = []remedy{
	{codeServerUntrusted, "a certificate of the tenant's own authority", map[certs.FaultKind]string{
		certs.OtherCA:      "See which Gateway answers: that tenant's Gateway may select these gateway pods, or this address may be that tenant's",
		certs.UnknownCA:    "See what answers at this address: a load balancer or proxy that terminates TLS in front of the ingress has a certificate of its own; or spec.issuerRef of the tenant's Certificate names another issuer",
		certs.SelfSigned:   "Reference the tenant's CA issuer in spec.issuerRef of its Certificate, or see what answers at this address: a proxy in front may show a certificate that it made itself",
		certs.BadSignature: "Have the certificate issued again: what is stored was changed after it was signed",
	}},
	{codeServerNamesake, "a certificate that today's key of the tenant's authority signed", map[certs.FaultKind]string{
		certs.NamesakeCA: "See which certificate is served: the ingress may have one from before the authority got a new key, or another authority has the same name. Have it issued again by today's authority",
	}},
	{codeServerIssuerMissing, "a chain from the server's certificate to the tenant's authority", map[certs.FaultKind]string{
		certs.IssuerMissing: "Where the issuer is an intermediate CA below the tenant's authority, add its certificate to tls.crt of the server's Secret, after the server's own; else see what answers at this address",
	}},
	{codeAuthorityExpired, "an authority that is valid now", map[certs.FaultKind]string{
		certs.CAExpired:     "Renew the tenant's authority first, then every certificate that it signed, and give the new one to the clients",
		certs.CANotYetValid: "Check the clocks of this machine and of the cluster (NTP)",
	}},
	{codeServerExpired, "a certificate that is valid now", map[certs.FaultKind]string{
		certs.Expired:     "See why it was not renewed, and whether this machine's clock is right",
		certs.NotYetValid: "Check the clocks of this machine and of the cluster (NTP), or wait",
	}},
	{codeServerNoNames, "subject alternative names", map[certs.FaultKind]string{
		certs.NoNames: "Add the host to spec.dnsNames of the tenant's Certificate",
	}},
	{codeServerName, "a certificate for the host", map[certs.FaultKind]string{
		certs.WrongHost: "Add the name to spec.dnsNames of the tenant's Certificate, or see which Gateway answers",
	}},
	{codeServerUsage, "a certificate for TLS servers", map[certs.FaultKind]string{
		certs.WrongUsage: "Add \"server auth\" and \"digital signature\" to spec.usages of the tenant's Certificate; a CA that is limited to other usages cannot sign it",
	}},
	{codeIntermediateDates, "a chain of certificates that are valid now", map[certs.FaultKind]string{
		certs.IntermediateExpired:     "Renew the intermediate CA, then have the server's certificate issued again, so that the new one is in the chain",
		certs.IntermediateNotYetValid: "Check the clocks of this machine and of the cluster (NTP), or wait",
	}},
	{codeNotCA, "a chain of CA certificates", map[certs.FaultKind]string{
		certs.NotCA: "Set spec.isCA: true in the Certificate of the issuer's CA, and have both issued again",
	}},
	{codePathTooLong, "as few intermediate CAs as the CAs allow", map[certs.FaultKind]string{
		certs.PathTooLong: "Have the certificate issued by a CA that is nearer to the authority, or the CA issued again with a greater path length",
	}},
	{codeServerRule, "a certificate that keeps to what its CAs allow", map[certs.FaultKind]string{
		certs.NameConstrained: "Use a host that the CA allows, or have the CA issued again with name constraints that allow this one",
		certs.OtherRule:       "Have the certificate issued again without what clients do not accept",
	}},
	{codeServerWeak, "SHA-256, and a key of at least 2048 bits of RSA, or P-256", map[certs.FaultKind]string{
		certs.WeakSignature: "Have it issued again by a CA that signs with SHA-256: OpenSSL, browsers and Java refuse this signature",
		certs.WeakKey:       "Set spec.privateKey to RSA with size 2048, or to ECDSA, in its Certificate, with rotationPolicy: Always: OpenSSL at its default security level refuses this key",
	}},
}

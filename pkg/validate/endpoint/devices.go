package endpoint

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// device is a kind of TLS client, such as a modality or a DICOM toolkit.
type device struct {
	// name describes the devices.
	name  string
	Hello probe.Hello
	// needed: without it current devices cannot connect.
	needed bool
	// old: it should not be able to connect.
	old bool
}

// The cipher suites of the TLS profiles (DICOM PS3.15 annex B), as IANA numbers them.
var (
	suitesTLS13 = []uint16{0x1301, 0x1302, 0x1303}
	// suites9325 are those of the BCP 195 RFC 8996, 9325 TLS Profile (section B.12):
	// ECDHE with AES-GCM, for ECDSA and RSA certificates.
	suites9325 = []uint16{0xC02B, 0xC02C, 0xC02F, 0xC030}
	// suites7525 are the four that RFC 7525 recommends, and the BCP 195 TLS Profile before
	// it (section B.9, retired) with it: all for RSA certificates. DCMTK offers no others
	// for that profile.
	suites7525 = []uint16{0x009E, 0xC02F, 0x009F, 0xC030}
	// suitesOld are those of the AES and Basic TLS Profiles (sections B.3 and B.1,
	// retired), and the others that DCMTK offered before 3.6.4: static RSA and DHE, CBC
	// and 3DES.
	suitesOld = []uint16{0x002F, 0x0035, 0x000A, 0x0033, 0x0039, 0x0016}
	// SuitesAll are all of them, and ECDHE with CBC.
	SuitesAll = slices.Concat([]uint16{0xC013, 0xC014, 0xC009, 0xC00A, 0x003C, 0x003D, 0x009C, 0x009D}, suitesTLS13, suites9325, suites7525, suitesOld)
)

const (
	Tls10, Tls11, Tls12, Tls13 = 0x0301, 0x0302, 0x0303, 0x0304
)

// deviceGroups are the NIST curves, P-256 first. DCMTK, also one that speaks TLS 1.3,
// offers no X25519.
var deviceGroups = []uint16{23, 25, 24}

// Devices are the kinds, without SNI: DICOM toolkits do not send it.
var Devices = []device{
	{name: "current devices (TLS 1.3 or 1.2)", needed: true, Hello: probe.Hello{Versions: []uint16{Tls13, Tls12}, CipherSuites: slices.Concat(suitesTLS13, suites9325), Groups: deviceGroups}},
	{name: "devices with TLS 1.2 only (BCP 195, RFC 9325)", needed: true, Hello: probe.Hello{Versions: []uint16{Tls12}, CipherSuites: suites9325, Groups: deviceGroups}},
	{name: "devices from before 2022 (BCP 195, RFC 7525)", Hello: probe.Hello{Versions: []uint16{Tls12, Tls11, Tls10}, CipherSuites: suites7525, Groups: deviceGroups}},
	{name: "devices from before 2018 (AES TLS Profile, TLS 1.0)", old: true, Hello: probe.Hello{Versions: []uint16{Tls12, Tls11, Tls10}, CipherSuites: suitesOld, Groups: deviceGroups}},
}

// HelloResult is the result of one ClientHello.
type HelloResult struct {
	Reply probe.Reply
	Err   error
}

// Accepted reports whether the server accepted the ClientHello.
func (g HelloResult) Accepted() bool { return g.Err == nil && g.Reply.Kind == probe.Accepted }

// describe is the rest of a sentence about the client.
func (g HelloResult) describe() string {
	switch {
	case g.Err != nil:
		return "not known: " + check.DescribeError(g.Err)
	case g.Reply.Kind == probe.Accepted:
		return "accepted with " + suiteName(g.Reply.Version, g.Reply.CipherSuite)
	case g.Reply.Kind == probe.Alerted:
		return "refused with the alert " + alertName(g.Reply.Alert)
	case g.Reply.Kind == probe.Closed:
		return "refused: the connection is closed without an alert"
	case g.Reply.Kind == probe.Silent:
		return "not known: there was no answer in time"
	}
	return "refused: the answer is not TLS"
}

// known reports whether the server answered.
func (g HelloResult) known() bool { return g.Err == nil && g.Reply.Kind != probe.Silent }

// JudgeUnnamed judges a certificate that is presented only without SNI. Devices refuse one
// that the tenant's CA did not sign; few of them check the name. It is pure.
func JudgeUnnamed(chain []*x509.Certificate, p check.Endpoint, s check.Subject, now time.Time, c check.Check) check.Check {
	judged := JudgeCertificate(chain, p.Host, s, now)
	if judged.Outcome == check.Fail {
		other := check.Failed(check.CodeOtherWithoutSNI, "clients without SNI, such as most modalities, get another certificate: "+judged.Found,
			"the same certificate with and without SNI", sniFix(s.Tenant))
		if judged.Code == check.CodeServerName || judged.Code == check.CodeServerNoNames { // few devices check the name
			other.Outcome = check.Warn
		}
		other.Details = c.Details
		return other
	}
	c.Details = append(c.Details, "a client without SNI gets another certificate, which is also valid")
	return c
}

// sniFix makes the Gateway accept clients without SNI.
func sniFix(tenant string) finding.Fix {
	return finding.Fix{
		Text:    fmt.Sprintf(`Set spec.servers[].hosts: ["*"] for the DICOM port in the Gateway, in gitops/application/%s, so that it serves clients without SNI: DICOM toolkits send none`, tenant),
		Command: "kubectl orthweb explain " + escape.ShellWord(tenant),
	}
}

// JudgeDevices is pure: with is the result of a client with SNI, came are the results of
// the devices, in their order.
func JudgeDevices(with HelloResult, came []HelloResult, p check.Endpoint, tenant string) check.Check {
	var in, out, unknown, details []string
	needed := true
	for i, d := range Devices {
		details = append(details, d.name+": "+came[i].describe())
		switch {
		case came[i].Accepted():
			in = append(in, d.name)
		case !came[i].known():
			unknown = append(unknown, d.name)
		case !d.old:
			out = append(out, d.name)
			needed = needed && !d.needed
		}
	}
	if len(unknown) > 0 && needed {
		c := check.Skipped("it is not known which devices can connect: no response for " + strings.Join(unknown, ", "))
		c.Details = details
		return c
	}
	var c check.Check
	switch {
	case !came[0].Accepted() && !came[1].Accepted() && with.Accepted():
		c = check.Failed(check.CodeSNINeeded, "clients without SNI, such as most modalities, cannot connect: "+came[0].describe(), "clients without SNI can connect", sniFix(tenant))
		details = append(details, "a client with SNI for "+p.Host+": "+with.describe())
	case !needed:
		c = check.Failed(check.CodeDevicesRefused, "devices cannot connect: "+strings.Join(out, "; "), "TLS 1.2 with a cipher suite of BCP 195 (RFC 9325)", finding.Fix{
			Text: "Set spec.servers[].tls.minProtocolVersion: TLSV1_2 in the Gateway, and omit cipherSuites: the default has those that devices need. If ecdhCurves is set (tlsDefaults in the mesh's configuration), it must include P-256",
		})
	case len(out) > 0:
		c = check.Warned(check.CodeOlderDevicesRefused, "older devices cannot connect: "+strings.Join(out, "; "), "the cipher suites of both BCP 195 profiles", finding.Fix{
			Text: "Check whether you have such devices. If they can't be updated, they need ECDHE-RSA-AES128-GCM-SHA256 with an RSA certificate",
		})
	default:
		c = check.Passed("accepted without SNI: " + strings.Join(in, "; "))
	}
	c.Details = details
	return c
}

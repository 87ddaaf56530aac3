package validate

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/probe"
)

// device is a kind of TLS client, such as a modality or a DICOM toolkit.
type device struct {
	// name describes the devices.
	name  string
	hello probe.Hello
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
	// suitesAll are all of them, and ECDHE with CBC.
	suitesAll = slices.Concat([]uint16{0xC013, 0xC014, 0xC009, 0xC00A, 0x003C, 0x003D, 0x009C, 0x009D}, suitesTLS13, suites9325, suites7525, suitesOld)
)

const (
	tls10, tls11, tls12, tls13 = 0x0301, 0x0302, 0x0303, 0x0304
)

// deviceGroups are the NIST curves, P-256 first. DCMTK, also one that speaks TLS 1.3,
// offers no X25519.
var deviceGroups = []uint16{23, 25, 24}

// devices are the kinds, without SNI: DICOM toolkits do not send it.
var devices = []device{
	{name: "current devices (TLS 1.3 or 1.2)", needed: true, hello: probe.Hello{Versions: []uint16{tls13, tls12}, CipherSuites: slices.Concat(suitesTLS13, suites9325), Groups: deviceGroups}},
	{name: "devices with TLS 1.2 only (BCP 195, RFC 9325)", needed: true, hello: probe.Hello{Versions: []uint16{tls12}, CipherSuites: suites9325, Groups: deviceGroups}},
	{name: "devices from before 2022 (BCP 195, RFC 7525)", hello: probe.Hello{Versions: []uint16{tls12, tls11, tls10}, CipherSuites: suites7525, Groups: deviceGroups}},
	{name: "devices from before 2018 (AES TLS Profile, TLS 1.0)", old: true, hello: probe.Hello{Versions: []uint16{tls12, tls11, tls10}, CipherSuites: suitesOld, Groups: deviceGroups}},
}

// helloResult is the result of one ClientHello.
type helloResult struct {
	reply probe.Reply
	err   error
}

func (g helloResult) accepted() bool { return g.err == nil && g.reply.Kind == probe.Accepted }

// describe is the rest of a sentence about the client.
func (g helloResult) describe() string {
	switch {
	case g.err != nil:
		return "not known: " + describeError(g.err)
	case g.reply.Kind == probe.Accepted:
		return "accepted with " + suiteName(g.reply.Version, g.reply.CipherSuite)
	case g.reply.Kind == probe.Alerted:
		return "refused with the alert " + alertName(g.reply.Alert)
	case g.reply.Kind == probe.Closed:
		return "refused: the connection is closed without an alert"
	case g.reply.Kind == probe.Silent:
		return "not known: there was no answer in time"
	}
	return "refused: the answer is not TLS"
}

// known reports whether the server answered.
func (g helloResult) known() bool { return g.err == nil && g.reply.Kind != probe.Silent }

// sendHello sends a ClientHello over a new connection.
func (v *validation) sendHello(ctx context.Context, p Endpoint, hello probe.Hello, before ...byte) helloResult {
	conn, err := v.options.dial(ctx, v.subject, p)
	if err != nil {
		return helloResult{err: err}
	}
	defer func() { _ = conn.Close() }()
	reply, err := probe.SendHello(ctx, conn, hello, before...)
	return helloResult{reply, err}
}

// checkDevices tests which kinds of devices receive the server's certificate.
func (v *validation) checkDevices(p Endpoint, seen *probe.Handshake) func(context.Context) Check {
	return func(ctx context.Context) Check {
		named := devices[0].hello
		named.ServerName = p.Host
		with := v.sendHello(ctx, p, named)
		var came []helloResult
		for _, d := range devices {
			came = append(came, v.sendHello(ctx, p, d.hello))
		}
		c := judgeDevices(with, came, p, v.subject.Tenant)
		if c.Outcome == Fail || !came[0].accepted() {
			return c
		}
		return v.compareUnnamed(ctx, p, seen, c)
	}
}

// compareUnnamed checks the certificate that is presented without SNI.
func (v *validation) compareUnnamed(ctx context.Context, p Endpoint, seen *probe.Handshake, c Check) Check {
	conn, err := v.options.dial(ctx, v.subject, p)
	if err != nil {
		return c
	}
	defer func() { _ = conn.Close() }()
	unnamed, err := probe.DoHandshake(ctx, conn, "")
	if err != nil || len(unnamed.Chain) == 0 || len(seen.Chain) == 0 || unnamed.Chain[0].Equal(seen.Chain[0]) {
		return c
	}
	return judgeUnnamed(unnamed.Chain, p, v.subject, v.options.Now(), c)
}

// judgeUnnamed judges a certificate that is presented only without SNI. Devices refuse one
// that the tenant's CA did not sign; few of them check the name. It is pure.
func judgeUnnamed(chain []*x509.Certificate, p Endpoint, s Subject, now time.Time, c Check) Check {
	judged := judgeCertificate(chain, p.Host, s, now)
	if judged.Outcome == Fail {
		other := fail(codeOtherWithoutSNI, "clients without SNI, such as most modalities, get another certificate: "+judged.Found,
			"the same certificate with and without SNI", sniFix(s.Tenant))
		if judged.Code == codeServerName || judged.Code == codeServerNoNames { // few devices check the name
			other.Outcome = Warn
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

// judgeDevices is pure: with is the result of a client with SNI, came are the results of
// the devices, in their order.
func judgeDevices(with helloResult, came []helloResult, p Endpoint, tenant string) Check {
	var in, out, unknown, details []string
	needed := true
	for i, d := range devices {
		details = append(details, d.name+": "+came[i].describe())
		switch {
		case came[i].accepted():
			in = append(in, d.name)
		case !came[i].known():
			unknown = append(unknown, d.name)
		case !d.old:
			out = append(out, d.name)
			needed = needed && !d.needed
		}
	}
	if len(unknown) > 0 && needed {
		c := skip("it is not known which devices can connect: no response for " + strings.Join(unknown, ", "))
		c.Details = details
		return c
	}
	var c Check
	switch {
	case !came[0].accepted() && !came[1].accepted() && with.accepted():
		c = fail(codeSNINeeded, "clients without SNI, such as most modalities, cannot connect: "+came[0].describe(), "clients without SNI can connect", sniFix(tenant))
		details = append(details, "a client with SNI for "+p.Host+": "+with.describe())
	case !needed:
		c = fail(codeDevicesRefused, "devices cannot connect: "+strings.Join(out, "; "), "TLS 1.2 with a cipher suite of BCP 195 (RFC 9325)", finding.Fix{
			Text: "Set spec.servers[].tls.minProtocolVersion: TLSV1_2 in the Gateway, and omit cipherSuites: the default has those that devices need. If ecdhCurves is set (tlsDefaults in the mesh's configuration), it must include P-256",
		})
	case len(out) > 0:
		c = warn(codeOlderDevicesRefused, "older devices cannot connect: "+strings.Join(out, "; "), "the cipher suites of both BCP 195 profiles", finding.Fix{
			Text: "Check whether you have such devices. If they can't be updated, they need ECDHE-RSA-AES128-GCM-SHA256 with an RSA certificate",
		})
	default:
		c = pass("accepted without SNI: " + strings.Join(in, "; "))
	}
	c.Details = details
	return c
}

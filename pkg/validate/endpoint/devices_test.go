package endpoint

import (
	"errors"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/checktest"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

func TestJudgeDevices(t *testing.T) {
	p := check.Endpoint{Host: "dicom.bhs.orthweb.com", Port: 11112}
	in, old := accepted(Tls12, 0xC02F), accepted(Tls12, 0x002F)
	refused := alerted(40)
	for _, c := range []struct {
		about   string
		with    HelloResult
		came    [4]HelloResult
		outcome check.Outcome
		code    finding.Code
		message string
	}{
		{"all", in, [4]HelloResult{in, in, in, old}, check.Pass, "", "accepted without SNI: current devices (TLS 1.3 or 1.2); devices with TLS 1.2 only"},
		{"all but the oldest", in, [4]HelloResult{in, in, in, refused}, check.Pass, "", "devices from before 2022 (BCP 195, RFC 7525)"},
		{"older ones are kept out", in, [4]HelloResult{in, in, refused, refused}, check.Warn, check.CodeOlderDevicesRefused, "older devices cannot connect: devices from before 2022"},
		{"TLS 1.3 alone", in, [4]HelloResult{accepted(Tls13, 0x1301), alerted(70), alerted(70), alerted(70)}, check.Fail, check.CodeDevicesRefused, "devices cannot connect: devices with TLS 1.2 only"},
		{"SNI is needed", in, [4]HelloResult{closed, closed, closed, closed}, check.Fail, check.CodeSNINeeded, "clients without SNI, such as most modalities, cannot connect: refused: the connection is closed without an alert"},
		{"none with or without SNI", refused, [4]HelloResult{refused, refused, refused, old}, check.Fail, check.CodeDevicesRefused, "devices cannot connect: current devices"},
		{"no answer", in, [4]HelloResult{in, quiet, in, in}, check.Skip, "", "no response for devices with TLS 1.2 only"},
		{"no connection", in, [4]HelloResult{{Err: errors.New("refused")}, in, in, in}, check.Skip, "", "no response for current devices (TLS 1.3 or 1.2)"},
	} {
		checktest.Expect(t, c.about, JudgeDevices(c.with, c.came[:], p, "bhs"), c.outcome, c.code, c.message)
	}
}

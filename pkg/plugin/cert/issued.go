package cert

import (
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/issue"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// report prints what was created and, on standard error, how to use it.
func (o *issueOptions) report(plan *issue.Plan, certificate *x509.Certificate, files issue.Files) error {
	result := versioned.Issued{
		Tenant: plan.Tenant.Name, Namespace: plan.Namespace, Via: o.via, Issuer: plan.SignedBy(),
		Certificate: certificate, Now: plan.At,
		Key: files.Key, CertificateFile: files.Certificate, CA: files.CA, PKCS12: files.PKCS12,
	}
	return o.print(func(out io.Writer, _ term.Style) error {
		if err := render.IssuedCertificate(out, result); err != nil {
			return err
		}
		if files.CA == "" {
			escape.Fprintln(o.call.Streams.ErrOut, "The issuer did not return its CA's certificate: no .ca.crt was written.")
		}
		nextSteps(o.call, plan.Tenant, files)
		return nil
	}, func() (runtime.Object, error) { return versioned.IssuedObject(result) })
}

// nextSteps prints the commands that use the files, ready to copy.
func nextSteps(call *command.Call, t tenant.Status, f issue.Files) {
	if f.Key == "" || f.CA == "" {
		return
	}
	key, certificate, ca := f.Key, f.Certificate, f.CA
	var lines []string
	if host, port := t.DICOM.Host(), t.DICOM.Port; port != 0 {
		if host == "" && len(t.Addresses) > 0 {
			host = t.Addresses[0]
		}
		if host != "" {
			lines = append(lines, escape.Command("echoscu -v +tls %s %s +cf %s -aec ORTHANC %s %d", key, certificate, ca, host, port))
		}
	}
	if host, port := t.Web.Host(), t.Web.Port; host != "" {
		var resolve escape.Shell
		if len(t.Addresses) > 0 && net.ParseIP(t.Addresses[0]) != nil {
			resolve = escape.Shell(escape.Command(" --resolve %s", fmt.Sprintf("%s:%d:%s", host, port, t.Addresses[0])))
		}
		at := host
		if port != 443 {
			at = net.JoinHostPort(host, strconv.FormatInt(port, 10))
		}
		lines = append(lines, escape.Command("curl --cert %s --key %s --cacert %s%s %s", certificate, key, ca, resolve, "https://"+at+"/app/explorer.html"))
	}
	lines = append(lines, escape.Command("%s validate %s --cert %s --key %s", escape.Shell(call.Name), t.Name, certificate, key))
	lines = append(lines, escape.Command("%s cert verify %s --key %s --tenant %s", escape.Shell(call.Name), certificate, key, t.Name))
	escape.Fprintf(call.Streams.ErrOut, "\nUse it:\n  %s\n", escape.Composed(strings.Join(lines, "\n  ")))
}

package plugin

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
)

// Report prints what was created and, on standard error, how to use it.
func (o *certIssueOptions) report(t target, made issued) error {
	if o.stdout {
		return nil
	}
	result := versioned.Issued{
		Tenant: t.tenant.Name, Namespace: t.namespace, Via: o.via, Issuer: t.issuer.Kind + "/" + t.issuer.Name,
		Certificate: made.chain[0], Now: t.now,
		Key: made.files.key, CertificateFile: made.files.certificate, CA: made.files.ca, PKCS12: made.files.p12,
	}
	if o.via == viaSecret {
		result.Issuer = "Secret/" + t.secret
	}
	out := o.call.Streams.Out
	if !o.output.Table() {
		object, err := versioned.IssuedObject(result)
		return o.output.Print(out, object, err)
	}
	if err := render.IssuedCertificate(out, result); err != nil {
		return err
	}
	if made.files.ca == "" {
		escape.Fprintln(o.call.Streams.ErrOut, "The issuer did not return its CA's certificate: no .ca.crt was written.")
	}
	nextSteps(o.call, t, made.files)
	return nil
}

// nextSteps prints the commands that use the files, ready to copy.
func nextSteps(call *command.Call, t target, f madeFiles) {
	if f.key == "" || f.ca == "" {
		return
	}
	key, certificate, ca := f.key, f.certificate, f.ca
	var lines []string
	if host, port := t.tenant.DICOM.Host(), t.tenant.DICOM.Port; port != 0 {
		if host == "" && len(t.tenant.Addresses) > 0 {
			host = t.tenant.Addresses[0]
		}
		if host != "" {
			lines = append(lines, escape.Command("echoscu -v +tls %s %s +cf %s -aec ORTHANC %s %d", key, certificate, ca, host, port))
		}
	}
	if host, port := t.tenant.Web.Host(), t.tenant.Web.Port; host != "" {
		var resolve escape.Shell
		if len(t.tenant.Addresses) > 0 && net.ParseIP(t.tenant.Addresses[0]) != nil {
			resolve = escape.Shell(escape.Command(" --resolve %s", fmt.Sprintf("%s:%d:%s", host, port, t.tenant.Addresses[0])))
		}
		at := host
		if port != 443 {
			at = net.JoinHostPort(host, strconv.FormatInt(port, 10))
		}
		lines = append(lines, escape.Command("curl --cert %s --key %s --cacert %s%s %s", certificate, key, ca, resolve, "https://"+at+"/app/explorer.html"))
	}
	lines = append(lines, escape.Command("%s validate %s --cert %s --key %s", escape.Shell(call.Name), t.tenant.Name, certificate, key))
	lines = append(lines, escape.Command("%s cert verify %s --key %s --tenant %s", escape.Shell(call.Name), certificate, key, t.tenant.Name))
	escape.Fprintf(call.Streams.ErrOut, "\nUse it:\n  %s\n", escape.Composed(strings.Join(lines, "\n  ")))
}

package cert

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/issuance"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
)

var (
	inspectLong = templates.LongDesc(`
		Describe a certificate: its subject, its allowed usages, the CA that signed
		it, and how long it is valid.

		It reads a file (PEM, DER, or PKCS#12 with --p12), a Secret of the cluster,
		or the certificate that a server presents. It uses only the certificates in a
		Secret, not the keys.`)
	inspectExample = templates.Examples(`
		# A file
		kubectl orthweb cert inspect bhs.client.crt

		# A Secret of a tenant
		kubectl orthweb cert inspect secret/orthweb-secret -n bhs-orthweb

		# The certificate that a server presents
		kubectl orthweb cert inspect dicom.bhs.orthweb.com:11112`)
)

type inspectOptions struct {
	printer
	p12        command.PKCS12
	serverName string
	what       string
}

func newInspect(call *command.Call) *cobra.Command {
	o := &inspectOptions{printer: newPrinter(call)}
	cmd := &cobra.Command{
		Use:     "inspect FILE | secret/NAME | HOST:PORT",
		Aliases: []string{"show"},
		Short:   "Describe a certificate",
		Long:    inspectLong,
		Example: inspectExample,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return advice.Add(fmt.Errorf("%s takes one FILE, secret/NAME or HOST:PORT, not %d arguments", cmd.CommandPath(), len(args)),
				"See '%s --help' for usage.", cmd.CommandPath())
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.what = args[0]
			if err := errors.Join(o.p12.Validate(cmd.Flags()), o.output.Validate()); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	o.output.AddTo(cmd)
	o.p12.AddPasswordTo(cmd.Flags())
	cmd.Flags().StringVar(&o.serverName, "server-name", "", "Server name (SNI) to request the certificate for; HOST by default")
	return cmd
}

func (o *inspectOptions) run(ctx context.Context) error {
	chain, now, err := o.read(ctx)
	if err != nil {
		return err
	}
	report := trust.Describe(chain, now)
	return o.print(
		func(out io.Writer, style term.Style) error { return render.CertificateReport(out, report, style) },
		func() (runtime.Object, error) { return versioned.CertificateReport(report) },
	)
}

// read gets the certificates from the source that the argument names. A file comes
// first: it may have any name.
func (o *inspectOptions) read(ctx context.Context) ([]*x509.Certificate, time.Time, error) {
	now := time.Now()
	kind, name, object := strings.Cut(o.what, "/")
	_, err := os.Stat(o.what)
	isFile := err == nil || o.what == "-" || o.p12.Wanted
	switch {
	case !isFile && o.serverName == "" && object && (kind == "secret" || kind == "secrets") && !strings.Contains(name, "/"):
		chain, err := o.secret(ctx, name)
		return chain, now, err
	case !isFile && looksLikeServer(o.what):
		chain, err := o.server(ctx)
		return chain, now, err
	}
	if o.serverName != "" {
		return nil, now, advice.Add(fmt.Errorf("--server-name has no effect on %s: it applies to a HOST:PORT only", o.what), "Remove it.")
	}
	chain, _, err := command.ReadCertificates(ctx, o.call, o.what, &o.p12)
	if errors.Is(err, fs.ErrNotExist) {
		err = advice.Add(err, "Specify a FILE, a secret/NAME of the cluster, or the HOST:PORT of a server.")
	}
	return chain, now, err
}

func looksLikeServer(text string) bool {
	host, port, err := net.SplitHostPort(text)
	return err == nil && host != "" && port != "" && !strings.Contains(host, "/")
}

func (o *inspectOptions) server(ctx context.Context) ([]*x509.Certificate, error) {
	name := o.serverName
	if name == "" {
		name, _, _ = net.SplitHostPort(o.what)
	}
	if net.ParseIP(name) != nil {
		name = "" // RFC 6066, section 3: an address is not a server name
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	seen, err := probe.Dial(ctx, probe.Endpoint{Address: o.what, ServerName: name})
	if err != nil {
		return nil, advice.Add(err, "Check that the server is running and uses TLS on this port. For a tenant's: kubectl orthweb status")
	}
	if seen.AsksClient {
		escape.Fprintln(o.call.Streams.ErrOut, "The server requests a client certificate.")
	}
	return seen.Chain, nil
}

func (o *inspectOptions) secret(ctx context.Context, name string) ([]*x509.Certificate, error) {
	config, err := o.call.Config()
	if err != nil {
		return nil, err
	}
	namespace, _, err := o.call.Kube.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	secret, err := issuance.Secret(ctx, config, namespace, name)
	switch {
	case apierrors.IsNotFound(err):
		return nil, advice.Add(err, "Specify its namespace with -n. List the Secrets with certificates: kubectl orthweb cert list")
	case err != nil:
		return nil, command.WhenUnreachable(ctx, err)
	}
	data := bytes.TrimSpace(secret.Data["tls.crt"])
	if len(data) == 0 {
		data = secret.Data["ca.crt"]
	}
	chain, err := certs.ParseCertificates(data)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate in Secret %s/%s: %w", namespace, name, err)
	}
	return chain, nil
}

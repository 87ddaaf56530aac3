package validate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/target"
)

// clientFiles are the files of a client's certificate and key.
type clientFiles struct {
	cert, key string
	p12       command.PKCS12
	p12File   string
}

func (c *clientFiles) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&c.cert, "cert", "", "File with your client certificate; one from the tenant's issuer, valid for an hour, by default")
	flags.StringVar(&c.key, "key", "", "File with the private key of --cert")
	flags.StringVar(&c.p12File, "p12", "", "PKCS#12 file with your client certificate and its key")
	flags.StringVar(&c.p12.File, "p12-password-file", "", "Read the password of the PKCS#12 file from the first line of this file (- for standard input)")
	flags.StringVar(&c.p12.Env, "p12-password-env", "", "Read the password of the PKCS#12 file from this environment variable")
}

func (c *clientFiles) given() bool { return c.cert != "" || c.p12File != "" }

func (c *clientFiles) validate() error {
	switch {
	case (c.cert == "") != (c.key == ""):
		return advice.Add(errors.New("--cert and --key must be used together"), "Specify both or neither.")
	case c.cert != "" && c.p12File != "":
		return advice.Add(errors.New("--cert and --p12 can't be used together"), "Remove one of them.")
	case c.p12File == "" && c.p12.File+c.p12.Env != "":
		return advice.Add(errors.New("--p12-password-file and --p12-password-env require --p12"), "Add --p12 with the file.")
	case c.p12.File != "" && c.p12.Env != "":
		return advice.Add(errors.New("--p12-password-file and --p12-password-env can't be used together"), "Remove one of them.")
	}
	return nil
}

func (c *clientFiles) read(ctx context.Context, call *command.Call) (*tls.Certificate, error) {
	if c.p12File == "" {
		chain, _, err := command.ReadCertificates(ctx, call, c.cert, &command.PKCS12{})
		if err != nil {
			return nil, err
		}
		command.WarnOfMode(call.Streams.ErrOut, c.key)
		key, err := command.ReadKey(c.key)
		if err != nil {
			return nil, err
		}
		return certs.KeyPair(chain, key)
	}
	command.WarnOfMode(call.Streams.ErrOut, c.p12File)
	data, err := command.ReadBounded(c.p12File, nil, command.MaxCertificates, "the client certificate")
	if err != nil {
		return nil, err
	}
	c.p12.Wanted = true
	password, err := c.p12.Password(ctx, call.Streams)
	if err != nil {
		return nil, err
	}
	key, chain, err := certs.DecodePKCS12(data, string(password))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.p12File, err)
	}
	return certs.KeyPair(chain, key)
}

// otherTenants are credentials of other tenants, to verify that tenants are isolated.
// Without them, requests to other tenants have no password, and no client of theirs is
// tried.
type otherTenants struct {
	client clientFiles
	secret string
}

func (o *otherTenants) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&o.client.cert, "other-cert", "", "File with a client certificate of another tenant, which the servers must reject")
	flags.StringVar(&o.client.key, "other-key", "", "File with the private key of --other-cert")
	flags.StringVar(&o.secret, "other-password-secret", "", "Search the other tenants' Orthancs for the test study, with the password in the Secret of this name in each tenant's own namespace, as NAME[:KEY]")
}

func (o *otherTenants) validate() error {
	switch {
	case (o.client.cert == "") != (o.client.key == ""):
		return advice.Add(errors.New("--other-cert and --other-key must be used together"), "Specify both or neither.")
	case strings.Contains(o.secret, "/"):
		return advice.Add(errors.New("--other-password-secret must not name a namespace"), "Specify NAME[:KEY]: it is read in each tenant's own namespace.")
	}
	return nil
}

// readFiles reads the certificates that the user has, and rejects clients that no server
// could accept, before any connection.
func (o *options) readFiles(ctx context.Context, wanted *target.Options) (err error) {
	for _, given := range []struct {
		files *clientFiles
		flag  string
		into  **tls.Certificate
	}{{&o.client, "--cert", &wanted.Client}, {&o.others.client, "--other-cert", &wanted.OtherClient}} {
		if !given.files.given() {
			continue
		}
		if *given.into, err = given.files.read(ctx, o.call); err != nil {
			return err
		}
		flag := given.flag
		if given.files.p12File != "" {
			flag = "--p12"
		}
		if err := target.CheckClient(*given.into, "the certificate of "+flag, time.Now()); err != nil {
			return err
		}
	}
	if o.ca != "" {
		wanted.CAs, _, err = command.ReadCertificates(ctx, o.call, o.ca, &command.PKCS12{})
	}
	return err
}

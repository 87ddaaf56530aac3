package cert

import (
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/issue"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// maxRequest bounds a request, in bytes: a thousand names fit.
const maxRequest = 1 << 20

// requestFlags define the certificate request: one that is created with its key, or one from
// a file.
type requestFlags struct {
	csrFile   string
	algorithm string
	size      int
	subject   string
	dns       []string
	ips       []string
	emails    []string
	uris      []string
}

func (r *requestFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&r.csrFile, "csr", "", "Sign the request in this file (- for standard input) instead of generating a key")
	flags.StringVar(&r.algorithm, "key-algorithm", string(certs.RSA), "Algorithm of the private key: rsa, ecdsa or ed25519")
	flags.IntVar(&r.size, "key-size", 0, "Size of the private key in bits: rsa 2048 to 8192 (4096 by default), ecdsa 256 (the default), 384 or 521")
	flags.StringVar(&r.subject, "subject", "", "Subject of the certificate, in the form of OpenSSL (/O=Digihunch/CN=ct1.bhs.orthweb.com) or RFC 4514 (CN=ct1.bhs.orthweb.com,O=Digihunch); CN=dcmclient.DOMAIN by default")
	flags.StringSliceVar(&r.dns, "dns", nil, "Host names to include in the certificate")
	flags.StringSliceVar(&r.ips, "ip", nil, "IP addresses to include in the certificate")
	flags.StringSliceVar(&r.emails, "email", nil, "E-mail addresses to include in the certificate")
	flags.StringArrayVar(&r.uris, "uri", nil, "URI to include in the certificate; can be repeated")
}

// parse returns what to request. It checks everything that does not require the file of a
// request.
func (r *requestFlags) parse(flags *pflag.FlagSet) (wanted issue.Request, err error) {
	if r.csrFile != "" {
		for _, name := range []string{"key-algorithm", "key-size", "subject", "dns", "ip", "email", "uri"} {
			if flags.Changed(name) {
				return wanted, advice.Add(fmt.Errorf("--%s has no effect with --csr: the request defines it", name),
					"Remove one of them.")
			}
		}
		return wanted, nil
	}
	wanted.KeySize = r.size
	if wanted.Algorithm, err = certs.ParseAlgorithm(r.algorithm); err != nil {
		return wanted, fmt.Errorf("--key-algorithm: %w", err)
	}
	if err := certs.CheckKeySize(wanted.Algorithm, r.size); err != nil {
		return wanted, fmt.Errorf("--key-size: %w", err)
	}
	if r.subject != "" {
		if wanted.Subject, err = certs.ParseSubject(r.subject); err != nil {
			return wanted, fmt.Errorf("--subject: %w", err)
		}
	}
	wanted.Names, err = certs.ParseNames(r.dns, r.ips, r.emails, r.uris)
	return wanted, err
}

// read adds the request from its file.
func (r *requestFlags) read(in io.Reader, wanted *issue.Request) error {
	if r.csrFile == "" {
		return nil
	}
	data, err := command.ReadBounded(r.csrFile, in, maxRequest, "the request")
	if err != nil {
		return err
	}
	if wanted.Given, err = certs.ParseRequest(data); err != nil {
		return fmt.Errorf("reading the request in %s: %w", r.csrFile, err)
	}
	return nil
}

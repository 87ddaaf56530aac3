package plugin

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/issuance"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// clientFiles are the files of a client's certificate and key.
type clientFiles struct {
	cert, key string
	p12       command.PKCS12
	p12File   string
	// certificate is the content of the files, nil without any.
	certificate *tls.Certificate
}

func (c *clientFiles) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&c.cert, "cert", "", "File with your client certificate; one from the tenant's issuer, valid for an hour, by default")
	flags.StringVar(&c.key, "key", "", "File with its private key")
	flags.StringVar(&c.p12File, "p12", "", "PKCS#12 file with your client certificate and its key")
	flags.StringVar(&c.p12.File, "p12-password-file", "", "Read its password from the first line of this file (- for standard input)")
	flags.StringVar(&c.p12.Env, "p12-password-env", "", "Read its password from this environment variable")
}

func (c *clientFiles) given() bool { return c.cert != "" || c.p12File != "" }

func (c *clientFiles) validate(*pflag.FlagSet) error {
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
		return pair(chain, key)
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
	return pair(chain, key)
}

// webPassword are the flags of the user and password for Orthanc's web.
type webPassword struct{ user, secret, file, env string }

func (p *webPassword) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&p.user, "user", "", "User name for Orthanc's web; the Secret's username, or admin, by default")
	flags.StringVar(&p.secret, "password-secret", "", "Read the password from this Secret, as [NAMESPACE/]NAME[:KEY]; the key is password by default")
	flags.StringVar(&p.file, "password-file", "", "Read the password from the first line of this file (- for standard input)")
	flags.StringVar(&p.env, "password-env", "", "Read the password from this environment variable")
}

func (p *webPassword) validate(flags *pflag.FlagSet) error {
	given := 0
	for _, source := range []string{p.secret, p.file, p.env} {
		if source != "" {
			given++
		}
	}
	if given > 1 {
		return advice.Add(errors.New("--password-secret, --password-file and --password-env can't be used together"), "Specify only one of them.")
	}
	return nil
}

// Read gets the password. Without a source it prompts on a terminal if a user was named,
// and otherwise returns none.
func (p *webPassword) read(ctx context.Context, call *command.Call, t tenant.Tenant) (login check.Credentials, err error) {
	user := cmp.Or(p.user, "admin")
	var secret []byte
	switch {
	case p.secret != "":
		return loginFromSecret(ctx, call, t, p.secret, p.user)
	case p.file != "":
		command.WarnOfMode(call.Streams.ErrOut, p.file)
		secret, err = command.FirstLine(p.file, call.Streams.In)
	case p.env != "":
		value, ok := os.LookupEnv(p.env)
		if !ok {
			return login, advice.Add(fmt.Errorf("environment variable %s is not set", p.env), "Set it, or remove --password-env.")
		}
		secret = []byte(value)
	case p.user != "":
		secret, err = command.AskPassword(ctx, call.Streams, "Password of "+p.user+": ", false)
	default:
		return login, nil
	}
	if err != nil {
		return login, err
	}
	return check.NewCredentials(t.Name, user, string(secret)), nil
}

// loginFromSecret reads a Secret, [NAMESPACE/]NAME[:KEY], by default from the tenant's
// namespace. Without a user name it uses the Secret's username, or admin.
func loginFromSecret(ctx context.Context, call *command.Call, t tenant.Tenant, reference, user string) (login check.Credentials, err error) {
	name, key, _ := strings.Cut(reference, ":")
	namespace := t.Namespaces[0]
	if before, after, ok := strings.Cut(name, "/"); ok {
		namespace, name = before, after
	}
	key = cmp.Or(key, "password")
	config, err := call.Config()
	if err != nil {
		return login, err
	}
	found, err := issuance.Secret(ctx, config, namespace, name)
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return login, advice.Add(err, "Specify the Secret as NAMESPACE/NAME:KEY, or the password with --password-file or --password-env.")
	}
	if err != nil {
		return login, command.WhenUnreachable(ctx, err)
	}
	value, ok := found.Data[key]
	if !ok {
		return login, advice.Add(fmt.Errorf("secret %s/%s has no key %q", namespace, name, key), "Specify the key, as in --password-secret=%s:KEY.", name)
	}
	if user == "" {
		user = cmp.Or(string(found.Data["username"]), "admin")
	}
	return check.NewCredentials(t.Name, user, string(value)), nil
}

package validate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/request"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/target"
)

// webPassword are the flags of the user and password for Orthanc's web.
type webPassword struct{ user, secret, file, env string }

func (p *webPassword) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&p.user, "user", "", "User name for Orthanc's web interface; the Secret's username, or admin, by default")
	flags.StringVar(&p.secret, "password-secret", "", "Read the password from this Secret, as [NAMESPACE/]NAME[:KEY]; the key is password by default")
	flags.StringVar(&p.file, "password-file", "", "Read the password from the first line of this file (- for standard input)")
	flags.StringVar(&p.env, "password-env", "", "Read the password from this environment variable")
}

func (p *webPassword) validate() error {
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

// read gets the password. Without a source it prompts on a terminal if a user was named,
// and otherwise returns none.
func (p *webPassword) read(ctx context.Context, call *command.Call, config *request.Config, t tenant.Tenant) (login check.Credentials, err error) {
	user := cmp.Or(p.user, target.DefaultUser)
	var secret []byte
	switch {
	case p.secret != "":
		return target.SecretLogin(ctx, config, t, p.secret, p.user)
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

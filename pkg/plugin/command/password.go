package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
)

// PKCS12 specifies whether a PKCS#12 file is requested, and the source of its password. There
// is no flag for the password itself: the process list shows flags to all users.
type PKCS12 struct {
	Wanted bool
	Legacy bool
	File   string
	Env    string
	// New is set if the password is for a new file: the prompt requests it twice.
	New bool
}

// AddTo adds the flags of commands that write such a file.
func (p *PKCS12) AddTo(flags *pflag.FlagSet) {
	flags.BoolVar(&p.Legacy, "p12-legacy", false, "Use the weak encryption from before 2015, which some PACS and keystores need")
	p.AddPasswordTo(flags)
	flags.Lookup("p12").Usage = "Also write a PKCS#12 file (.p12), for browsers and Java"
}

// AddPasswordTo adds the flags of commands that read such a file.
func (p *PKCS12) AddPasswordTo(flags *pflag.FlagSet) {
	flags.BoolVar(&p.Wanted, "p12", false, "The file is PKCS#12 (.p12, .pfx)")
	flags.StringVar(&p.File, "p12-password-file", "", "Read the password of the PKCS#12 file from the first line of this file (- for standard input)")
	flags.StringVar(&p.Env, "p12-password-env", "", "Read the password of the PKCS#12 file from this environment variable")
}

// Validate rejects flags that contradict each other or have no effect.
func (p *PKCS12) Validate(flags *pflag.FlagSet) error {
	for _, name := range []string{"p12-legacy", "p12-password-file", "p12-password-env"} {
		if flags.Changed(name) && !p.Wanted { // not every command has all of them
			return advice.Add(fmt.Errorf("--%s requires --p12", name), "Add --p12.")
		}
	}
	if p.File != "" && p.Env != "" {
		return advice.Add(errors.New("--p12-password-file and --p12-password-env can't be used together"), "Remove one of them.")
	}
	return nil
}

// Password reads the password from the source that the user named, or prompts for it
// on the terminal.
func (p *PKCS12) Password(ctx context.Context, streams genericiooptions.IOStreams) (password []byte, err error) {
	switch {
	case !p.Wanted:
		return nil, nil
	case p.Env != "":
		value, ok := os.LookupEnv(p.Env)
		if !ok {
			return nil, advice.Add(fmt.Errorf("environment variable %s is not set", p.Env), "Set it, or remove --p12-password-env to be prompted.")
		}
		password = []byte(value)
	case p.File != "":
		WarnOfMode(streams.ErrOut, p.File)
		password, err = FirstLine(p.File, streams.In)
	default:
		password, err = AskPassword(ctx, streams, "Password of the PKCS#12 file: ", p.New)
	}
	if err == nil && len(password) == 0 {
		err = advice.Add(errors.New("the password of the PKCS#12 file is empty"), "Choose a password: many programs reject a file without one.")
	}
	return password, err
}

// maxPassword bounds a password, and maxPasswordFile the file that starts with it, in
// bytes.
const (
	maxPassword     = 4096
	maxPasswordFile = 64 << 10
)

// FirstLine is the first line of a file with a password, without the line break.
func FirstLine(name string, stdin io.Reader) ([]byte, error) {
	data, err := ReadBounded(name, stdin, maxPasswordFile, "the password")
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) > maxPassword {
		return nil, fmt.Errorf("the password in %s is longer than %d bytes", name, maxPassword)
	}
	return line, nil
}

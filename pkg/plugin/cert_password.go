package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/pflag"
	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// pkcs12 tells whether a PKCS#12 file is requested, and where its password is. There
// is no flag for the password itself: the process list shows flags to all users.
type pkcs12 struct {
	wanted bool
	legacy bool
	file   string
	env    string
	// new tells that the password is for a new file: the prompt asks for it twice.
	new bool
}

func (p *pkcs12) addTo(flags *pflag.FlagSet) {
	flags.BoolVar(&p.legacy, "p12-legacy", false, "Use the weak encryption from before 2015, which some PACS and keystores need")
	p.addPasswordTo(flags)
	flags.Lookup("p12").Usage = "Also write a PKCS#12 file (.p12), for browsers and Java"
}

// addPasswordTo adds the flags of commands that read such a file.
func (p *pkcs12) addPasswordTo(flags *pflag.FlagSet) {
	flags.BoolVar(&p.wanted, "p12", false, "The file is PKCS#12 (.p12, .pfx)")
	flags.StringVar(&p.file, "p12-password-file", "", "Read its password from the first line of this file (- for standard input)")
	flags.StringVar(&p.env, "p12-password-env", "", "Read its password from this environment variable")
}

func (p *pkcs12) validate(flags *pflag.FlagSet) error {
	for _, name := range []string{"p12-legacy", "p12-password-file", "p12-password-env"} {
		if flags.Changed(name) && !p.wanted { // not every command has them all
			return advice.Add(fmt.Errorf("--%s requires --p12", name), "Add --p12.")
		}
	}
	if p.file != "" && p.env != "" {
		return advice.Add(errors.New("--p12-password-file and --p12-password-env can't be used together"), "Remove one of them.")
	}
	return nil
}

// password reads the password from the source that the user named, or prompts for it
// on the terminal.
func (p *pkcs12) password(ctx context.Context, streams genericiooptions.IOStreams) (password []byte, err error) {
	switch {
	case !p.wanted:
		return nil, nil
	case p.env != "":
		value, ok := os.LookupEnv(p.env)
		if !ok {
			return nil, advice.Add(fmt.Errorf("environment variable %s is not set", p.env), "Set it, or remove --p12-password-env to be prompted.")
		}
		password = []byte(value)
	case p.file != "":
		warnOfMode(streams.ErrOut, p.file)
		password, err = firstLine(p.file, streams.In)
	default:
		password, err = ask(ctx, streams, "Password of the PKCS#12 file: ", p.new)
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

func firstLine(name string, stdin io.Reader) ([]byte, error) {
	data, err := readBounded(name, stdin, maxPasswordFile, "the password")
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

// ask prompts for a password without echoing it, twice for a new one. An interrupt
// restores the terminal.
func ask(ctx context.Context, streams genericiooptions.IOStreams, prompt string, twice bool) ([]byte, error) {
	file, ok := streams.In.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil, advice.Add(errors.New("can't prompt for the password: standard input is not a terminal"),
			"Use a file or an environment variable: see the flags whose names end in password-file and password-env.")
	}
	state, err := term.GetState(int(file.Fd()))
	if err != nil {
		return nil, fmt.Errorf("prompting for the password: %w", err)
	}
	type answer struct {
		first, second []byte
		err           error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		escape.Fprintf(streams.ErrOut, "%s", prompt)
		if a.first, a.err = term.ReadPassword(int(file.Fd())); a.err == nil && twice {
			escape.Fprintf(streams.ErrOut, "\nRepeat it: ")
			a.second, a.err = term.ReadPassword(int(file.Fd()))
		}
		escape.Fprintln(streams.ErrOut)
		done <- a
	}()
	select {
	case <-ctx.Done():
		_ = term.Restore(int(file.Fd()), state)
		return nil, ctx.Err()
	case a := <-done:
		if a.err != nil {
			return nil, fmt.Errorf("prompting for the password: %w", a.err)
		}
		if twice && !bytes.Equal(a.first, a.second) {
			return nil, advice.Add(errors.New("the two passwords differ"), "Try again.")
		}
		return a.first, nil
	}
}

// plainName rejects a file name that contains a path.
func plainName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\") || name != strings.TrimSpace(name) ||
		!utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("--name %q can't be the prefix of file names", name)
	}
	return nil
}

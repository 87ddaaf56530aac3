package command

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// AskPassword prompts for a password without echoing it, twice for a new one. An interrupt
// restores the terminal.
func AskPassword(ctx context.Context, streams genericiooptions.IOStreams, prompt string, twice bool) ([]byte, error) {
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

// Confirm prompts on the terminal; without one the answer is no.
func Confirm(streams genericiooptions.IOStreams, question string) bool {
	in, ok := streams.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return false
	}
	escape.Fprintf(streams.ErrOut, "%s [y/N] ", escape.Composed(question))
	line, _ := bufio.NewReader(in).ReadString('\n')
	line = strings.ToLower(strings.TrimSpace(line))
	return line == "y" || line == "yes"
}

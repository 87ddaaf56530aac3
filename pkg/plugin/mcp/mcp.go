// Package mcp is the command "mcp": a server of the Model Context Protocol.
package mcp

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/mcp"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

var (
	long = templates.LongDesc(`
		Serve status, explain, validate, lint and snapshot as tools for an AI assistant,
		over the Model Context Protocol (MCP).

		An MCP client, such as an editor, starts this command and communicates with it
		over standard input and standard output, until it closes standard input.
		docs/mcp.md shows how to register the command in common clients.

		The tools use the connection of this command (--context, -n, --as, …), which a
		client can't change, and return what the commands print, with their JSON. Secrets
		are removed as in snapshots. Text from the cluster is marked as data.

		No tool changes anything, unless you add --allow-writes: then reconcile, suspend
		and resume are tools, too. Their first call is a dry run, and a second call must
		confirm its plan.

		The exit status is 0 when the client has closed standard input.`)
	example = templates.Examples(`
		# Serve the cluster of the current context (an MCP client runs this)
		kubectl orthweb mcp

		# Also allow the assistant to reconcile, suspend and resume tenants
		kubectl orthweb mcp --allow-writes

		# Also check a GitOps repository, and use a role that can only read
		kubectl orthweb mcp --repo=korthweb --as=system:serviceaccount:default:viewer

		# Try it without a cluster
		kubectl orthweb mcp --from=example:failing`)
)

// Runner runs a command of the program with the same connection, and returns its exit status.
type Runner func(ctx context.Context, args []string, hooks command.Hooks, out, errs io.Writer) int

type options struct {
	call    *command.Call
	run     Runner
	origin  command.Origin
	writes  bool
	repos   []string
	timeout time.Duration
	user    string
	secret  string
}

// New is the command "mcp", which runs other commands with run.
func New(call *command.Call, run Runner) *cobra.Command {
	o := &options{call: call, run: run}
	cmd := &cobra.Command{
		Use:     "mcp",
		Short:   "Serve tools for AI assistants (MCP)",
		Long:    long,
		Example: example,
		Args:    command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			return o.serve(cmd.Context())
		},
	}
	flags := cmd.Flags()
	o.origin.AddTo(flags)
	flags.BoolVar(&o.writes, "allow-writes", false, "Also serve reconcile, suspend and resume, which change the cluster")
	flags.StringArrayVar(&o.repos, "repo", nil, "Directory of a GitOps repository that lint may read (repeat the flag for several); by default the repository of the working directory, if there is one")
	flags.DurationVar(&o.timeout, "timeout", 2*time.Minute, "How long each call of a tool may take")
	flags.StringVar(&o.user, "user", "", "User name for Orthanc's web interface, for validate; the Secret's username, or admin, by default")
	flags.StringVar(&o.secret, "password-secret", "", "Secret with the password of Orthanc's web interface, for validate, in the namespace of each tenant, as NAME[:KEY]; the key is password by default")
	return cmd
}

// validate rejects wrong flags before anything is read.
func (o *options) validate() error {
	switch {
	case o.timeout < time.Second:
		return advice.Add(errors.New("--timeout must be a second or more"), "See 'kubectl orthweb mcp --help' for usage.")
	case slices.Contains(o.origin.From, "-"):
		return advice.Add(errors.New("--from=- can't be used: the client's messages are read from standard input"), "Save the recording to a file.")
	case strings.Contains(o.secret, "/"):
		return advice.Add(errors.New("--password-secret must be NAME or NAME:KEY: the Secret is read in the namespace of each tenant, so that no tenant gets the password of another"), "Remove the namespace.")
	}
	return nil
}

func (o *options) serve(ctx context.Context) error {
	if err := o.takeStreams(); err != nil {
		return err
	}
	roots, err := o.roots()
	if err != nil {
		return err
	}
	var flags []string
	if o.secret != "" {
		flags = append(flags, "--password-secret="+o.secret)
	}
	if o.user != "" {
		flags = append(flags, "--user="+o.user)
	}
	server, err := mcp.New(mcp.Options{
		Run: o.runCommand, Snapshot: o.snapshot,
		Recorded: !o.origin.Live(), Writes: o.writes, Roots: roots, ValidateFlags: flags,
		Timeout: o.timeout, Build: o.call.Build, Log: o.call.Streams.ErrOut,
	})
	if err != nil {
		return err
	}
	return server.Serve(ctx, o.call.Streams.In, command.Exact(o.call.Streams.Out))
}

// takeStreams reserves standard input and standard output for the protocol: a credential plugin
// must not read the client's messages, and no library may write between those of the server.
func (o *options) takeStreams() error {
	if o.call.Streams.In != io.Reader(os.Stdin) {
		return nil // the caller is in the same program
	}
	for _, path := range append(o.call.Kubeconfigs(), o.origin.From...) {
		if slices.Contains([]string{"/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"}, filepath.Clean(path)) {
			return advice.Add(errors.New(path+" can't be used: the client's messages are read from standard input"), "Save it to a file.")
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	if _, isTerminal := command.TerminalOf(o.call.Streams.Out); isTerminal {
		escape.Fprintln(o.call.Streams.ErrOut, "Waiting for the messages of an MCP client on standard input. docs/mcp.md shows how to register this command in a client.")
	}
	os.Stdin, os.Stdout = null, os.Stderr
	return nil
}

// roots are the repositories that lint may read: it reads the whole repository of a path.
func (o *options) roots() ([]string, error) {
	paths := o.repos
	if len(paths) == 0 {
		paths = []string{"."}
	}
	found, err := command.Repositories(paths)
	if err != nil {
		return nil, err
	}
	var roots []string
	for _, r := range found {
		_, err := os.Lstat(filepath.Join(r.Root, ".git"))
		if len(o.repos) > 0 || err == nil { // a client may start the program anywhere
			roots = append(roots, r.Root)
		}
	}
	return roots, nil
}

// runCommand runs a command of the program.
func (o *options) runCommand(ctx context.Context, i mcp.Invocation) int {
	args := i.Args
	if name := args[0]; name == "status" || name == "explain" {
		args = append(append([]string{name}, o.origin.Arguments()...), args[1:]...)
	}
	return o.run(ctx, args, command.Hooks{Result: i.Result, Plan: i.Plan}, unstyled{i.Out}, unstyled{i.Err})
}

// unstyled is a writer that gets no colours, whatever the environment says (command.Screen).
type unstyled struct{ io.Writer }

// Style is the style without colours and without a width.
func (unstyled) Style() term.Style { return term.Style{} }

// Package bootstrap is the command "bootstrap".
package bootstrap

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/bootstrap"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/flux/release"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

var (
	bootstrapLong = templates.LongDesc(`
		Generate the manifests that 'flux bootstrap' commits to a Git repository: those
		that install Flux, and those that make it apply a path of the repository.

		It changes no cluster and no repository, and sends no request: the manifests of
		Flux are built in. With --export, they are printed. With --export-dir, they are
		written to a checkout of the repository. The 'flux bootstrap' command that
		installs Flux with the same options is printed to standard error; it contains no
		token, but names the environment variable for it.

		The Git provider is recognized from the URL. For a provider on your own server
		with another name, set --provider.`)
	bootstrapExample = templates.Examples(`
		# Print the manifests, and the command that installs them
		kubectl orthweb bootstrap --export --url=https://github.com/digihunch/korthweb --path=gitops/fluxcd

		# Write them to a checkout, for another release of Flux
		kubectl orthweb bootstrap --export-dir=korthweb --url=git@gitlab.com:pacs/korthweb.git --path=gitops/fluxcd --flux-version=v2.8.8

		# Of a repository on your own server
		kubectl orthweb bootstrap --export --url=https://git.example.com/pacs/korthweb --provider=gitea`)
)

// options are the flags of the command.
type options struct {
	call      *command.Call
	generated bootstrap.Options
	url       string
	provider  string
	export    bool
	directory string
	yes       bool
}

// New is the command "bootstrap".
func New(call *command.Call) *cobra.Command {
	o := &options{call: call, generated: bootstrap.Defaults()}
	cmd := &cobra.Command{
		Use:     "bootstrap (--export | --export-dir=DIR) --url=URL",
		Short:   "Generate Flux manifests for a repository",
		Long:    bootstrapLong,
		Example: bootstrapExample,
		Args:    command.NoArguments,
		RunE:    func(*cobra.Command, []string) error { return o.run() },
	}
	o.addTo(cmd.Flags())
	for name, values := range map[string][]string{"provider": bootstrap.Providers(), "flux-version": release.Versions()} {
		if err := cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // the flag exists
		}
	}
	return cmd
}

func (o *options) addTo(flags *pflag.FlagSet) {
	g := &o.generated
	flags.BoolVar(&o.export, "export", false, "Print the manifests")
	flags.StringVar(&o.directory, "export-dir", "", "Checkout of the repository, to write the manifests to")
	flags.BoolVarP(&o.yes, "yes", "y", false, "Replace files that differ without a prompt")
	flags.StringVar(&o.url, "url", "", "URL of the Git repository: https://…, ssh://… or git@HOST:PATH, without a password")
	flags.StringVar(&o.provider, "provider", "", "Git provider: "+strings.Join(bootstrap.Providers(), ", ")+"; recognized from the URL by default")
	flags.BoolVar(&g.Personal, "personal", false, "The repository's owner is a user, not an organization or group")
	flags.StringVar(&g.Branch, "branch", g.Branch, "Branch of the repository")
	flags.StringVar(&g.Path, "path", "", "Directory in the repository that Flux applies; the whole repository by default")
	flags.StringVar(&g.Flux, "flux-version", g.Flux, "Release of Flux: "+strings.Join(release.Versions(), ", ")+"; or its minor version, such as 2.8, for the newest of these")
	flags.StringSliceVar(&g.Components, "components", g.Components, "Controllers of Flux to install")
	flags.StringSliceVar(&g.ComponentsExtra, "components-extra", nil, "Controllers in addition to these, such as image-reflector-controller, image-automation-controller, source-watcher")
	flags.BoolVar(&g.NetworkPolicy, "network-policy", g.NetworkPolicy, "Deny connections from other namespaces to Flux")
	flags.StringVar(&g.Secret, "secret-name", g.Secret, "Name of the Secret with the credentials for the repository")
	flags.DurationVar(&g.Interval, "interval", g.Interval, "How often Flux checks the repository")
}

func (o *options) run() error {
	if err := o.complete(); err != nil {
		return err
	}
	install := bootstrap.BootstrapCommand(o.generated)
	if !o.export && o.directory == "" {
		return advice.Add(errors.New("bootstrap does not install Flux: it only generates manifests, with --export or --export-dir"),
			"Add one of them. To install Flux, run: %s", escape.Composed(install.String()))
	}
	manifests, err := bootstrap.Generate(o.generated)
	if err != nil {
		return err
	}
	if o.export {
		if _, err := escape.Fprintf(o.call.Streams.Out, "%s", escape.Composed(manifests.Documents())); err != nil {
			return err
		}
	} else if err := o.write(manifests); err != nil {
		return err
	}
	o.explain(install)
	return nil
}

// complete sets what follows from other flags, and validates the options.
func (o *options) complete() (err error) {
	if o.url == "" {
		return advice.Add(errors.New("bootstrap requires the URL of a repository"), "Add --url=https://HOST/OWNER/REPOSITORY.")
	}
	if o.generated.Repository, err = bootstrap.ParseRepository(o.url); err != nil {
		return err
	}
	if o.generated.Flux, err = release.Find(o.generated.Flux); err != nil {
		return err
	}
	o.generated.Provider = bootstrap.Provider(o.provider)
	if namespace := o.call.Namespace(); namespace != "" {
		o.generated.Namespace = namespace
	}
	return o.generated.Validate()
}

// explain prints the command that installs the manifests.
func (o *options) explain(install bootstrap.Command) {
	out := o.call.Streams.ErrOut
	if install.Variable != "" {
		escape.Fprintf(out, "To install Flux, set %s to your token for the repository, and run:\n", install.Variable)
	} else {
		escape.Fprintf(out, "To install Flux, run:\n")
	}
	escape.Fprintf(out, "  %s\n", escape.Composed(install.String()))
	for _, note := range install.Notes {
		escape.Fprintf(out, "%s\n", note)
	}
	escape.Fprintf(out, "It also creates the Secret %s, which the manifests require.\n", o.generated.Secret)
	escape.Fprintf(out, "Without the flux command: apply %s, wait for its CustomResourceDefinitions, create the Secret, apply %s (docs/bootstrap.md has the commands).\n",
		bootstrap.ComponentsFile, bootstrap.SyncFile)
}

package tenant

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold"
	"github.com/digihunch/kubectl-orthweb/pkg/tree"
)

var (
	createLong = templates.LongDesc(`
		Create a tenant in a GitOps repository, as a copy of another tenant.

		The files that only the model's layers use, and that have its name in their
		path, are copied. In them the model's name, domain and addresses are replaced
		where they are whole words; comments and order stay, and so do the names of
		images, charts and URLs. The new files are added to the kustomization files
		that list the model's.

		Before anything is written, the result is built as Flux builds it. It is
		rejected if it differs from the model in more than names, hosts and addresses,
		changes another object, has a defect that the model does not have, or if a
		name, host or address is in use. Defects that are copied from the model are
		listed.

		Secrets are never copied. If the model has some, the command shows how to
		create those of the new tenant; run it again when they exist.

		The command does not commit. The exit status is 0 when the files were written,
		or could be with --dry-run or --export, and 1 if you did not agree.`)
	createExample = templates.Examples(`
		# Show the changes, then write them after a prompt
		kubectl orthweb tenant create nhs --from=bhs --domain=nhs.orthweb.com

		# Print the new files for another tool
		kubectl orthweb tenant create nhs --domain=nhs.orthweb.com --export

		# Write them in a script
		kubectl orthweb tenant create nhs --domain=nhs.orthweb.com --yes`)
)

type createOptions struct {
	change
	repository
	scaffold.CreateOptions
	export bool
}

func newCreate(call *command.Call) *cobra.Command {
	o := &createOptions{change: change{call: call}}
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Create a tenant in a GitOps repository",
		Long:    createLong,
		Example: createExample,
		Args:    names(1, "the NAME of the new tenant"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name, o.Entry = args[0], o.entry
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Model, "from", "", "Tenant to copy; the first one by name by default")
	flags.StringVar(&o.Domain, "domain", "", "Domain of the new tenant's hosts, which replaces the model's")
	flags.StringSliceVar(&o.Addresses, "address", nil, "IP address of the new tenant's load balancer, if the model's files specify one")
	flags.BoolVar(&o.export, "export", false, "Print the new files and write nothing")
	o.repository.addTo(flags)
	o.change.addTo(flags)
	return cmd
}

func (o *createOptions) run(ctx context.Context) error {
	if err := o.validate(); err != nil {
		return err
	}
	t, err := o.Open()
	if err != nil {
		return err
	}
	defer t.Close()
	created, err := scaffold.Create(ctx, t, o.CreateOptions)
	if err != nil {
		o.explainSecrets(err)
		return err
	}
	if o.export {
		o.printFiles(created)
		return nil
	}
	o.show(created.Changes)
	o.summarize(created)
	if o.dryRun {
		return nil
	}
	question := escape.Sprintf("Write %s below %s?", finding.Count(len(created.Changes), "file"), o.Root)
	if err := o.write(ctx, o.Root, created.Changes, question); err != nil {
		return err
	}
	o.next(&o.repository, created.Changes, "tenant: create "+o.Name, escape.Command(command.UsualName+" status %s --wait", o.Name))
	return nil
}

// validate rejects names before anything is read.
func (o *createOptions) validate() error {
	if err := scaffold.CheckName(o.Name); err != nil || o.Domain == "" {
		return err
	}
	return scaffold.CheckDomain(o.Domain)
}

// summarize prints what is created, and what the user must decide.
func (o *createOptions) summarize(created *scaffold.Created) {
	w := o.call.Streams.ErrOut
	t := created.Tenant
	var layers []string
	for _, k := range t.Layers {
		layers = append(layers, k.GetName())
	}
	escape.Fprintf(w, "Tenant %s, a copy of %s:\n", t.Name, created.Model.Name)
	escape.Fprintf(w, "  Layers:     %s\n", strings.Join(layers, ", "))
	escape.Fprintf(w, "  Namespaces: %s\n", strings.Join(t.Namespaces, ", "))
	if len(t.Hosts) > 0 {
		escape.Fprintf(w, "  Hosts:      %s\n", strings.Join(t.Hosts, ", "))
	}
	if len(t.Addresses) > 0 {
		escape.Fprintf(w, "  Addresses:  %s\n", strings.Join(t.Addresses, ", "))
	}
	o.places("The model's name stays here, in the name of an image, a chart or a URL:", created.Kept)
	o.places("These values look like secrets and are the same as the model's. Change them:", created.Copied)
	o.places("These shared files name "+created.Model.Name+". Check whether they need "+t.Name+", too:", created.Mentions)
	o.list("These defects are copied from "+created.Model.Name+". How to fix them: "+o.call.Name+" lint", defects(created))
}

// defects are those of the new files that break something or may do so, a line each.
func defects(created *scaffold.Created) []string {
	var lines []string
	for _, f := range created.Defects {
		if f.Severity != finding.Info {
			lines = append(lines, escape.Sprintf("%s: %s %s", f.At, f.Code, f.Message))
		}
	}
	return lines
}

// printFiles prints the new files as one YAML stream. Files that are not YAML, and files that
// change, are only named.
func (o *createOptions) printFiles(created *scaffold.Created) {
	out, w := o.call.Streams.Out, o.call.Streams.ErrOut
	for _, c := range created.Changes {
		switch {
		case !c.New():
			escape.Fprintf(w, "Not printed: %s, which changes. See --dry-run.\n", c.Path)
		case !tree.IsYAML(c.Path):
			escape.Fprintf(w, "Not printed: %s, which is not YAML. See --dry-run.\n", c.Path)
		default:
			text := strings.TrimPrefix(string(c.After), "---\n")
			escape.Fprintf(out, "---\n# %s\n%s\n", c.Path, escape.Composed(escape.Lines(strings.TrimRight(text, "\n"), "")))
		}
	}
}

// explainSecrets prints how to create the Secrets of the new tenant.
func (o *createOptions) explainSecrets(err error) {
	var missing *scaffold.SecretsError
	if !errors.As(err, &missing) {
		return
	}
	w := o.call.Streams.ErrOut
	escape.Fprintf(w, "The Secrets of the model are not copied. Create these for %s, then run the command again:\n", missing.Name)
	for _, s := range missing.Missing {
		escape.Fprintf(w, "\n%s, like %s", s.File, s.At)
		if len(s.Keys) > 0 {
			escape.Fprintf(w, ", with the keys %s", strings.Join(s.Keys, ", "))
		}
		escape.Fprintf(w, ":\n")
		for _, line := range secretCommands(s) {
			escape.Fprintf(w, "  %s\n", escape.Composed(line))
		}
	}
	escape.Fprintln(w)
}

// secretCommands are the commands that create a Secret in the form of the model's. The values are
// read from files: those in a command would be in the shell's history.
func secretCommands(s scaffold.Secret) []string {
	lines := []string{escape.Command("mkdir -p %s", path.Dir(s.File))}
	switch {
	case s.Name == "":
		lines = append(lines, escape.Command("$EDITOR %s", s.File))
	case s.Form == scaffold.Sealed:
		return append(lines, createSecret(s)+escape.Command(" | kubeseal -o yaml > %s", s.File))
	default:
		lines = append(lines, createSecret(s)+escape.Command(" > %s", s.File))
	}
	if s.Form == scaffold.SOPS {
		encrypt := "sops encrypt --in-place"
		for _, flag := range s.Recipients {
			encrypt += escape.Command(" "+flag.Name+"=%s", flag.Value)
		}
		lines = append(lines, encrypt+escape.Command(" %s", s.File))
	}
	return lines
}

// createSecret is the command that prints a Secret with the keys of another.
func createSecret(s scaffold.Secret) string {
	create := escape.Command("kubectl create secret generic %s", s.Name)
	if s.Namespace != "" {
		create += escape.Command(" --namespace=%s", s.Namespace)
	}
	if s.Type != "" && s.Type != "Opaque" {
		create += escape.Command(" --type=%s", s.Type)
	}
	for _, key := range s.Keys {
		create += escape.Command(" --from-file=%s", key+"=FILE-WITH-"+strings.ToUpper(key))
	}
	return create + " --dry-run=client -o yaml"
}

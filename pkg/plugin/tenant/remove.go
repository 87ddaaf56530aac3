package tenant

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/scaffold"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

var (
	removeLong = templates.LongDesc(`
		Remove a tenant from a GitOps repository, in two steps.

		Without --delete-data, the tenant's layers stay and continue to apply what
		holds data: the namespace with its volumes and Secrets, databases,
		certificates with their keys, and everything of a kind that is not known to
		have no data. Patches in the layers delete the rest, which Flux then prunes.
		To undo it, revert the commit.

		With --delete-data, all files that only this tenant uses are removed, and
		their entries in kustomization files. Flux then deletes the namespace and all
		data in it. The command shows what to save before.

		Before anything is written, the result is built as Flux builds it. It is
		rejected if an object of another tenant or a shared object would change. The
		command does not commit.`)
	removeExample = templates.Examples(`
		# Show what Flux would delete and what stays
		kubectl orthweb tenant remove nhs --dry-run

		# Remove the application and keep the data
		kubectl orthweb tenant remove nhs

		# Later: delete the data, too
		kubectl orthweb tenant remove nhs --delete-data`)
)

type removeOptions struct {
	change
	repository
	scaffold.RemoveOptions
}

func newRemove(call *command.Call) *cobra.Command {
	o := &removeOptions{change: change{call: call}}
	cmd := &cobra.Command{
		Use:     "remove NAME",
		Aliases: []string{"rm"},
		Short:   "Remove a tenant from a GitOps repository",
		Long:    removeLong,
		Example: removeExample,
		Args:    names(1, "the NAME of a tenant"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name, o.Entry = args[0], o.entry
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.DeleteData, "delete-data", false, "Also remove what holds data: Flux deletes the namespace, volumes, databases and keys")
	o.repository.addTo(flags)
	o.change.addTo(flags)
	return cmd
}

func (o *removeOptions) run(ctx context.Context) error {
	t, err := o.Open()
	if err != nil {
		return err
	}
	defer t.Close()
	removed, err := scaffold.Remove(ctx, t, o.RemoveOptions)
	if err != nil {
		return err
	}
	o.show(removed.Changes)
	o.summarize(removed)
	if o.dryRun {
		return nil
	}
	question, message := escape.Sprintf("Remove tenant %s and keep its data?", o.Name), "tenant: remove "+o.Name+", keep its data"
	if o.DeleteData || len(removed.Data) == 0 {
		question, message = escape.Sprintf("Remove tenant %s and delete its data?", o.Name), "tenant: remove "+o.Name
	}
	if err := o.write(ctx, o.Root, removed.Changes, question); err != nil {
		return err
	}
	o.next(&o.repository, removed.Changes, message, command.UsualName+" status")
	return nil
}

// summarize prints what Flux deletes, what stays, and how to save the data.
func (o *removeOptions) summarize(removed *scaffold.Removed) {
	w := o.call.Streams.ErrOut
	o.objects("Flux deletes:", removed.Deleted)
	switch {
	case len(removed.Data) == 0:
	case o.DeleteData:
		o.objects("Flux also deletes what holds data:", removed.Data)
	default:
		o.objects("These stay, because they hold data or protect it:", removed.Data)
	}
	for _, ref := range removed.Unpruned {
		escape.Fprintf(w, "%s does not prune: its objects stay in the cluster until you delete them.\n", ref)
	}
	o.places("These shared files name "+o.Name+". Check whether they still need it:", removed.Mentions)
	if len(removed.Unused) > 0 {
		escape.Fprintf(w, "Not removed, because no layer uses them: %s\n", strings.Join(removed.Unused, ", "))
	}
	if len(removed.Data) == 0 {
		return
	}
	escape.Fprintf(w, "Save the data before you delete it:\n")
	for _, line := range backup(removed) {
		escape.Fprintf(w, "  %s\n", escape.Composed(line))
	}
	if !o.DeleteData {
		escape.Fprintf(w, "Delete the data later: %s\n", escape.Composed(strings.ReplaceAll(escape.Command(command.UsualName+" tenant remove %s --delete-data", o.Name), command.UsualName, o.call.Name)))
	}
}

func (o *removeOptions) objects(heading string, list []*cluster.Object) {
	if len(list) == 0 {
		return
	}
	w := o.call.Streams.ErrOut
	escape.Fprintf(w, "%s\n", heading)
	for _, obj := range list {
		note := ""
		switch obj.Ref().GroupKind() {
		case object.NamespaceKind:
			note = ", with all volumes and Secrets in it"
		case object.HelmReleaseKind:
			note = ", with what it has installed"
		}
		escape.Fprintf(w, "  %s%s\n", obj.Ref(), note)
	}
}

// databaseCharts are charts of PostgreSQL, and what their templates append to the name of the
// release for the StatefulSet (Bitnami's charts, common.names.fullname).
var databaseCharts = map[string]string{"postgresql-ha": "-postgresql", "postgresql": ""}

// backup are the commands that save the data of a tenant: volumes, databases, Secrets, keys.
func backup(removed *scaffold.Removed) []string {
	var lines []string
	for _, namespace := range removed.Tenant.Namespaces {
		lines = append(lines,
			escape.Command("kubectl get persistentvolumeclaims --namespace=%s", namespace)+"  # only lists the volumes: save each one with your storage",
			escape.Command("kubectl get secrets --namespace=%s -o yaml > %s", namespace, namespace+"-secrets.yaml")+"  # has private keys and passwords")
	}
	for _, o := range removed.Data {
		switch o.Ref().GroupKind() {
		case object.HelmReleaseKind:
			if pod := databasePod(o); pod != "" {
				lines = append(lines, escape.Command("kubectl exec --namespace=%s %s -- sh -c %s > %s", o.GetNamespace(), pod,
					`PGPASSWORD="$POSTGRES_PASSWORD" pg_dumpall -h 127.0.0.1 -U "${POSTGRES_USER:-postgres}"`, removed.Tenant.Name+".sql"))
			}
		case object.CertificateKind:
			if object.Bool(o.Unstructured.Object, "spec", "isCA") {
				secret := object.Text(o.Unstructured.Object, "spec", "secretName")
				lines = append(lines, escape.Command("kubectl get secret %s --namespace=%s -o yaml > %s", secret, o.GetNamespace(), removed.Tenant.Name+"-ca.yaml")+"  # the CA's key")
			}
		}
	}
	return lines
}

// databasePod is the first pod of a release's PostgreSQL, "" if it is not known.
func databasePod(o *cluster.Object) string {
	chart := object.Text(o.Unstructured.Object, "spec", "chart", "spec", "chart")
	suffix, ok := databaseCharts[chart]
	if !ok {
		return ""
	}
	release := object.Text(o.Unstructured.Object, "spec", "releaseName")
	if release == "" {
		release = o.GetName()
	}
	if !strings.Contains(release, chart) {
		release += "-" + chart
	}
	return release + suffix + "-0"
}

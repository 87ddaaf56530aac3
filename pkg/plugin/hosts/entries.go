package hosts

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	hostsfile "github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts/entries"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// derived is what list, diff and sync share: the block, and the flags that determine
// which entries it should have. Sync reads no recording: it changes the file.
type derived struct {
	block
	origin  command.Origin
	tenants []string
	ips     []string
	prefer  string
	accept  acceptFlags
	options entries.Options
}

// newDerived creates a command that derives entries. It validates the flags before
// it runs.
func newDerived(call *command.Call, d *derived, verb, short, long string, run func(ctx context.Context) error) *cobra.Command {
	d.call = call
	cmd := newSubcommand(verb, short, long, &d.block, func(ctx context.Context, tenants []string) error {
		d.tenants = tenants
		if err := d.validate(); err != nil {
			return err
		}
		return run(ctx)
	})
	flags := cmd.Flags()
	flags.StringSliceVar(&d.ips, "ip", nil, "Address to use instead of the ingress's: at most one IPv4 and one IPv6 address")
	flags.StringVar(&d.prefer, "prefer", string(entries.First), "Which of several addresses to use: first, ipv4, ipv6 or all")
	d.accept.addTo(flags)
	return cmd
}

// validate turns the flags into options.
func (d *derived) validate() (err error) {
	if !slices.Contains(entries.Preferences, entries.Preference(d.prefer)) {
		return advice.Add(fmt.Errorf("--prefer must be first, ipv4, ipv6 or all, not %q", d.prefer), "See 'kubectl orthweb hosts list --help' for usage.")
	}
	d.options = entries.Options{Names: d.tenants, Prefer: entries.Preference(d.prefer)}
	for _, text := range d.ips {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return advice.Add(fmt.Errorf("--ip %q is not an IP address", text), "For example: 192.168.64.16 or 2001:db8::7.")
		}
		if err := hostsfile.CheckAddr(addr); err != nil {
			return fmt.Errorf("--ip: %w", err)
		}
		d.options.Addresses = append(d.options.Addresses, addr)
	}
	d.options.Accepted, err = d.accept.acceptance()
	return err
}

// derive determines the entries from the cluster, or a recording, and from those that the block has. It
// reads all tenants, whichever are named: one may claim the names of another.
func (d *derived) derive(ctx context.Context, has []hostsfile.Entry) (entries.Result, error) {
	snap, err := d.call.Read(ctx, d.origin, queries.OnlyFields(queries.Ingress("")))
	if err != nil {
		return entries.Result{}, err
	}
	return d.deriveFrom(ctx, snap, has)
}

// deriveFrom determines the entries from what was read.
func (d *derived) deriveFrom(ctx context.Context, snap *snapshot.Snapshot, has []hostsfile.Entry) (entries.Result, error) {
	options := d.options
	options.Namespace, options.Source = d.call.Namespace(), d.origin.Recording()
	options.Accepted.Block = has
	options.Machine, _ = os.Hostname()
	return entries.Derive(ctx, snap, options)
}

// compare reads the file, before anything else, and the entries that it should have.
func (d *derived) compare(ctx context.Context) (before []byte, result entries.Result, err error) {
	d.warnOfSudo()
	if err := d.settle(); err != nil {
		return nil, entries.Result{}, err
	}
	before, has, err := d.read()
	if err != nil {
		return nil, entries.Result{}, err
	}
	result, err = d.derive(ctx, has)
	return before, result, err
}

// settle fills in defaults, as that of the block. With a recording, the kubeconfig is only
// read to name the block.
func (d *derived) settle() error {
	err := d.block.settle()
	if errors.Is(err, errNoContext) && !d.origin.Live() {
		return advice.Add(errors.New("naming the block: a recording does not name it, and the kubeconfig has no current context"),
			"Specify it with --block, or choose a context with --context.")
	}
	return err
}

// warnOfSudo warns a user under sudo unless the kubeconfig is not read.
func (d *derived) warnOfSudo() {
	if d.origin.Live() || d.flag == "" {
		warnOfSudo(d.call)
	}
}

// say reports on standard error what could not be done as requested.
func (d *derived) say(result entries.Result) {
	for _, text := range result.Notes {
		escape.Fprintln(d.call.Streams.ErrOut, text)
	}
	for _, text := range result.Lacking {
		escape.Fprintln(d.call.Streams.ErrOut, "No entries for "+text)
	}
}

// sayPending lists the names that are omitted until the user accepts them, and the
// command that accepts them.
func (d *derived) sayPending(verb string, result entries.Result) {
	out := d.call.Streams.ErrOut
	var addresses, domains, unknown []string
	for _, addr := range result.PendingAddresses {
		addresses = append(addresses, addr.String())
	}
	if len(result.Pending) > 0 {
		escape.Fprintln(out, "Omitted, because these names are not accepted on this machine yet (tenant, domain, address, names):")
	}
	for _, p := range result.Pending {
		escape.Fprintf(out, "  %s\n", p)
		switch {
		case p.Domain == "":
			unknown = append(unknown, p.Names...)
		case !slices.Contains(domains, p.Domain):
			domains = append(domains, p.Domain)
		}
	}
	if len(unknown) > 0 {
		escape.Fprintf(out, "A registrable domain is never treated as a tenant's. If the tenant owns these names, add --allow-domain=%s\n", strings.Join(unknown, ","))
	}
	var more []string
	if len(addresses) > 0 {
		more = append(more, "--allow-address="+strings.Join(addresses, ","))
	}
	if len(domains) > 0 {
		more = append(more, "--allow-domain="+strings.Join(domains, ","))
	}
	if len(more) > 0 {
		escape.Fprintf(out, "To accept them: %s\n", d.command(verb, d.tenants, slices.Concat(d.originFlags(), d.accept.flags(), more)...))
	}
}

// originFlags are the flags that name the recording, to copy.
func (d *derived) originFlags() []string {
	if d.origin.Live() {
		return nil
	}
	return []string{strings.TrimPrefix(d.origin.Flags(), " ")}
}

// answer is "no" when a name could not be written.
func answer(result entries.Result) error {
	if result.Complete() {
		return nil
	}
	return command.No
}

// Package validate implements the command that verifies a tenant from outside the cluster.
package validate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/explain"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/fleet"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/render/versioned"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant/selection"
	validation "github.com/digihunch/kubectl-orthweb/pkg/validate"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/target"
)

var (
	long = templates.LongDesc(`
		Verify a tenant from outside the cluster: do what a browser and a modality do,
		step by step, and report which step fails.

		It connects to the tenant's ingress with the tenant's host names; no entry in
		the hosts file is required. It checks the certificates, issues a client
		certificate if the server requests one, signs in to the web interface, stores a
		small test study over DICOM, finds it in this tenant's Orthanc and in no other
		tenant's, and removes it. The study is marked as a test and contains no personal
		data.

		Nothing is stored if the archive could remove patients to make room
		(MaximumPatientCount, MaximumStorageSize), or if the study could not be found
		and removed again. In these cases, only C-ECHO is sent, unless you specify
		--store. At the end, it verifies that the archive still has everything that it
		had before.

		A password is sent only to the Orthanc of the tenant that it belongs to, and
		only if the server's certificate could be verified. Requests to other tenants
		use the credentials specified for them (--other-password-secret, --other-cert),
		or none.

		If you specify files or directories, it also stores them, after the test study
		has arrived in the correct archive. These files are not removed. It sends them
		over as many associations as the server accepts, checks each file before it is
		sent, and verifies at the end that Orthanc has each of them. With --resume, an
		interrupted transfer continues where it stopped.

		The exit status is 1 when a check fails. Otherwise, it is 2 when the flags are
		invalid, the cluster could not be read, or the web page, an association or your
		files could not be tested. In all other cases it is 0; there may be warnings and
		skipped checks.`)
	example = templates.Examples(`
		# Everything, with the password of Orthanc's web interface from a Secret
		kubectl orthweb validate bhs --user=admin --password-secret=orthanc-web:password

		# Also look for the study in the other tenants' Orthancs, each with its own password
		kubectl orthweb validate bhs --password-secret=orthanc-web --other-password-secret=orthanc-web

		# Verify that a client of another tenant is rejected
		kubectl orthweb validate bhs --other-cert=mhr.client.crt --other-key=mhr.client.key

		# For a CI system
		kubectl orthweb validate bhs -o junit

		# Send a directory of DICOM files, and continue later after an interruption
		kubectl orthweb validate bhs ./study --resume=bhs.sent --password-secret=orthanc-web:password

		# In whichever of several clusters the tenant is
		kubectl orthweb validate bhs --contexts='prod-*' --password-secret=orthanc-web:password

		# Connect by the names in DNS and the hosts file, as users do
		kubectl orthweb validate bhs --via=dns`)
)

type options struct {
	call    *command.Call
	output  *command.Output
	tenant  string
	via     string
	aet     string
	aec     string
	webPort int64
	dcmPort int64
	timeout time.Duration
	keep    bool
	store   bool
	passive bool
	ca      string
	insec   bool
	client  clientFiles
	web     webPassword
	others  otherTenants
	files   userFiles
	fleet   fleet.Flags
}

// New is the command "validate".
func New(call *command.Call) *cobra.Command {
	o := &options{
		call:   call,
		output: command.NewFormats(command.Table, command.Wide, command.JSON, command.YAML, command.JUnit),
	}
	cmd := &cobra.Command{
		Use:     "validate [TENANT [FILE|DIR...]]",
		Short:   "Verify a tenant from outside the cluster",
		Long:    long,
		Example: example,
		Args:    tenantAndFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.tenant, o.files.paths = args[0], args[1:]
			}
			if err := o.validate(cmd); err != nil {
				return err
			}
			return o.run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	o.output.AddTo(cmd)
	flags.StringVar(&o.via, "via", target.ViaAddress, "How to connect: address (of the ingress), dns (the names, as this machine resolves them) or port-forward (to the ingress's pod, through the API server)")
	flags.StringVar(&o.aet, "aet", "ORTHWEB", "AE title of this program")
	flags.StringVar(&o.aec, "aec", "ORTHANC", "AE title of Orthanc")
	flags.Int64Var(&o.webPort, "web-port", 0, "Port of the web server; the Gateway's by default")
	flags.Int64Var(&o.dcmPort, "dicom-port", 0, "DICOM port; the Gateway's by default")
	flags.DurationVar(&o.timeout, "timeout", 15*time.Second, "How long each check may take")
	flags.BoolVar(&o.keep, "keep", false, "Don't remove the test study from Orthanc")
	flags.BoolVar(&o.store, "store", false, "Store the test study even if Orthanc may remove patients to make room, or if the study could not be found and removed again; patient data can be lost")
	flags.BoolVar(&o.passive, "read-only", false, "Change nothing: store nothing, and request no client certificate from cert-manager; of DICOM, only C-ECHO is sent")
	flags.StringVar(&o.ca, "ca", "", "File with the CA's certificate to trust; the tenant's, read from the cluster, by default")
	flags.BoolVar(&o.insec, "insecure", false, "Continue if a server's certificate is not valid: the server's identity is then not known, and no password is sent")
	o.client.addTo(flags)
	o.web.addTo(flags)
	o.others.addTo(flags)
	o.files.addTo(flags)
	o.fleet.AddTo(flags, clusterTimeout)
	return cmd
}

// clusterTimeout is the default of --cluster-timeout: of a tenant that works, the checks take a few
// seconds, but each may take as long as --timeout.
const clusterTimeout = 2 * time.Minute

// validate rejects wrong flags before anything is read.
func (o *options) validate(cmd *cobra.Command) error {
	const hint = "See 'kubectl orthweb validate --help' for usage."
	if err := o.output.Validate(); err != nil {
		return err
	}
	switch {
	case o.via != target.ViaAddress && o.via != target.ViaDNS && o.via != endpoint.ViaPortForward:
		return advice.Add(fmt.Errorf("--via must be address, dns or port-forward, not %q", o.via), hint)
	case o.passive && len(o.files.paths) > 0:
		return advice.Add(errors.New("--read-only stores nothing: files can't be specified"), "Remove the files, or --read-only.")
	case o.timeout <= 0:
		return advice.Add(errors.New("--timeout must be above 0"), hint)
	case o.webPort < 0 || o.webPort > 65535 || o.dcmPort < 0 || o.dcmPort > 65535:
		return advice.Add(errors.New("a port must be from 1 to 65535"), hint)
	}
	for flag, title := range map[string]string{"--aet": o.aet, "--aec": o.aec} {
		if err := dicom.CheckAETitle(title); err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
	}
	if err := o.validateClusters(cmd.Flags()); err != nil {
		return err
	}
	return errors.Join(o.client.validate(), o.web.validate(), o.others.validate(), o.files.validate(cmd.Flags()))
}

// people reports whether the output is for people.
func (o *options) people() bool {
	return o.output.Format == command.Table || o.output.Format == command.Wide
}

func (o *options) run(ctx context.Context) error {
	if o.fleet.Set() {
		return o.runClusters(ctx)
	}
	o.warn()
	out := o.call.Streams.Out
	style := o.output.Style(out)
	var printing error
	result, err := o.check(ctx, func(c check.Check) {
		if o.people() && printing == nil {
			printing = render.ValidationCheck(out, c, style)
		}
	})
	if err := errors.Join(printing, err); err != nil {
		return err
	}
	if err := o.print(result, style); err != nil {
		return err
	}
	if err := o.call.Hooks.Deliver(func() (runtime.Object, error) {
		return versioned.Validation(result.tenant, result.began, result.checks, result.inside)
	}); err != nil {
		return err
	}
	return answerOf(check.Worst(result.checks))
}

// result is the validation of a tenant.
type result struct {
	tenant string
	began  time.Time
	checks []check.Check
	// inside is the diagnosis in the cluster after a check failed, nil if there is none.
	inside *diagnose.Explanation
}

// check reads the cluster and runs the checks. It reports each as soon as it has a result. If ctx ends,
// it returns the results so far with the error.
func (o *options) check(ctx context.Context, report func(check.Check)) (result, error) {
	t, err := o.target(ctx)
	if err != nil {
		return result{}, err
	}
	for _, fault := range t.Subject.ClientFaults {
		escape.Fprintf(o.call.Streams.ErrOut, "Warning: %s. A server may reject it.\n", fault)
	}
	options := check.Options{
		Via: o.via, Calling: o.aet, Called: o.aec, Timeout: o.timeout, Insecure: o.insec, Keep: o.keep, Store: o.store, ReadOnly: o.passive,
		Dial: t.Dial, Files: o.hook(t.Subject),
	}
	r := result{tenant: t.Subject.Tenant, began: time.Now()}
	r.checks = validation.Run(ctx, t.Subject, options, report)
	if err := ctx.Err(); err != nil {
		return r, err
	}
	if check.Worst(r.checks) == check.Fail {
		r.inside = o.explain(ctx, t.Subject.Tenant)
	}
	return r, nil
}

// warn warns of --insecure.
func (o *options) warn() {
	if o.insec {
		escape.Fprintln(o.call.Streams.ErrOut, "Warning: --insecure accepts any certificate. An attacker between this machine and the server can read and change everything. A password is sent to a verified server only.")
	}
}

// answerOf is the exit code for the worst outcome of the checks.
func answerOf(worst check.Outcome) error {
	switch worst {
	case check.Fail:
		return command.No
	case check.Skip:
		return command.Unclear
	}
	return nil
}

// target reads the files and the cluster.
func (o *options) target(ctx context.Context) (target.Target, error) {
	wanted := target.Options{
		Via: o.via, WebPort: o.webPort, DICOMPort: o.dcmPort, Timeout: o.timeout, OtherSecret: o.others.secret, ReadOnly: o.passive,
	}
	if err := o.readFiles(ctx, &wanted); err != nil {
		return target.Target{}, err
	}
	namespace := o.call.Namespace()
	snap, err := o.call.Collect(ctx, target.Queries(namespace, o.via), false)
	if err != nil {
		return target.Target{}, err
	}
	chosen, err := selection.One(snap, o.tenant, namespace)
	if err != nil {
		return target.Target{}, err
	}
	config, err := o.call.Config()
	if err != nil {
		return target.Target{}, err
	}
	t, err := target.New(ctx, snap, chosen, config, wanted)
	if err != nil {
		return t, err
	}
	t.Subject.Login, err = o.web.read(ctx, o.call, config, chosen)
	return t, err
}

// explain diagnoses the tenant in the cluster after a check from outside failed.
func (o *options) explain(ctx context.Context, name string) *diagnose.Explanation {
	var answer explain.Answer
	session, err := o.call.Session(ctx, false)
	if err == nil {
		_, answer, err = explain.Live(ctx, session, explain.Question{Arguments: []string{name}})
	}
	if err = cmp.Or(err, answer.Err); err != nil {
		escape.Fprintf(o.call.Streams.ErrOut, "The cause in the cluster could not be diagnosed: %v\n", err)
		return nil
	}
	return &answer.Explanation
}

func (o *options) print(r result, style term.Style) error {
	out := o.call.Streams.Out
	switch o.output.Format {
	case command.JUnit:
		return versioned.JUnit(out, r.tenant, r.began, r.checks)
	case command.JSON, command.YAML:
		object, err := versioned.Validation(r.tenant, r.began, r.checks, r.inside)
		return o.output.Print(out, object, err)
	}
	return printVerdict(out, r, style)
}

// printVerdict prints what follows the checks.
func printVerdict(out io.Writer, r result, style term.Style) error {
	escape.Fprintln(out)
	if err := render.ValidationVerdict(out, r.tenant, r.checks, style); err != nil || r.inside == nil {
		return err
	}
	escape.Fprintf(out, "\nDiagnosis in the cluster:\n")
	return render.Explain(out, *r.inside, style)
}

package plugin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/util/templates"

	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
	"github.com/digihunch/kubectl-orthweb/pkg/validate"
)

var (
	validateLong = templates.LongDesc(`
		Prove from outside that a tenant works: do what a browser and a modality do,
		hop by hop, and say which hop fails.

		It connects to the tenant's ingress, with the right names and without any
		entry in a hosts file, looks at the certificates, gets itself a client
		certificate where one is asked for, signs in to the web, stores a small test
		study over DICOM, finds it again in this tenant's Orthanc and in no other's,
		and removes it. The study is marked as a test and has no person's data.

		Nothing is stored where the archive could remove patients to make room
		(MaximumPatientCount, MaximumStorageSize), or where the study could not be found
		and removed again: then C-ECHO is all that is done, unless --store says otherwise.
		At the end the archive must have all that it had before.

		A password is sent to the Orthanc of its own tenant, and only where the server's
		certificate could be verified. Other tenants are asked with what is given of
		theirs (--other-password-secret, --other-cert), or without any.

		With files and directories it stores those as well, once the test study has
		arrived where it should, and leaves them there: over as many associations as the
		server takes, each file checked before it is sent. Orthanc is asked at the end for each
		of them. With --resume an interrupted transfer goes on where it was.

		The exit status is 0 when every check passes, with or without warnings, 1
		when one fails, 2 when the flags are wrong or it could not be told: nothing
		failed, but the web page, an association or your files could not be tried.`)
	validateExample = templates.Examples(`
		# Everything, with the password of Orthanc's web from a Secret
		kubectl orthweb validate bhs --user=admin --password-secret=orthanc-web:password

		# Look for the study in the other tenants' Orthancs too, each with its own password
		kubectl orthweb validate bhs --password-secret=orthanc-web --other-password-secret=orthanc-web

		# See that a client of another tenant is refused
		kubectl orthweb validate bhs --other-cert=mhr.client.crt --other-key=mhr.client.key

		# For a CI system
		kubectl orthweb validate bhs -o junit

		# Send a directory of DICOM files, and go on later if it is interrupted
		kubectl orthweb validate bhs ./study --resume=bhs.sent --password-secret=orthanc-web:password

		# By the names that DNS and the hosts file have, as users go
		kubectl orthweb validate bhs --via=dns`)
)

type validateOptions struct {
	facts   *factsFlags
	format  string
	tenant  string
	via     string
	aet     string
	aec     string
	webPort int64
	dcmPort int64
	timeout time.Duration
	keep    bool
	store   bool
	ca      string
	insec   bool
	client  clientFiles
	web     webPassword
	others  otherTenants
	files   userFiles

	dial func(context.Context, validate.Subject, validate.Endpoint) (net.Conn, error)
}

const (
	viaAddress = "address"
	viaDNS     = "dns"
)

var validateFormats = []string{"table", "wide", "json", "yaml", "junit"}

func newValidate(facts *factsFlags) *cobra.Command {
	o := &validateOptions{facts: facts}
	cmd := &cobra.Command{
		Use:     "validate [TENANT [FILE|DIR...]]",
		Short:   "Prove from outside that a tenant works",
		Long:    validateLong,
		Example: validateExample,
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
	flags.StringVarP(&o.format, "output", "o", "table", "Output format, one of: "+strings.Join(validateFormats, ", "))
	flags.StringVar(&o.via, "via", viaAddress, "How to connect: address (the ingress's), dns (the names, as this machine knows them) or port-forward (to the ingress's pod, through the API server)")
	flags.StringVar(&o.aet, "aet", "ORTHWEB", "This side's AE title")
	flags.StringVar(&o.aec, "aec", "ORTHANC", "Orthanc's AE title")
	flags.Int64Var(&o.webPort, "web-port", 0, "Port of the web; the Gateway's by default")
	flags.Int64Var(&o.dcmPort, "dicom-port", 0, "Port of DICOM; the Gateway's by default")
	flags.DurationVar(&o.timeout, "timeout", 15*time.Second, "How long each check may take")
	flags.BoolVar(&o.keep, "keep", false, "Leave the test study in Orthanc, and do not remove it")
	flags.BoolVar(&o.store, "store", false, "Store even if Orthanc may remove patients to make room, or if what is stored could not be found and removed again: patients' data can be lost")
	flags.StringVar(&o.ca, "ca", "", "The authority's certificate to trust, as a file; the tenant's, read from the cluster, by default")
	flags.BoolVar(&o.insec, "insecure", false, "Go on although a server's certificate is not valid: then you don't know whom you talk to, and no password is sent")
	o.client.addTo(flags)
	o.web.addTo(flags)
	o.others.addTo(flags)
	o.files.addTo(flags)
	return cmd
}

// validate finds what is wrong with the flags before anything is read.
func (o *validateOptions) validate(cmd *cobra.Command) error {
	const hint = "See 'kubectl orthweb validate --help' for usage."
	switch {
	case !slices.Contains(validateFormats, o.format):
		return withHint(fmt.Errorf("there is no output format %q", o.format), "Give -o one of: %s.", strings.Join(validateFormats, ", "))
	case o.via != viaAddress && o.via != viaDNS && o.via != validate.ViaPortForward:
		return withHint(fmt.Errorf("--via is address, dns or port-forward, not %q", o.via), hint)
	case o.timeout <= 0:
		return withHint(errors.New("--timeout must be above 0"), hint)
	case o.webPort < 0 || o.webPort > 65535 || o.dcmPort < 0 || o.dcmPort > 65535:
		return withHint(errors.New("a port is from 1 to 65535"), hint)
	}
	for flag, title := range map[string]string{"--aet": o.aet, "--aec": o.aec} {
		if err := dicom.CheckAETitle(title); err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
	}
	return errors.Join(o.client.validate(cmd.Flags()), o.web.validate(cmd.Flags()), o.others.validate(), o.files.validate(cmd.Flags()))
}

func (o *validateOptions) people() bool { return o.format == "table" || o.format == "wide" }

func (o *validateOptions) run(ctx context.Context) error {
	subject, chosen, err := o.subject(ctx)
	if err != nil {
		return err
	}
	options := validate.Options{
		Via: o.via, Calling: o.aet, Called: o.aec, Timeout: o.timeout, Insecure: o.insec, Keep: o.keep, Store: o.store,
	}
	options.Dial, options.Files = o.dial, o.hook(subject)
	out := o.facts.streams.Out
	style := (&outputFlags{format: o.format}).style(out)
	if o.insec {
		escape.Fprintln(o.facts.streams.ErrOut, "Warning: --insecure goes on whatever certificate a server shows. Anyone in between can read and change everything. A password is sent to a verified server only.")
	}
	began := time.Now()
	var printing error
	checks := validate.Run(ctx, subject, options, func(c validate.Check) {
		if o.people() && printing == nil {
			printing = render.ValidationCheck(out, c, style)
		}
	})
	if err := errors.Join(printing, ctx.Err()); err != nil {
		return err
	}
	var inside *diagnose.Explanation
	if validate.Worst(checks) == validate.Fail {
		inside = o.explain(ctx, chosen)
	}
	if err := o.print(subject.Tenant, began, checks, inside, style); err != nil {
		return err
	}
	switch validate.Worst(checks) {
	case validate.Fail:
		return answer(exitNo)
	case validate.Skip:
		return answer(exitUnclear)
	}
	return nil
}

// explain asks the cluster why, when something failed from outside.
func (o *validateOptions) explain(ctx context.Context, chosen tenant.Tenant) *diagnose.Explanation {
	e := &explainOptions{facts: o.facts, args: []string{chosen.Name}}
	_, last, err := e.read(ctx)
	if err == nil {
		err = last.err
	}
	if err != nil {
		escape.Fprintf(o.facts.streams.ErrOut, "What the cluster says of it could not be read: %v\n", err)
		return nil
	}
	return &last.explanation
}

func (o *validateOptions) print(name string, began time.Time, checks []validate.Check, inside *diagnose.Explanation, style render.Style) error {
	out := o.facts.streams.Out
	switch o.format {
	case "junit":
		return render.ValidationJUnit(out, name, began, checks)
	case "json", "yaml":
		output := newOutputFlags()
		output.format = o.format
		object, err := render.ValidationObject(name, began, checks, inside)
		return output.print(out, object, err)
	}
	escape.Fprintln(out)
	if err := render.ValidationVerdict(out, name, checks, style); err != nil || inside == nil {
		return err
	}
	escape.Fprintf(out, "\nSeen from inside:\n")
	return render.Explain(out, *inside, style)
}

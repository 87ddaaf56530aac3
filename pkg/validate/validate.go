package validate

import (
	"context"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/probe"
)

// validation is the state of one subject during the checks.
type validation struct {
	*runner
	options Options
	subject Subject
	web     *web
	// login is what the web is asked with: the subject's, or the default password. withheld
	// says why no password is sent, empty where nothing speaks against it. open tells that
	// the web wants no password.
	login    Credentials
	withheld string
	open     bool
	// system is the answer of /system; the zero value if it was not requested, or was not
	// Orthanc's.
	system      system
	association *dicom.Association
	study       []dicom.TestInstance
	// before is what the archive held before anything was stored, nil if that is not known;
	// mayEvict is why storing may cause it to remove patients.
	before   *census
	mayEvict string
	// stored: images of the test study were or may have been stored, and must be removed;
	// unanswered: the answer to the last one was lost.
	stored, unanswered bool
	// sentFiles: files of the user were sent.
	sentFiles bool
	// found are Orthanc's IDs of the study, by tenant that was queried; empty if the tenant
	// does not have it.
	found map[string]string
	// logins are the credentials that other tenants were queried with.
	logins map[string]Credentials
}

// cleanupTimeout limits the clean-up after an interrupt: the program ends within a second
// of Ctrl-C.
const cleanupTimeout = 800 * time.Millisecond

// Run runs all checks of a tenant, in order, and reports each as soon as it has a result.
// Checks that require a failed check are skipped. When ctx is cancelled, Run cleans up and
// returns the results so far.
func Run(ctx context.Context, s Subject, o Options, report func(Check)) []Check {
	if o.Now == nil {
		o.Now = time.Now
	}
	v := &validation{
		runner:  &runner{report: report, stopped: map[string]string{}, missing: map[string]string{}, timeout: o.Timeout},
		options: o, subject: s, login: s.Login, found: map[string]string{}, logins: map[string]Credentials{},
	}
	v.checkEndpoints(ctx)
	v.web = newWeb(o, v.subject)
	defer v.web.close()
	v.do(ctx, "web-page", []string{"web-certificate", "web-clients"}, v.checkPage)
	v.do(ctx, "web-default-password", []string{"web-page"}, v.checkDefaultPassword)
	v.do(ctx, "web-system", []string{"web-page"}, v.checkSystem)
	v.do(ctx, "dicom-association", []string{"dicom-certificate", "dicom-clients"}, v.checkAssociation)
	v.do(ctx, "dicom-echo", []string{"dicom-association"}, v.checkEcho)
	v.do(ctx, "archive-limits", []string{"dicom-echo"}, v.checkLimits)
	v.do(ctx, "dicom-store", []string{"dicom-echo"}, v.checkStore)
	v.endAssociation()
	v.do(ctx, "study-found", []string{"dicom-store", "web-system"}, v.checkFound)
	v.do(ctx, "study-elsewhere", []string{"dicom-store"}, v.checkOthers)
	v.cleanUpAlways(ctx)
	if o.Files != nil {
		v.files(ctx)
	}
	v.do(ctx, "archive-unchanged", []string{"archive-limits"}, v.checkUnchanged)
	return v.checks
}

// cleanUpAlways removes the test study, also an incomplete one, and also after an
// interrupt.
func (v *validation) cleanUpAlways(ctx context.Context) {
	needs, within := []string{"dicom-store"}, v.timeout
	if v.stored {
		needs = nil
	}
	if ctx.Err() != nil {
		v.timeout = min(v.timeout, cleanupTimeout)
	}
	v.do(context.WithoutCancel(ctx), "clean-up", needs, v.cleanUp)
	v.timeout = within
}

// checkEndpoints runs the checks up to and including TLS, for both endpoints side by side.
func (v *validation) checkEndpoints(ctx context.Context) {
	endpoints := []struct {
		name            string
		place           Endpoint
		withoutPassword bool
		seen            probe.Handshake
	}{
		{name: "web", place: v.subject.Web},
		{name: "dicom", place: v.subject.DICOM, withoutPassword: true}, // DICOM has no passwords
	}
	for i := range endpoints {
		v.do(ctx, endpoints[i].name+"-name", nil, v.checkName(endpoints[i].place))
	}
	for i := range endpoints {
		v.do(ctx, endpoints[i].name+"-tcp", []string{endpoints[i].name + "-name"}, v.checkTCP(endpoints[i].place))
	}
	for i := range endpoints {
		d := &endpoints[i]
		v.do(ctx, d.name+"-tls", []string{d.name + "-tcp"}, v.checkTLS(d.place, d.withoutPassword, &d.seen))
		if d.withoutPassword { // browsers send SNI, and are updated
			v.do(ctx, d.name+"-devices", []string{d.name + "-tls"}, v.checkDevices(d.place, &d.seen))
		}
		v.do(ctx, d.name+"-certificate", []string{d.name + "-tls"}, v.checkCertificate(d.place, &d.seen))
		if !v.do(ctx, d.name+"-clients", []string{d.name + "-tls"}, v.checkClient(d.place, &d.seen, d.withoutPassword)) {
			v.skipWithoutClient(d.name + "-clients")
		}
	}
}

// skipWithoutClient skips the checks that require a check of clients if no client
// certificate was available: that is not a failure of the server.
func (v *validation) skipWithoutClient(name string) {
	if len(v.checks) == 0 {
		return
	}
	if last := v.checks[len(v.checks)-1]; last.Name == name && last.Outcome == Skip && last.After == "" {
		v.missing[name] = "no client certificate is available: see " + name
	}
}

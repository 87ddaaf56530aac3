// Package validate tests from outside the cluster that a tenant works: it connects as a
// browser and an imaging device do, and reports which step fails: name, connection, TLS,
// certificates, Orthanc's page, DICOM association, storing. Its input has
// everything that it needs to know about the tenant, and it does not read the cluster.
package validate

import (
	"context"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

// validation is the state of one subject during the checks.
type validation struct {
	*check.Runner
	options check.Options
	subject check.Subject
	web     *web.Client
	// login has the credentials for the web: the subject's, or the default ones. withheld is
	// why no password is sent, empty if it may be sent. open: the web requires no password.
	login    check.Credentials
	withheld string
	open     bool
	// System is the answer of /system; the zero value if it was not requested, or was not
	// Orthanc's.
	system      web.System
	association *dicom.Association
	study       []part10.TestInstance
	// before is what the archive contained before anything was stored, nil if that is not
	// known; mayEvict is why storing may cause it to remove patients.
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
	logins map[string]check.Credentials
}

// cleanupTimeout limits the clean-up after an interrupt: the program ends within a second
// of Ctrl-C.
const cleanupTimeout = 800 * time.Millisecond

// Run runs all checks of a tenant, in order, and reports each as soon as it has a result.
// Checks that require a failed check are skipped. When ctx is cancelled, Run cleans up and
// returns the results so far.
func Run(ctx context.Context, s check.Subject, o check.Options, report func(check.Check)) []check.Check {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.CleanUp == 0 {
		o.CleanUp = cleanupTimeout
	}
	v := &validation{
		Runner:  &check.Runner{Report: report, Stopped: map[string]string{}, Missing: map[string]string{}, Timeout: o.Timeout},
		options: o, subject: s, login: s.Login, found: map[string]string{}, logins: map[string]check.Credentials{},
	}
	v.checkEndpoints(ctx)
	v.web = web.New(o, v.subject)
	defer v.web.Close()
	v.Do(ctx, "web-page", []string{"web-certificate", "web-clients"}, v.checkPage)
	v.Do(ctx, "web-default-password", []string{"web-page"}, v.checkDefaultPassword)
	v.Do(ctx, "web-system", []string{"web-page"}, v.checkSystem)
	v.Do(ctx, "dicom-association", []string{"dicom-certificate", "dicom-clients"}, v.checkAssociation)
	v.Do(ctx, "dicom-echo", []string{"dicom-association"}, v.checkEcho)
	if o.EchoOnly {
		v.endAssociation()
		return v.Checks
	}
	v.Do(ctx, "archive-limits", []string{"dicom-echo"}, v.checkLimits)
	v.Do(ctx, "dicom-store", []string{"dicom-echo"}, v.checkStore)
	v.endAssociation()
	v.Do(ctx, "study-found", []string{"dicom-store", "web-system"}, v.checkFound)
	v.Do(ctx, "study-elsewhere", []string{"dicom-store"}, v.checkOthers)
	v.cleanUpAlways(ctx)
	if o.Files != nil {
		v.files(ctx)
	}
	v.Do(ctx, "archive-unchanged", []string{"archive-limits"}, v.checkUnchanged)
	return v.Checks
}

// cleanUpAlways removes the test study, also an incomplete one, and also after an
// interrupt.
func (v *validation) cleanUpAlways(ctx context.Context) {
	needs, within := []string{"dicom-store"}, v.Timeout
	if v.stored {
		needs = nil
	}
	if ctx.Err() != nil {
		v.Timeout = min(v.Timeout, v.options.CleanUp)
	}
	v.Do(context.WithoutCancel(ctx), "clean-up", needs, v.cleanUp)
	v.Timeout = within
}

// checkEndpoints runs the checks up to and including TLS, for both endpoints side by side.
func (v *validation) checkEndpoints(ctx context.Context) {
	endpoints := []struct {
		name            string
		place           check.Endpoint
		withoutPassword bool
		seen            probe.Handshake
	}{
		{name: "web", place: v.subject.Web},
		{name: "dicom", place: v.subject.DICOM, withoutPassword: true}, // DICOM has no passwords
	}
	for i := range endpoints {
		v.Do(ctx, endpoints[i].name+"-name", nil, v.checkName(endpoints[i].place))
	}
	for i := range endpoints {
		v.Do(ctx, endpoints[i].name+"-tcp", []string{endpoints[i].name + "-name"}, v.checkTCP(endpoints[i].place))
	}
	for i := range endpoints {
		d := &endpoints[i]
		v.Do(ctx, d.name+"-tls", []string{d.name + "-tcp"}, v.checkTLS(d.place, d.withoutPassword, &d.seen))
		if d.withoutPassword { // browsers send SNI, and are updated
			v.Do(ctx, d.name+"-devices", []string{d.name + "-tls"}, v.checkDevices(d.place, &d.seen))
		}
		v.Do(ctx, d.name+"-certificate", []string{d.name + "-tls"}, v.checkCertificate(d.place, &d.seen))
		if !v.Do(ctx, d.name+"-clients", []string{d.name + "-tls"}, v.checkClient(d.place, &d.seen, d.withoutPassword)) {
			v.skipWithoutClient(d.name + "-clients")
		}
	}
}

// skipWithoutClient skips the checks that require a check of clients if no client
// certificate was available: that is not a failure of the server.
func (v *validation) skipWithoutClient(name string) {
	if len(v.Checks) == 0 {
		return
	}
	if last := v.Checks[len(v.Checks)-1]; last.Name == name && last.Outcome == check.Skip && last.After == "" {
		v.Missing[name] = "no client certificate is available: see " + name
	}
}

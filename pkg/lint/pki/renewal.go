package pki

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/lint/rule"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/tree/cluster"
)

// Limits of cert-manager (v1.21, pkg/apis/certmanager/v1/const.go).
const (
	defaultDuration    = 90 * 24 * time.Hour
	minimumDuration    = time.Hour
	minimumRenewBefore = 5 * time.Minute
)

// minimumReserve is the shortest time between the first attempt at a renewal and the end of a
// certificate in which a failure can be noticed and fixed. By default, cert-manager waits 1, 2, 4,
// 8 and 16 hours between attempts (v1.21, trigger_controller.go in
// pkg/controller/certificates/trigger), so there are five of them in this time.
const minimumReserve = 24 * time.Hour

// lifetime is the times in a Certificate.
type lifetime struct {
	duration, renewBefore time.Duration
	// durationField and reserveField are the fields that set the two, "" for the default.
	durationField, reserveField string
	// malformed is a field whose value is not a duration, "" if there is none.
	malformed string
	// both: it has renewBefore and renewBeforePercentage.
	both bool
}

// lifetimeOf reads the times of a Certificate as cert-manager does (v1.21,
// internal/apis/certmanager/validation/certificate.go, ValidateDuration, and
// pkg/util/pki/renewaltime.go: a third of the duration by default).
func lifetimeOf(obj *unstructured.Unstructured) lifetime {
	l := lifetime{duration: defaultDuration}
	spec := object.Map(obj.Object, "spec")
	if value := object.Text(spec, "duration"); value != "" {
		l.duration, l.durationField = object.Duration(spec, "duration"), "spec.duration"
	}
	l.renewBefore = l.duration / 3
	if _, ok := spec["renewBeforePercentage"]; ok {
		percentage := object.Int(spec, "renewBeforePercentage")
		l.renewBefore, l.reserveField = time.Duration(float64(l.duration)*float64(100-percentage)/100), "spec.renewBeforePercentage"
	}
	if value := object.Text(spec, "renewBefore"); value != "" {
		l.both = l.reserveField != ""
		l.renewBefore, l.reserveField = object.Duration(spec, "renewBefore"), "spec.renewBefore"
	}
	for _, field := range []string{"duration", "renewBefore"} {
		if value := object.Text(spec, field); value != "" {
			if _, err := time.ParseDuration(value); err != nil {
				l.malformed = "spec." + field
			}
		}
	}
	return l
}

// reserve is the time before the end at which the certificate is renewed, by the field that sets it.
func (l lifetime) reserve() string {
	if l.reserveField == "spec.renewBeforePercentage" {
		return fmt.Sprintf("%s results in %s, which", l.reserveField, short(l.renewBefore))
	}
	return fmt.Sprintf("%s (%s)", l.reserveField, short(l.renewBefore))
}

// inHours is how to write a duration that is not valid. The commonest unit that Go does not have
// is a day.
func inHours(value string) string {
	days, ok := strings.CutSuffix(value, "d")
	if n, err := strconv.Atoi(days); ok && err == nil {
		return fmt.Sprintf("Write %dh instead of %s", 24*n, value)
	}
	return "Write the time in hours or minutes, such as 2160h"
}

// eachLifetime examines the times of a Certificate that are known.
func eachLifetime(c *rule.Context, o *cluster.Object, examine func(l lifetime)) {
	unknown := false
	for _, field := range []string{"duration", "renewBefore"} {
		unknown = unknown || rule.Unknown(object.Text(o.Unstructured.Object, "spec", field))
	}
	if o.Ref().GroupKind() == object.CertificateKind && !unknown {
		examine(lifetimeOf(o.Unstructured))
	}
}

// invalidRenewal repeats cert-manager's validating webhook, which rejects the object and with it
// everything that its Kustomization applies.
var invalidRenewal = &rule.Rule{
	Code: "OW6901", Name: "invalid-renewal", Severity: finding.Critical,
	Title: "cert-manager rejects the lifetime of a certificate",
	Object: func(c *rule.Context, o *cluster.Object) {
		eachLifetime(c, o, func(l lifetime) {
			switch {
			case l.malformed != "":
				value, _ := object.Quote(o.Unstructured.Object, l.malformed)
				c.Report(o, l.malformed, fmt.Sprintf("cert-manager rejects it: %s (%s) is not a duration", l.malformed, value),
					edit(o, inHours(value)))
			case l.duration < minimumDuration:
				c.Report(o, l.durationField, fmt.Sprintf("cert-manager rejects it: spec.duration (%s) must be at least 1h", short(l.duration)),
					edit(o, "Set spec.duration to 1h or more"))
			case l.both:
				c.Report(o, "spec.renewBeforePercentage", "cert-manager rejects it: spec.renewBefore and spec.renewBeforePercentage must not both be set",
					edit(o, "Remove one of the two fields"))
			case l.reserveField != "" && l.renewBefore < minimumRenewBefore:
				c.Report(o, l.reserveField, fmt.Sprintf("cert-manager rejects it: %s must be at least 5m", l.reserve()),
					edit(o, "Renew it earlier: by default, cert-manager does so when a third of spec.duration is left"))
			case l.renewBefore >= l.duration:
				length := fmt.Sprintf("spec.duration (%s)", short(l.duration))
				if l.durationField == "" {
					length = fmt.Sprintf("spec.duration (%s by default)", short(l.duration))
				}
				c.Report(o, l.reserveField, fmt.Sprintf("cert-manager rejects it: %s must be less than %s", l.reserve(), length),
					edit(o, "Set "+l.reserveField+" so that it is renewed later, or set a longer spec.duration"))
			}
		})
	},
}

// lateRenewal does not judge short-lived certificates, which can't be renewed a day before.
var lateRenewal = &rule.Rule{
	Code: "OW6902", Name: "late-renewal", Severity: finding.Warning,
	Title: "A certificate is renewed shortly before it expires",
	Object: func(c *rule.Context, o *cluster.Object) {
		eachLifetime(c, o, func(l lifetime) {
			if l.malformed == "" && l.reserveField != "" && l.renewBefore >= minimumRenewBefore && l.renewBefore < minimumReserve && l.renewBefore < l.duration/3 && l.duration >= 3*minimumReserve {
				c.Report(o, l.reserveField, fmt.Sprintf("is valid for %s and renewed only %s before it expires: if the renewal fails, little time is left to notice and fix it", short(l.duration), short(l.renewBefore)),
					edit(o, "Remove "+l.reserveField+": by default, cert-manager renews when a third of spec.duration is left"))
			}
		})
	},
}

// short is a duration without zero parts at its end: "72h", "1h30m".
func short(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
